//! PostgreSQL by diesel-async: a database for each test.

use easy_cache_servers::Postgres;
use easy_cache_servers::postgres::Database;

pub(crate) use diesel::pg::Pg as Backend;
pub(crate) use diesel_async::AsyncPgConnection as Conn;

/// How many statements wait for somebody's lock.
pub(crate) const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

pub(crate) struct Home(Database);

impl Home {
    pub(crate) fn new() -> Self {
        Self(Postgres::shared().database())
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        Postgres::shared().sql(&self.0.name, sql)
    }
}
