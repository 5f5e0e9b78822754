//! Makes the pool, and connects it to the cache. Which tables are in the database is left to `schema`.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error, Pool, PooledConnection};
use diesel::sqlite::{Sqlite, SqliteConnection};
use easy_cache_core::Cache;
use easy_cache_diesel::CachedDb;

use crate::refused::Refused;
use crate::schema::{self, authors, books, transfers};

/// A connection of the pool. What is read and written on it is told to the cache.
pub type Connection = PooledConnection<ConnectionManager<SqliteConnection>>;

/// Connections to a file database: readers of a write-ahead log do not wait for each other nor for the writer.
const FILE_CONNECTIONS: u32 = 4;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// The database of a shop. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool<ConnectionManager<SqliteConnection>>,
    cache: Cache,
}

impl Database {
    /// Opens the database at `url`; one that is empty gets its tables and the books of the catalogue first. Blocks.
    ///
    /// # Errors
    ///
    /// What the database said when it could not be opened, or when its tables could not be created.
    pub fn open(url: &str, cache: &Cache) -> Result<Self, Refused> {
        let db = CachedDb::<Sqlite>::builder(cache).model(authors::table).model(books::table).model(transfers::table);
        let path = path(url);
        let pool = Pool::builder()
            .connection_customizer(db.build().customizer_after(Settings))
            .connection_timeout(PATIENCE)
            .test_on_check_out(false);
        // A database in memory lives as long as its connection.
        let pool = if path == ":memory:" {
            pool.max_size(1).max_lifetime(None).idle_timeout(None)
        } else {
            pool.max_size(FILE_CONNECTIONS)
        };
        let db = Self { pool: pool.build(ConnectionManager::new(path))?, cache: cache.clone() };
        schema::prepare(&mut *db.connection()?)?;
        Ok(db)
    }

    /// The cache that is told what is read and written.
    #[must_use]
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }

    /// A connection. Blocks while there is none.
    ///
    /// # Errors
    ///
    /// If there is none for long.
    pub fn connection(&self) -> Result<Connection, Refused> {
        Ok(self.pool.get()?)
    }
}

/// `sqlite://books.db?mode=rwc` as SQLite's own function takes it.
fn path(url: &str) -> &str {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// What every connection is set to, before anybody follows it.
#[derive(Debug)]
struct Settings;

impl CustomizeConnection<SqliteConnection, Error> for Settings {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), Error> {
        conn.batch_execute(
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
        )
        .map_err(Error::QueryError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_names_a_file_or_the_memory() {
        assert_eq!(path("sqlite::memory:"), ":memory:");
        assert_eq!(path("sqlite:///tmp/books.db?mode=rwc"), "/tmp/books.db");
        assert_eq!(path("books.db"), "books.db");
    }
}
