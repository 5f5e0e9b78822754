//! PostgreSQL's notifications by a connection of diesel-async. What is done with them, and when a connection counts as lost, is in
//! `easy_cache_sql::feed`.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use diesel::pg::{Pg, PgNotification};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use easy_cache_sql::feed::{CHANNEL, Dial, Line, Lost};
use futures_core::Stream;

use crate::CachedDb;

/// What somebody can do about it.
const DEAF: &str = "the connection hears no notifications: it must be made by `AsyncPgConnection::establish` or \
    `try_from_client_and_connection`, not by `try_from`, and reach the server itself, not a pooler of transactions";
/// So many answers without any notification before them prove that none comes.
const ENOUGH_SILENCE: u8 = 3;

/// Invalidates what PostgreSQL notifies of, some milliseconds after the COMMIT of whoever wrote it.
///
/// Also beside synchronous connections, since it has one of its own; it needs a runtime of tokio.
///
/// The connection must be one that hears: made by [`AsyncPgConnection::establish`](diesel_async::AsyncConnection::establish) or
/// [`AsyncPgConnection::try_from_client_and_connection`], never by `try_from`, and to the server itself. Each new one notifies itself, and is
/// refused with an event that says so if it does not hear that. A pooler that hands out connections for a transaction is refused when
/// it hands out another one meanwhile; one that has little to do may not be noticed, and nothing is heard through it.
///
/// # Example: one task beside the server
/// ```no_run
/// use diesel::pg::Pg;
/// use diesel_async::{AsyncConnection, AsyncPgConnection};
/// use easy_cache_core::Cache;
/// use easy_cache_diesel::{CachedDb, feed::Listener};
///
/// # async fn example() {
/// let db = CachedDb::<Pg>::new(&Cache::new());
/// tokio::spawn(Listener::of(&db, || AsyncPgConnection::establish("postgres://localhost/shop")).run());
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a listener hears nothing until it runs"]
pub struct Listener(easy_cache_sql::feed::Listener<Connect>);

impl Listener {
    /// A listener for the cache, the models and the cascades of this database. It connects by `connect`, again whenever the connection is lost,
    /// and keeps the connection: take none out of a pool.
    pub fn of<E, F>(db: &CachedDb<Pg>, connect: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        E: Into<Lost>,
        F: Future<Output = Result<AsyncPgConnection, E>> + Send + 'static,
    {
        let dial = move || -> Connecting {
            let connecting = connect();
            Box::pin(async move { connecting.await.map_err(Into::into) })
        };
        Self(easy_cache_sql::feed::Listener::over(Connect(Box::new(dial)), db.hook()))
    }

    /// How often a quiet connection is asked for a sign of life: every 5 s unless said otherwise. A dead connection that nobody
    /// closed is noticed within twice as long, and until then nothing is heard.
    pub fn sign_of_life(self, every: Duration) -> Self {
        Self(self.0.sign_of_life(every))
    }

    /// Listens, for ever. What the server refuses is told as an event, and tried again.
    pub async fn run(self) -> Infallible {
        self.0.run().await
    }
}

type Connecting = Pin<Box<dyn Future<Output = Result<AsyncPgConnection, Lost>> + Send>>;

/// Makes its connections.
struct Connect(Box<dyn Fn() -> Connecting + Send + Sync>);

impl Dial for Connect {
    type Line = Connected;

    async fn dial(&self) -> Result<Connected, Lost> {
        let mut conn = (self.0)().await?;
        conn.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        let mut connected = Connected(conn);
        connected.prove_hearing().await?;
        Ok(connected)
    }
}

struct Connected(AsyncPgConnection);

impl Connected {
    /// Notifies itself. The server tells of that before it answers, so what is not here after an answer does not come.
    async fn prove_hearing(&mut self) -> Result<(), Lost> {
        let own = format!("{CHANNEL}_{:016x}", RandomState::new().build_hasher().finish());
        self.0.batch_execute(&format!("LISTEN {own}")).await?;
        self.0.batch_execute(&format!("NOTIFY {own}")).await?;
        let mut silent = 0;
        while silent < ENOUGH_SILENCE {
            self.0.batch_execute("SELECT 1").await?;
            silent += 1;
            while let Some(heard) = self.heard_so_far().await {
                if heard?.channel == own {
                    self.0.batch_execute(&format!("UNLISTEN {own}")).await?;
                    return Ok(());
                }
                silent = 0;
            }
        }
        Err(DEAF.into())
    }

    /// The next notification if it is here already. All that come before the proof are forgotten: everything is dropped behind it.
    async fn heard_so_far(&mut self) -> Option<Result<PgNotification, Lost>> {
        let mut next = pin!(self.next());
        poll_fn(|cx| match next.as_mut().poll(cx) {
            Poll::Ready(heard) => Poll::Ready(Some(heard)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    async fn next(&mut self) -> Result<PgNotification, Lost> {
        let mut notifications = pin!(self.0.notifications_stream());
        let heard = poll_fn(|cx| notifications.as_mut().poll_next(cx)).await;
        Ok(heard.ok_or("the connection is lost")??)
    }
}

impl Line for Connected {
    async fn hear(&mut self) -> Result<String, Lost> {
        loop {
            let heard = self.next().await?;
            // Whoever made the connection may have listened on others.
            if heard.channel == CHANNEL {
                return Ok(heard.payload);
            }
        }
    }

    async fn sign_of_life(&mut self) -> Result<(), Lost> {
        Ok(self.0.batch_execute("SELECT 1").await?)
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connect")
    }
}
