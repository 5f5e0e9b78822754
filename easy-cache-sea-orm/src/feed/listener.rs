//! PostgreSQL's notifications by a connection of sqlx. What is done with them, and when a connection counts as lost, is in
//! `easy_cache_sql::feed`.

use std::convert::Infallible;
use std::time::Duration;

use easy_cache_sql::feed::{CHANNEL, Dial, Line, Lost};
use sea_orm::sqlx::Executor;
use sea_orm::sqlx::postgres::PgListener;

use crate::CachedDb;

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
pub struct Listener(easy_cache_sql::feed::Listener<Url>);

impl Listener {
    /// A listener for the cache, the models and the cascades of this connection, at the database that the URL names.
    pub fn of(db: &CachedDb, url: impl Into<String>) -> Self {
        Self(easy_cache_sql::feed::Listener::over(Url(url.into()), db.hook()))
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

/// Where the server is.
struct Url(String);

impl Dial for Url {
    type Line = Connected;

    async fn dial(&self) -> Result<Connected, Lost> {
        let mut listener = PgListener::connect(&self.0).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Connected(listener))
    }
}

struct Connected(PgListener);

impl Line for Connected {
    async fn hear(&mut self) -> Result<String, Lost> {
        let notification = self.0.try_recv().await?.ok_or("the connection is lost")?;
        Ok(notification.payload().to_owned())
    }

    async fn sign_of_life(&mut self) -> Result<(), Lost> {
        self.0.execute("SELECT 1").await?;
        Ok(())
    }
}
