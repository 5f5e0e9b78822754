//! The relay over synchronous connections, on a thread. What it asks, and what it does with the answers, is in `easy_cache_sql::feed`.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use diesel::connection::LoadConnection;
use easy_cache_sql::feed::{Ask, Texts};

use super::wait::wait_for;
use super::{LookError, Statement};
use crate::{CachedDb, Database};

/// Invalidates what the outbox tells, whoever wrote it.
///
/// A relay begins by dropping everything. One with a [name](Self::named), over a store that outlives the process, reads on where the last of that
/// name stopped, and drops nothing.
///
/// # Example: one thread beside the server
/// ```
/// # #[cfg(feature = "r2d2")] {
/// use diesel::prelude::*;
/// use diesel::r2d2::{ConnectionManager, Pool};
/// use diesel::sqlite::Sqlite;
/// use easy_cache_core::Cache;
/// use easy_cache_diesel::{CachedDb, feed::Relay};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = CachedDb::<Sqlite>::new(&Cache::new());
/// let manager = ConnectionManager::<SqliteConnection>::new("shop.db");
/// # let manager = ConnectionManager::<SqliteConnection>::new(":memory:");
/// let pool = Pool::builder().connection_customizer(db.customizer()).build(manager)?;
/// let relay = Relay::of(&db, move || pool.get());
/// std::thread::spawn(|| relay.run());
/// # Ok(()) }
/// # main().unwrap(); }
/// ```
#[derive(Debug)]
#[must_use = "a relay does nothing until it runs"]
pub struct Relay(easy_cache_sql::feed::Relay<Connections>);

impl Relay {
    /// A relay for the cache, the models and the cascades of this database.
    ///
    /// `connect` is asked for a connection at each statement, and gets it back behind it: a pool is best. Without one, let it
    /// establish a connection, which costs little with SQLite.
    pub fn of<DB, C, E>(db: &CachedDb<DB>, mut connect: impl FnMut() -> Result<C, E> + Send + 'static) -> Self
    where
        DB: Database,
        C: LoadConnection<Backend = DB>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let ask = move |statement: Statement| {
            let mut conn = connect().map_err(|error| LookError(error.into()))?;
            let Statement { sql, values, has_rows } = statement;
            let answer = if has_rows {
                DB::rows(&mut conn, sql, values)
            } else {
                DB::run(&mut conn, sql, values).map(|()| Vec::new())
            };
            answer.map_err(|error| LookError(error.into()))
        };
        Self(easy_cache_sql::feed::Relay::over(Connections(Box::new(ask)), db.hook()))
    }

    easy_cache_sql::relay_words!();

    /// Looks, invalidates, waits, for ever: give it a thread. What the database refuses is told as an event, and tried again.
    pub fn run(self) -> Infallible {
        wait_for(self.0.run())
    }

    /// Looks once, and yields the number of changes that were told. The first look finds out where to begin.
    ///
    /// # Errors
    /// What the database said, or who should have given a connection; the next look begins where this one did.
    pub fn look(&mut self) -> Result<usize, LookError> {
        wait_for(self.0.look())
    }
}

/// A connection for each statement.
struct Connections(Box<dyn FnMut(Statement) -> Result<Vec<Texts>, LookError> + Send>);

impl Ask for Connections {
    type Error = LookError;

    async fn rows(&mut self, sql: String, values: Vec<String>) -> Result<Vec<Texts>, LookError> {
        (self.0)(Statement { sql, values, has_rows: true })
    }

    async fn run(&mut self, sql: String, values: Vec<String>) -> Result<(), LookError> {
        (self.0)(Statement { sql, values, has_rows: false }).map(drop)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}
