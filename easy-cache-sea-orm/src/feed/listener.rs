//! Listens to PostgreSQL's notifications on a connection of its own. Notifications are not kept for those who are away, so everything is
//! dropped whenever a connection has begun to listen.

use std::convert::Infallible;
use std::time::Duration;

use easy_cache_sql::feed::{CHANNEL, Notice};
use easy_cache_sql::hook::{Hook, Pending};
use sea_orm::sqlx::postgres::PgListener;
use sea_orm::sqlx::{Error, Executor};

use super::invalidate;
use crate::CachedDb;

/// A quiet connection is asked for a sign of life this often: one that is dead without a word is noticed within twice as long.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// A connection that takes longer than this many signs of life to be made is given up.
const SIGNS_TO_CONNECT: u32 = 10;
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Invalidates what PostgreSQL notifies of, some milliseconds after the COMMIT of whoever wrote it.
///
/// It needs a connection to the server itself: through a pooler that hands out connections for a transaction, `LISTEN` hears nothing.
///
/// # Example: one task beside the server
/// ```no_run
/// use easy_cache_core::Cache;
/// use easy_cache_sea_orm::{CachedDb, feed::Listener};
/// use sea_orm::Database;
///
/// # async fn example() -> Result<(), sea_orm::DbErr> {
/// let db = CachedDb::new(Database::connect("postgres://localhost/shop").await?, &Cache::new());
/// tokio::spawn(Listener::of(&db, "postgres://localhost/shop").run());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a listener hears nothing until it runs"]
pub struct Listener {
    url: String,
    hook: Hook,
    sign_of_life: Duration,
}

impl Listener {
    /// A listener for the cache, the models and the cascades of this connection, at the database that the URL names.
    pub fn of(db: &CachedDb, url: impl Into<String>) -> Self {
        Self { url: url.into(), hook: db.hook().clone(), sign_of_life: SIGN_OF_LIFE }
    }

    /// How often a quiet connection is asked for a sign of life: every 5 s unless said otherwise. A dead connection that nobody
    /// closed is noticed within twice as long, and until then nothing is heard.
    pub const fn sign_of_life(mut self, every: Duration) -> Self {
        self.sign_of_life = every;
        self
    }

    /// Listens, for ever. What the server refuses is told as an event, and tried again.
    pub async fn run(self) -> Infallible {
        let clock = self.hook.cache().clock().clone();
        let mut pause = PAUSE;
        loop {
            let listened = clock.elapsed();
            let Err(error) = self.listen().await;
            tracing::warn!(%error, "notifications are not heard: everything is dropped when they are again");
            let was_up = clock.elapsed().saturating_sub(listened) > LONGEST_PAUSE;
            pause = if was_up { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            clock.sleep(pause).await;
        }
    }

    /// Until the connection is lost.
    async fn listen(&self) -> Result<Infallible, Error> {
        let connecting = self.in_time(self.sign_of_life * SIGNS_TO_CONNECT, self.connect());
        let mut listener = connecting.await.unwrap_or(Err(Error::PoolTimedOut))?;
        // After LISTEN has been acknowledged: what is committed from now on is told.
        invalidate(&self.hook, &Pending::everything()).await;
        tracing::info!("the changes of other programs are heard");
        loop {
            let Some(heard) = self.in_time(self.sign_of_life, listener.try_recv()).await else {
                let alive = self.in_time(self.sign_of_life, listener.execute("SELECT 1")).await;
                alive.unwrap_or(Err(Error::WorkerCrashed))?;
                continue;
            };
            // Nothing was heard, and the connection is gone.
            let Some(notification) = heard? else { return Err(Error::WorkerCrashed) };
            self.hear(notification.payload()).await;
        }
    }

    async fn connect(&self) -> Result<PgListener, Error> {
        let mut listener = PgListener::connect(&self.url).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    async fn hear(&self, payload: &str) {
        let pending = match Notice::from_notification(payload) {
            Ok(notice) => notice.pending(self.hook.analyzer()),
            Err(error) => {
                tracing::error!(%error, "everything is dropped");
                Pending::everything()
            }
        };
        invalidate(&self.hook, &pending).await;
    }

    /// `None` if it takes longer.
    async fn in_time<T>(&self, limit: Duration, what: impl Future<Output = T>) -> Option<T> {
        let sleep = std::pin::pin!(self.hook.cache().clock().sleep(limit));
        let what = std::pin::pin!(what);
        match futures_util::future::select(what, sleep).await {
            futures_util::future::Either::Left((done, _)) => Some(done),
            futures_util::future::Either::Right(_) => None,
        }
    }
}
