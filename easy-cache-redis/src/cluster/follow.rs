//! Keeps a near cache told of changes: one connection for each group of records, to the node that has them.
//!
//! A proof is asked for on all of them at once, and in words that only the master of the group's slot answers: a node that has been
//! replaced, or just gives the slot away, proves nothing.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{RedisWrite, cmd};
use easy_cache_core::store::{Backoff, Following, Mirror};
use futures_util::future::try_join_all;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::node::Node;
use super::store::Inner;
use crate::failure::Failure;
use crate::follow::{Follower, Guard};

/// Proofs within one bound: three are promised, and one may be late. When everything was forgotten the next question is as far away as ever, a
/// quarter of the bound at most: copies come back that much later, and none is served for longer.
const PROOFS: u32 = 4;

/// One near cache that is told.
pub(crate) struct Follows {
    pub(crate) inner: Arc<Inner>,
    pub(crate) mirror: Arc<dyn Mirror>,
    pub(crate) bound: Duration,
}

/// The connection of one group.
struct Ear {
    group: usize,
    node: Arc<Node>,
    connection: MultiplexedConnection,
}

impl Follows {
    /// Goes on until what is returned is dropped.
    pub(crate) fn start(self) -> Following {
        let runtime = self.inner.background.handle().clone();
        Following::new(Guard(runtime.spawn(self.go_on())))
    }

    async fn go_on(self) {
        let mut backoff = Backoff::default();
        loop {
            let lost = self.listen(&mut backoff).await;
            self.mirror.forget_everything();
            self.inner.nodes.learn_soon(None);
            let pause = backoff.failed(lost.clone(), Instant::now());
            tracing::warn!(failure = %lost, ?pause, "a near cache hears nothing of the redis cluster");
            sleep(pause).await;
        }
    }

    /// As long as all groups are heard.
    async fn listen(&self, backoff: &mut Backoff<Failure>) -> Failure {
        let (ended, limits) = (Arc::new(Notify::new()), self.inner.nodes.limits());
        let opened = try_join_all((0..self.inner.groups.len()).map(|group| self.open(group, &ended)));
        let mut ears = match timeout(limits.dial, opened).await {
            Ok(Ok(ears)) => ears,
            Ok(Err(failure)) => return failure,
            Err(_) => return Failure::Late(limits.dial),
        };
        // What has happened before the nodes began to tell is not known.
        self.mirror.forget_everything();
        loop {
            if let Err(failure) = self.inner.agreement.before().await {
                return failure;
            }
            let asked = self.mirror.ask();
            let proofs = try_join_all(ears.iter_mut().map(|ear| self.prove(ear)));
            match timeout(limits.operation, proofs).await {
                Ok(Ok(_)) => self.mirror.proved(asked),
                Ok(Err(failure)) => return failure,
                Err(_) => return Failure::Late(limits.operation),
            }
            backoff.succeeded();
            let pause = (self.bound / PROOFS).max(Duration::from_millis(1));
            if timeout(pause, ended.notified()).await.is_ok() {
                return Failure::Pool("the connection has ended".to_owned());
            }
        }
    }

    async fn open(&self, group: usize, ended: &Arc<Notify>) -> Result<Ear, Failure> {
        let Inner { nodes, groups, .. } = &*self.inner;
        let node = nodes.owner(groups[group].slot, nodes.deadline()).await?;
        let follower = Follower {
            origin: nodes.client(&node.address)?.into(),
            keys: groups[group].keys.clone(),
            limits: nodes.limits(),
            mirror: Arc::clone(&self.mirror),
            bound: self.bound,
            lanes: Vec::new(),
        };
        Ok(Ear { group, node, connection: follower.begin(ended).await? })
    }

    async fn prove(&self, ear: &mut Ear) -> Result<(), Failure> {
        let group = &self.inner.groups[ear.group];
        let mut question = cmd("EXISTS");
        question.write_arg(&group.keys.order());
        ear.connection.send_packed_command(&question).await?.extract_error()?;
        let owner = self.inner.nodes.known_owner(group.slot);
        if owner.is_some_and(|owner| !Arc::ptr_eq(&owner, &ear.node)) {
            return Err(Failure::Moving(group.slot));
        }
        Ok(())
    }
}
