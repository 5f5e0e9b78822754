//! A connection to any of the databases that this program was built for, and what each of them says in its own words.
#![expect(missing_docs, reason = "what the derive of Diesel writes has none")]

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::{Error, ManageConnection, R2D2Connection};
use diesel::sql_types::BigInt;

use crate::refused::Refused;

/// A connection to SQLite, or to a server whose feature is on. What is asked of it is the same for all of them.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// A file, or the memory.
    Sqlite(SqliteConnection),
    /// Through libpq.
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    /// MySQL or MariaDB, through the client library of either.
    #[cfg(feature = "mysql")]
    Mysql(diesel::MysqlConnection),
}

/// How SQL is written for it.
pub(crate) type Backend = <AnyConnection as Connection>::Backend;

/// Which database an URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

impl Kind {
    pub(crate) fn of(url: &str) -> Self {
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => Self::Postgres,
            Some("mysql" | "mariadb") => Self::Mysql,
            _ => Self::Sqlite,
        }
    }

    /// What to do if this program was built without it.
    pub(crate) fn missing(self) -> Option<String> {
        let (feature, package) = match self {
            Self::Postgres if cfg!(not(feature = "postgres")) => ("postgres", "libpq-dev"),
            Self::Mysql if cfg!(not(feature = "mysql")) => ("mysql", "libmariadb-dev"),
            _ => return None,
        };
        Some(format!(
            "this program was built without it; run `cargo run -p bookstore-actix-diesel --features {feature} -- --database …` \
             (which needs the client library: `apt-get install {package}`)"
        ))
    }
}

/// Makes the connections of a pool.
#[derive(Debug)]
pub struct Manager {
    url: String,
}

impl Manager {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = Error;

    fn connect(&self) -> Result<AnyConnection, Error> {
        let connection = match Kind::of(&self.url) {
            #[cfg(feature = "postgres")]
            Kind::Postgres => diesel::PgConnection::establish(&self.url).map(AnyConnection::Postgres),
            #[cfg(feature = "mysql")]
            Kind::Mysql => diesel::MysqlConnection::establish(&self.url.replacen("mariadb://", "mysql://", 1))
                .map(AnyConnection::Mysql),
            _ => SqliteConnection::establish(path(&self.url)).map(AnyConnection::Sqlite),
        };
        connection.map_err(Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut AnyConnection) -> Result<(), Error> {
        conn.ping().map_err(Error::QueryError)
    }

    fn has_broken(&self, conn: &mut AnyConnection) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

/// `sqlite://books.db?mode=rwc` as SQLite's own function takes it.
pub(crate) fn path(url: &str) -> &str {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    path.split_once('?').map_or(path, |(path, _)| path)
}

impl AnyConnection {
    /// Runs SQL that each database has in its own words, if any.
    pub(crate) fn run(&mut self, sqlite: &str, postgres: &str, mysql: &str) -> QueryResult<()> {
        let text = self.words(sqlite, postgres, mysql).to_owned();
        // Servers mind an empty text, and the library of one of them does not survive it.
        if text.is_empty() { Ok(()) } else { self.batch_execute(&text) }
    }

    fn words<'a>(&self, sqlite: &'a str, postgres: &'a str, mysql: &'a str) -> &'a str {
        // Those of databases that are not built in are nobody's.
        let _ = (postgres, mysql);
        match self {
            Self::Sqlite(_) => sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => postgres,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => mysql,
        }
    }

    /// The number that the last row got which this connection has added.
    pub(crate) fn last_number(&mut self) -> QueryResult<i32> {
        let text = self.words("last_insert_rowid()", "lastval()", "cast(last_insert_id() as signed)").to_owned();
        diesel::select(sql::<BigInt>(&text)).get_result::<i64>(self).map(|number| number as i32)
    }

    /// A transaction that reads before it writes. In SQLite it waits for its turn at the beginning: an upgrade from reading to writing
    /// would be refused at once if another writer had been faster.
    pub(crate) fn writing<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Refused>) -> Result<T, Refused> {
        match self {
            Self::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?,
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => <Self as Connection>::TransactionManager::begin_transaction(self)?,
        }
        let result = work(self);
        if result.is_ok() {
            <Self as Connection>::TransactionManager::commit_transaction(self)?;
        } else {
            <Self as Connection>::TransactionManager::rollback_transaction(self)?;
        }
        result
    }
}

impl std::fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AnyConnection").field(&self.words("sqlite", "postgres", "mysql")).finish()
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

    #[test]
    fn an_url_names_its_database_and_one_that_is_not_built_in_says_which_command_builds_it() {
        assert_eq!(Kind::of("postgres://localhost/shop"), Kind::Postgres);
        assert_eq!(Kind::of("mysql://localhost/shop"), Kind::Mysql);
        for url in ["books.db", "sqlite::memory:", "sqlite://books.db"] {
            assert_eq!(Kind::of(url), Kind::Sqlite);
        }
        assert_eq!(Kind::Sqlite.missing(), None);
        let missing = Kind::Postgres.missing();
        assert_eq!(missing.is_none(), cfg!(feature = "postgres"));
        assert!(missing.is_none_or(|text| text.contains("cargo run -p bookstore-actix-diesel --features postgres")));
    }
}
