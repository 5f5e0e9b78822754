//! PostgreSQL's notifications by a connection of diesel-async. What is done with them, and when a connection counts as lost, is in
//! `easy_cache_sql::feed`.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::time::Duration;

use diesel::pg::Pg;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use easy_cache_sql::feed::{CHANNEL, Dial, Line, Lost};
use futures_core::Stream;

use crate::CachedDb;

/// Invalidates what PostgreSQL notifies of, some milliseconds after the COMMIT of whoever wrote it.
///
/// Also beside synchronous connections, since it has one of its own; it needs a runtime of tokio. It must reach the server itself: through a pooler
/// that hands out connections for a transaction, `LISTEN` hears nothing.
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
        Ok(Connected(conn))
    }
}

struct Connected(AsyncPgConnection);

impl Line for Connected {
    async fn hear(&mut self) -> Result<String, Lost> {
        let mut notifications = pin!(self.0.notifications_stream());
        let heard = poll_fn(|cx| notifications.as_mut().poll_next(cx)).await;
        Ok(heard.ok_or("the connection is lost")??.payload)
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
