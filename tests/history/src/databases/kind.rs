//! Which databases there are: how each is started for a history, and what the same statement is called in it.

use easy_cache_servers::{MariaDb, Postgres};

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, whose transactions see a snapshot unless they ask for something else.
    MariaDb,
}

/// A running server.
#[derive(Debug)]
pub enum Running {
    /// PostgreSQL.
    Postgres(Postgres),
    /// MariaDB.
    MariaDb(MariaDb),
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Postgres, Self::MariaDb];

    /// What it is called on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }

    /// Whether workers may use Diesel.
    #[must_use]
    pub const fn is_for_diesel(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Starts a server. Who waits for a lock gives up before a hold ends: a COMMIT after that is nothing that a cache can know of.
    ///
    /// # Panics
    /// If it is not installed.
    #[must_use]
    pub fn start(self) -> Running {
        match self {
            Self::Postgres => Running::Postgres(Postgres::options().setting("lock_timeout", "1s").start()),
            Self::MariaDb => Running::MariaDb(MariaDb::options().setting("innodb-lock-wait-timeout", 1).start()),
        }
    }
}

impl Running {
    /// Makes a database, and says where it is.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn new_database(&self) -> String {
        match self {
            Self::Postgres(server) => server.database().url,
            Self::MariaDb(server) => server.database().url,
        }
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Postgres(server) => server.port(),
            Self::MariaDb(server) => server.port(),
        }
    }
}
