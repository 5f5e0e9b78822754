//! A database for each test, a cache, and a second connection that nobody follows.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use easy_cache_core::Cache;
use easy_cache_diesel::CachedDb;

use crate::home::{Backend, Conn, Home, WAITING};

diesel::table! {
    books {
        id -> Integer,
        title -> Text,
    }
}

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Shop {
    pub(crate) db: CachedDb<Backend>,
    pub(crate) cache: Cache,
    pub(crate) home: Home,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(Cache::new())
    }

    pub(crate) fn with(cache: Cache) -> Self {
        let db = CachedDb::<Backend>::builder(&cache).model(books::table).build();
        let shop = Self { db, cache, home: Home::new() };
        shop.sql("CREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(500) NOT NULL)");
        shop.sql("INSERT INTO books VALUES (1, 'Emma'), (2, 'Persuasion')");
        shop
    }

    /// A connection that is followed.
    pub(crate) async fn connection(&self) -> Conn {
        let mut conn = self.behind().await;
        self.db.instrument_async(&mut conn);
        conn
    }

    pub(crate) async fn behind(&self) -> Conn {
        Conn::establish(self.home.url()).await.unwrap()
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.home.sql(sql)
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
        self.until(WAITING, &statements.to_string()).await;
    }

    /// The title of a book, through the cache.
    pub(crate) async fn title(&self, conn: &mut Conn, id: i32) -> String {
        let read = async { books::table.find(id).select(books::title).first::<String>(conn).await };
        self.cache.get_or_compute(format!("title:{id}"), read).await.unwrap()
    }

    /// How many there are, through the cache.
    pub(crate) async fn count(&self, conn: &mut Conn) -> i64 {
        self.cache.get_or_compute("count", async { books::table.count().get_result(conn).await }).await.unwrap()
    }

    pub(crate) async fn keeps(&self, key: &str) -> bool {
        self.cache.contains(key).await
    }
}

/// A write by primary key.
pub(crate) async fn retitle(conn: &mut Conn, id: i32, title: &str) -> QueryResult<usize> {
    diesel::update(books::table.find(id)).set(books::title.eq(title)).execute(conn).await
}
