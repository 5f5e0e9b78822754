//! MariaDB by diesel-async: a database for each test.

use easy_cache_servers::MariaDb;
use easy_cache_servers::postgres::Database;

pub(crate) use diesel::mysql::Mysql as Backend;
pub(crate) use diesel_async::AsyncMysqlConnection as Conn;

/// How many updates are at work, of which none ends if its row is locked. (What InnoDB says of locks is not renewed for who asks often.)
pub(crate) const WAITING: &str =
    "SELECT count(*) FROM information_schema.processlist WHERE state = 'Updating' AND db = database()";

pub(crate) struct Home(Database);

impl Home {
    pub(crate) fn new() -> Self {
        Self(MariaDb::shared().database())
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        MariaDb::shared().sql(&self.0.name, sql)
    }
}
