//! SQLite in asynchronous code: what other threads read is noticed.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use easy_cache_core::Cache;
use easy_cache_diesel::{AsyncCachedQuery, CachedDb, CarriedConnection};

use crate::shop::books;

type Conn = CarriedConnection<SqliteConnection>;

async fn pool(cache: &Cache) -> Pool<Conn> {
    let db = CachedDb::<Sqlite>::builder(cache).model(books::table).build();
    let manager = AsyncDieselConnectionManager::<Conn>::new_with_config(":memory:", db.manager_config());
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let schema =
        "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL); INSERT INTO books VALUES (1, 'Emma')";
    pool.get().await.unwrap().batch_execute(schema).await.unwrap();
    pool
}

#[tokio::test]
async fn what_is_read_on_another_thread_is_noticed() {
    let cache = Cache::new();
    let pool = pool(&cache).await;
    let conn = &mut *pool.get().await.unwrap();
    let title = async |conn: &mut Conn| {
        let read = async { books::table.find(1).select(books::title).first::<String>(conn).await };
        cache.get_or_compute("title", read).await.unwrap()
    };
    assert_eq!(title(conn).await, "Emma");
    assert!(cache.contains("title").await);
    diesel::update(books::table.find(1)).set(books::title.eq("New")).execute(conn).await.unwrap();
    assert_eq!(title(conn).await, "New");
    assert_eq!(books::table.count_cached(conn).await, Ok(1));
    diesel::delete(books::table).execute(conn).await.unwrap();
    assert_eq!(books::table.count_cached(conn).await, Ok(0));
}

#[tokio::test]
async fn a_statement_whose_future_is_dropped_has_ended_before_the_connection_is_used_again() {
    let cache = Cache::new();
    let pool = pool(&cache).await;
    let conn = &mut *pool.get().await.unwrap();
    drop(diesel::delete(books::table).execute(conn));
    assert_eq!(books::table.count_cached(conn).await, Ok(0));
}
