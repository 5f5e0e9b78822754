//! The relay over asynchronous connections, as a task. What it asks, and what it does with the answers, is in `easy_cache_sql::feed`.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use diesel_async::AsyncConnection;
use easy_cache_sql::feed::{Ask, Texts};

use super::{LookError, Statement};
use crate::{CachedDb, Database};

/// Invalidates what the outbox tells, whoever wrote it.
///
/// A relay begins by dropping everything. One with a [name](Self::named), over a store that outlives the process, reads on where the last of that
/// name stopped, and drops nothing.
///
/// # Example: one task beside the server
/// ```no_run
/// use diesel::pg::Pg;
/// use diesel_async::{AsyncConnection, AsyncPgConnection};
/// use easy_cache_core::Cache;
/// use easy_cache_diesel::{CachedDb, feed::AsyncRelay};
///
/// # async fn example() {
/// let db = CachedDb::<Pg>::new(&Cache::new());
/// // With a pool, a clone of it: `move || { let pool = pool.clone(); async move { pool.get().await } }`
/// let relay = AsyncRelay::of(&db, || AsyncPgConnection::establish("postgres://localhost/shop"));
/// tokio::spawn(relay.run());
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a relay does nothing until it runs"]
pub struct AsyncRelay(easy_cache_sql::feed::Relay<Connections>);

impl AsyncRelay {
    /// A relay for the cache, the models and the cascades of this database.
    ///
    /// `connect` is asked for a connection at each statement, and gets it back behind it: a pool is best.
    pub fn of<DB, C, E, F>(db: &CachedDb<DB>, mut connect: impl FnMut() -> F + Send + 'static) -> Self
    where
        DB: Database,
        C: AsyncConnection<Backend = DB> + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Future<Output = Result<C, E>> + Send + 'static,
    {
        let ask = move |statement: Statement| -> Answer {
            let connecting = connect();
            Box::pin(async move {
                let mut conn = connecting.await.map_err(|error| LookError(error.into()))?;
                let Statement { sql, values, has_rows } = statement;
                let answer = if has_rows {
                    DB::rows_async(&mut conn, sql, values).await
                } else {
                    DB::run_async(&mut conn, sql, values).await.map(|()| Vec::new())
                };
                answer.map_err(|error| LookError(error.into()))
            })
        };
        Self(easy_cache_sql::feed::Relay::over(Connections(Box::new(ask)), db.hook()))
    }

    easy_cache_sql::relay_words!();

    /// Looks, invalidates, waits, for ever. What the database refuses is told as an event, and tried again.
    pub async fn run(self) -> Infallible {
        self.0.run().await
    }

    /// Looks once, and yields the number of changes that were told. The first look finds out where to begin.
    ///
    /// # Errors
    /// What the database said, or who should have given a connection; the next look begins where this one did.
    pub async fn look(&mut self) -> Result<usize, LookError> {
        self.0.look().await
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Vec<Texts>, LookError>> + Send>>;

/// A connection for each statement.
struct Connections(Box<dyn FnMut(Statement) -> Answer + Send>);

impl Ask for Connections {
    type Error = LookError;

    fn rows(&mut self, sql: String, values: Vec<String>) -> impl Future<Output = Result<Vec<Texts>, LookError>> + Send {
        (self.0)(Statement { sql, values, has_rows: true })
    }

    fn run(&mut self, sql: String, values: Vec<String>) -> impl Future<Output = Result<(), LookError>> + Send {
        let running = (self.0)(Statement { sql, values, has_rows: false });
        async move { running.await.map(drop) }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}
