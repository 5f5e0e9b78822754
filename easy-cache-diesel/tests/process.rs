//! The one slot for instrumentation that a process has. Alone in its process: whatever is in the slot, every connection gets.
#![cfg(test)]

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation};
use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection};
use easy_cache_core::{Cache, Tag};
use easy_cache_diesel::{CacheInstrumentation, CachedDb};
use easy_cache_servers::{MariaDb, Postgres};
use tokio::sync::Mutex;

/// One test at a time has the slot.
static SLOT: Mutex<()> = Mutex::const_new(());
static FINISHED: AtomicUsize = AtomicUsize::new(0);

/// What the application had installed: it counts.
fn counting() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::FinishQuery { .. }) {
            FINISHED.fetch_add(1, Ordering::SeqCst);
        }
    }))
}

/// Whether a write over a new connection reaches a cache, and with how many calls of what listened before.
fn write(cache: &Cache) -> (bool, usize) {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    conn.batch_execute("CREATE TABLE books (id INTEGER PRIMARY KEY)").unwrap();
    cache.set("books", 1).tags([Tag::table("books")]).wait();
    let before = FINISHED.load(Ordering::SeqCst);
    conn.batch_execute("INSERT INTO books VALUES (1)").unwrap();
    (!cache.contains("books").wait(), FINISHED.load(Ordering::SeqCst) - before)
}

#[tokio::test]
async fn every_new_connection_is_followed_and_who_listened_before_is_still_called() {
    let _slot = SLOT.lock().await;
    set_default_instrumentation(counting).unwrap();
    let (first, second) = (Cache::new(), Cache::new());
    assert_eq!(write(&first), (false, 1));
    let db = CachedDb::<Sqlite>::new(&first);
    db.install().unwrap();
    assert_eq!(write(&first), (true, 1));
    db.install().unwrap();
    assert_eq!(write(&first), (true, 1), "installed twice, called once");

    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    db.instrument(&mut conn);
    assert!(conn.instrumentation().is::<CacheInstrumentation>());

    CachedDb::<Sqlite>::new(&second).install().unwrap();
    assert_eq!(write(&second), (true, 1));
    assert_eq!(write(&first), (false, 1), "the last one counts");

    set_default_instrumentation(|| None).unwrap();
    let plain = CachedDb::<Sqlite>::new(&first);
    plain.install().unwrap();
    assert_eq!(write(&first), (true, 0), "there was nothing to call");
}

mod shop {
    diesel::table! { books { id -> Integer, } }
}

/// Reads and writes over a connection that is made while the slot is ours.
macro_rules! use_asynchronously {
    ($connection:ty, $backend:ty, $url:expr) => {{
        let (cache, url) = (Cache::new(), $url);
        CachedDb::<$backend>::new(&cache).install().unwrap();
        let conn = &mut <$connection>::establish(&url).await.unwrap();
        conn.batch_execute("CREATE TABLE books (id INTEGER PRIMARY KEY)").await.unwrap();
        // The definition is believed to go on until its connection answers again.
        conn.batch_execute("SELECT 1").await.unwrap();
        for expected in 0..2 {
            let read = async { diesel_async::RunQueryDsl::get_result::<i64>(shop::books::table.count(), conn).await };
            assert_eq!(cache.get_or_compute("count", read).await, Ok(expected));
            assert!(
                cache.contains("count").await,
                "what Diesel sets its connections to is no state of a session: {url}"
            );
            conn.batch_execute(&format!("INSERT INTO books VALUES ({expected})")).await.unwrap();
            assert!(!cache.contains("count").await);
        }
    }};
}

#[tokio::test]
async fn asynchronous_connections_are_followed_by_the_slot_as_well() {
    let _slot = SLOT.lock().await;
    use_asynchronously!(AsyncPgConnection, Pg, Postgres::shared().database().url);
    use_asynchronously!(AsyncMysqlConnection, Mysql, MariaDb::shared().database().url);
}
