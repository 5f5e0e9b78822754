//! Makes the pool, and connects it to the cache. Which tables are in the database is left to `schema`, which databases there are to
//! `connection`.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{CustomizeConnection, Error, Pool, PooledConnection};
use diesel::sqlite::Sqlite;
use easy_cache_core::Cache;
use easy_cache_diesel::CachedDb;

use crate::connection::{AnyConnection, Kind, Manager, path};
use crate::refused::Refused;
use crate::schema::{self, authors, books, transfers};

/// Connections to a file or a server: readers do not wait for each other nor for the writer.
const CONNECTIONS: u32 = 4;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// The database of a shop. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Pool<Manager>,
    cache: Cache,
}

impl Database {
    /// Opens the database at `url`; one that is empty gets its tables and the books of the catalogue first. Blocks.
    ///
    /// # Errors
    ///
    /// What the database said when it could not be opened, or when its tables could not be created.
    pub fn open(url: &str, cache: &Cache) -> Result<Self, Refused> {
        let kind = Kind::of(url);
        let pool = Pool::builder()
            .connection_customizer(Box::new(Follow::new(cache)))
            .connection_timeout(PATIENCE)
            .test_on_check_out(kind != Kind::Sqlite);
        // A database in memory lives as long as its connection.
        let pool = if kind == Kind::Sqlite && path(url) == ":memory:" {
            pool.max_size(1).max_lifetime(None).idle_timeout(None)
        } else {
            pool.max_size(CONNECTIONS)
        };
        let db = Self { pool: pool.build(Manager::new(url))?, cache: cache.clone() };
        schema::prepare(&mut *db.connection()?)?;
        Ok(db)
    }

    /// The cache that is told what is read and written.
    #[must_use]
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }

    /// A connection. What is read and written on it is told to the cache. Blocks while there is none.
    ///
    /// # Errors
    ///
    /// If there is none for long.
    pub fn connection(&self) -> Result<PooledConnection<Manager>, Refused> {
        Ok(self.pool.get()?)
    }
}

/// Lets the cache follow each new connection, whichever database it is to.
#[derive(Debug)]
struct Follow {
    sqlite: CachedDb<Sqlite>,
    #[cfg(feature = "postgres")]
    postgres: CachedDb<diesel::pg::Pg>,
    #[cfg(feature = "mysql")]
    mysql: CachedDb<diesel::mysql::Mysql>,
}

impl Follow {
    fn new(cache: &Cache) -> Self {
        Self {
            sqlite: known(cache),
            #[cfg(feature = "postgres")]
            postgres: known(cache),
            #[cfg(feature = "mysql")]
            mysql: known(cache),
        }
    }
}

/// The database as the cache knows it: the tables whose rows are told apart.
fn known<DB: easy_cache_diesel::Database>(cache: &Cache) -> CachedDb<DB> {
    CachedDb::<DB>::builder(cache).model(authors::table).model(books::table).model(transfers::table).build()
}

impl CustomizeConnection<AnyConnection, Error> for Follow {
    fn on_acquire(&self, conn: &mut AnyConnection) -> Result<(), Error> {
        match conn {
            AnyConnection::Sqlite(conn) => {
                // Before anybody follows it: what all connections are set to is no state of one.
                conn.batch_execute(
                    "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON",
                )
                .map_err(Error::QueryError)?;
                self.sqlite.instrument(conn);
            }
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(conn) => self.postgres.instrument(conn),
            #[cfg(feature = "mysql")]
            AnyConnection::Mysql(conn) => self.mysql.instrument(conn),
        }
        Ok(())
    }
}
