//! The one slot for instrumentation that a process has. Alone in its process: whatever is in the slot, every connection gets.
#![cfg(test)]

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use easy_cache_core::{Cache, Tag};
use easy_cache_diesel::{CacheInstrumentation, CachedDb};

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

#[test]
fn every_new_connection_is_followed_and_who_listened_before_is_still_called() {
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
