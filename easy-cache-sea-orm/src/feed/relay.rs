//! The relay over SeaORM's connection. What it asks, and what it does with the answers, is in `easy_cache_sql::feed`.

use std::convert::Infallible;

use sea_orm::DbErr;

use super::Inner;
use crate::CachedDb;

/// Invalidates what the outbox tells, whoever wrote it.
///
/// A relay begins by dropping everything. One with a [name](Self::named), over a store that outlives the process, reads on where the last of that
/// name stopped, and drops nothing.
///
/// # Example: one task beside the server
/// ```no_run
/// use easy_cache_core::Cache;
/// use easy_cache_sea_orm::{CachedDb, feed::Relay};
/// use sea_orm::Database;
///
/// # async fn example() -> Result<(), sea_orm::DbErr> {
/// let db = CachedDb::new(Database::connect("postgres://localhost/shop").await?, &Cache::new());
/// tokio::spawn(Relay::of(&db).run());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a relay does nothing until it runs"]
pub struct Relay(easy_cache_sql::feed::Relay<Inner>);

impl Relay {
    /// A relay for the cache, the models and the cascades of this connection.
    pub fn of(db: &CachedDb) -> Self {
        Self(easy_cache_sql::feed::Relay::over(Inner(db.inner().clone()), db.hook()))
    }

    easy_cache_sql::relay_words!();

    /// Looks, invalidates, waits, for ever. What the database refuses is told as an event, and tried again.
    pub async fn run(self) -> Infallible {
        self.0.run().await
    }

    /// Looks once, and yields the number of changes that were told. The first look finds out where to begin.
    ///
    /// # Errors
    /// What the database said; the next look begins where this one did.
    pub async fn look(&mut self) -> Result<usize, DbErr> {
        self.0.look().await
    }
}
