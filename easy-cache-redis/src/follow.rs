//! Keeps a near cache told of changes: a connection of its own on which the server sends the names of changed records, proofs on
//! that same connection, and what to do when it is lost.
//!
//! What the names mean is in `news`. They are handed on where they are read, before the answer to a question that was sent later can
//! be seen by anybody: that is what makes the answer a proof, if it says that the server is the master (`probe`).

use std::sync::{Arc, Weak};
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisWrite, cmd};
use easy_cache_core::store::{Backoff, Following, Mirror};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::failure::Failure;
use crate::lane::{Lane, Limits};
use crate::layout::Keys;
use crate::news::News;
use crate::probe::{self, Question};
use crate::sentinel::{Leave, Lost, Sentinels, Standing};

/// Proofs within one bound: three are promised, and one may be late. When everything was forgotten the next question is as far away as ever, a
/// quarter of the bound at most: copies come back that much later, and none is served for longer.
const PROOFS: u32 = 4;

/// Who tells.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Server(Box<Client>),
    /// The master of the moment.
    Sentinels(Arc<Sentinels>),
}

impl From<Client> for Origin {
    fn from(client: Client) -> Self {
        Self::Server(Box::new(client))
    }
}

/// One near cache that is told.
pub(crate) struct Follower {
    pub(crate) origin: Origin,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) mirror: Arc<dyn Mirror>,
    pub(crate) bound: Duration,
    /// By which what is kept near is looked up.
    pub(crate) lanes: Vec<Arc<Lane>>,
}

/// A near cache that is told by the master of the moment.
struct Bound {
    mirror: Arc<dyn Mirror>,
    ended: Arc<Notify>,
}

impl Leave for Bound {
    /// Before anybody uses the next master: what that one changes, the former one does not tell.
    fn leave(&self) {
        self.mirror.forget_everything();
        self.ended.notify_one();
    }
}

/// Ends the task when it is dropped, and the connection with it.
pub(crate) struct Guard(pub(crate) JoinHandle<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Follower {
    /// Goes on until what is returned is dropped.
    pub(crate) fn start(self, runtime: &Handle) -> Following {
        Following::new(Guard(runtime.spawn(self.go_on())))
    }

    async fn go_on(self) {
        let mut backoff = Backoff::default();
        loop {
            let lost = self.listen(&mut backoff).await;
            self.mirror.forget_everything();
            let pause = backoff.failed(lost.clone(), Instant::now());
            tracing::warn!(failure = %lost, ?pause, "a near cache hears nothing of redis");
            sleep(pause).await;
        }
    }

    /// One connection, from its beginning to its end.
    async fn listen(&self, backoff: &mut Backoff<Failure>) -> Failure {
        let ended = Arc::new(Notify::new());
        let opened = async {
            let (mut connection, standing) = self.open(&ended).await?;
            let mut question = Question::new(&self.keys);
            // Before any lane leaves its server for this one: a replica is not the one to agree with.
            question.ask(&mut connection).await?;
            let server = probe::agree(&mut connection, &self.lanes).await?;
            Ok((connection, question, standing, server))
        };
        let (mut connection, mut question, standing, server) = match timeout(self.limits.dial, opened).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(failure)) => return failure,
            Err(_) => return Failure::Late(self.limits.dial),
        };
        let bound = Arc::new(Bound { mirror: Arc::clone(&self.mirror), ended: Arc::clone(&ended) });
        if let Some(standing) = &standing {
            standing.bind(Arc::downgrade(&bound) as Weak<dyn Leave>);
        }
        let is_replaced = || standing.as_ref().is_some_and(|standing| !standing.holds());
        // What has happened before the server began to tell is not known.
        self.mirror.forget_everything();
        loop {
            let asked = self.mirror.ask();
            match timeout(self.limits.operation, question.ask(&mut connection)).await {
                // It proves something about its own changes only.
                Ok(Ok(())) if is_replaced() => return Lost::Replaced.into(),
                // What another server changes this one does not tell.
                Ok(Ok(())) if self.lanes.iter().any(|lane| !lane.agrees(&server)) => return Failure::Replaced,
                Ok(Ok(())) => self.mirror.proved(asked),
                Ok(Err(failure)) => return failure,
                Err(_) => return Failure::Late(self.limits.operation),
            }
            backoff.succeeded();
            let pause = (self.bound / PROOFS).max(Duration::from_millis(1));
            if timeout(pause, ended.notified()).await.is_ok() {
                return Failure::Pool("the connection has ended".to_owned());
            }
        }
    }

    /// A connection on which changes are told: by tracking, which tells of lost records as well; else, if the server refuses
    /// that, by what the scripts publish.
    #[cfg(feature = "cluster")]
    pub(crate) async fn begin(&self, ended: &Arc<Notify>) -> Result<MultiplexedConnection, Failure> {
        self.open(ended).await.map(|(connection, _)| connection)
    }

    /// The same, and how long it is the right one to listen to.
    async fn open(&self, ended: &Arc<Notify>) -> Result<(MultiplexedConnection, Option<Standing>), Failure> {
        let (news, mirror, ended) = (News::new(&self.keys), Arc::clone(&self.mirror), Arc::clone(ended));
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limits.dial))
            .set_response_timeout(None)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    ended.notify_one();
                }
                news.tell(push, &*mirror);
                Ok::<(), ()>(())
            });
        let (mut connection, standing) = match &self.origin {
            Origin::Server(client) => (client.get_multiplexed_async_connection_with_config(&config).await?, None),
            Origin::Sentinels(sentinels) => {
                sentinels.listen(&config).await.map(|(connection, standing)| (connection, Some(standing)))?
            }
        };
        let mut track = cmd("CLIENT");
        track.arg(&["TRACKING", "ON", "BCAST", "PREFIX"]);
        track.write_arg(self.keys.records());
        let tracked = connection.send_packed_command(&track).await?.extract_error();
        if let Err(error) = tracked {
            tracing::warn!(%error, "redis refuses to track changes: a near cache follows what is published instead");
            connection.subscribe(self.keys.news()).await?;
        }
        Ok((connection, standing))
    }
}
