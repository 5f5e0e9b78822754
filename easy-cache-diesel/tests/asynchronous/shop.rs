//! A database in PostgreSQL for each test, a cache, and a second connection that nobody follows.

use std::time::Duration;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use easy_cache_core::Cache;
use easy_cache_diesel::CachedDb;
use easy_cache_servers::Postgres;
use easy_cache_servers::postgres::Database;

diesel::table! {
    books {
        id -> Integer,
        title -> Text,
    }
}

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Shop {
    pub(crate) db: CachedDb<Pg>,
    pub(crate) cache: Cache,
    pub(crate) database: Database,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(Cache::new())
    }

    pub(crate) fn with(cache: Cache) -> Self {
        let database = Postgres::shared().database();
        let db = CachedDb::<Pg>::builder(&cache).model(books::table).build();
        let shop = Self { db, cache, database };
        shop.sql("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL)");
        shop.sql("INSERT INTO books VALUES (1, 'Emma'), (2, 'Persuasion')");
        shop
    }

    /// A connection that is followed.
    pub(crate) async fn connection(&self) -> AsyncPgConnection {
        let mut conn = self.behind().await;
        self.db.instrument_async(&mut conn);
        conn
    }

    pub(crate) async fn behind(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.database.url).await.unwrap()
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        Postgres::shared().sql(&self.database.name, sql)
    }

    /// Waits until this asks for `wanted`.
    pub(crate) async fn until(&self, sql: &str, wanted: &str) {
        let reached = async {
            while self.sql(sql) != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, reached).await.unwrap_or_else(|_| panic!("never `{wanted}`: {sql}"));
    }

    /// Waits until so many statements wait for somebody's lock.
    pub(crate) async fn until_blocked(&self, statements: usize) {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        self.until(waiting, &statements.to_string()).await;
    }

    /// The title of a book, through the cache.
    pub(crate) async fn title(&self, conn: &mut AsyncPgConnection, id: i32) -> String {
        let read = async { books::table.find(id).select(books::title).first::<String>(conn).await };
        self.cache.get_or_compute(format!("title:{id}"), read).await.unwrap()
    }

    /// How many there are, through the cache.
    pub(crate) async fn count(&self, conn: &mut AsyncPgConnection) -> i64 {
        self.cache.get_or_compute("count", async { books::table.count().get_result(conn).await }).await.unwrap()
    }

    pub(crate) async fn keeps(&self, key: &str) -> bool {
        self.cache.contains(key).await
    }
}

/// A write by primary key.
pub(crate) async fn retitle(conn: &mut AsyncPgConnection, id: i32, title: &str) -> QueryResult<usize> {
    diesel::update(books::table.find(id)).set(books::title.eq(title)).execute(conn).await
}
