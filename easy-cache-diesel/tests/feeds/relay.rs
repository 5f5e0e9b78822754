//! The relay over synchronous connections: another program writes, and what it changed is dropped, exactly; nothing is told of what was
//! rolled back, and nothing is lost while no relay runs.

use std::collections::BTreeSet;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use easy_cache_diesel::feed::{Relay, told_async};
use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};

use crate::site::{EVERYTHING, Site, books, comes_about};

fn relay(site: &Site) -> Relay {
    let url = site.url();
    Relay::of(&site.db, move || SqliteConnection::establish(&url))
}

/// A relay that has begun, with all witnesses in place.
fn begun(site: &Site) -> Relay {
    let mut relay = relay(site);
    relay.look().unwrap();
    site.dropped();
    relay
}

/// Looks once, and says what was dropped.
fn told(relay: &mut Relay, site: &Site) -> String {
    relay.look().unwrap();
    site.dropped()
}

#[test]
fn what_another_program_writes_is_dropped_and_nothing_else() {
    let site = Site::new();
    let mut relay = begun(&site);
    for (sql, expected) in [
        ("UPDATE books SET title = 'x' WHERE id = 1", "books books:1"),
        ("UPDATE books SET title = 'y' WHERE title = 'x'", "books books:1"),
        ("UPDATE books SET title = 'z' WHERE id = 77", ""),
        ("INSERT INTO books VALUES (3, 'Lady Susan', 1)", "books books:3"),
        ("BEGIN; UPDATE books SET title = 'never' WHERE id = 2; ROLLBACK", ""),
        ("UPDATE books SET id = 4 WHERE id = 3", "books books:3"),
        ("DELETE FROM authors", "authors books books:1 books:2 books:*"),
    ] {
        site.write(sql);
        assert_eq!(told(&mut relay, &site), expected, "{sql}");
    }
    assert_eq!(told(&mut relay, &site), "", "nothing is told twice");
}

#[test]
fn a_relay_without_a_name_begins_by_dropping_everything() {
    let site = Site::new();
    site.dropped();
    assert_eq!(told(&mut relay(&site), &site), EVERYTHING);
}

#[test]
fn a_named_relay_reads_on_where_the_last_one_stopped() {
    let site = Site::shared();
    let mut first = relay(&site).named("shop");
    first.look().unwrap();
    site.write("UPDATE books SET title = 'x' WHERE id = 1");
    first.look().unwrap();
    drop(first);
    site.dropped();
    site.write("UPDATE books SET title = 'while nobody listens' WHERE id = 2");
    assert_eq!(told(&mut relay(&site).named("shop"), &site), "books books:2");
    assert_eq!(told(&mut relay(&site).named("another"), &site), EVERYTHING);
    site.write("UPDATE easy_cache_relays SET saved = saved - 50000");
    assert_eq!(told(&mut relay(&site).named("shop"), &site), EVERYTHING, "it was away for too long");
}

#[test]
fn a_look_that_fails_loses_nothing() {
    let site = Site::new();
    let (url, is_down) = (site.url(), Arc::new(AtomicBool::new(false)));
    let switch = Arc::clone(&is_down);
    let mut relay = Relay::of(&site.db, move || match switch.load(Ordering::SeqCst) {
        true => Err(ConnectionError::BadConnection("the database is down".into())),
        false => SqliteConnection::establish(&url),
    });
    relay.look().unwrap();
    site.dropped();
    site.write("ALTER TABLE easy_cache_outbox RENAME TO hidden");
    assert!(relay.look().unwrap_err().to_string().contains("no such table"));
    site.write("ALTER TABLE hidden RENAME TO easy_cache_outbox; UPDATE books SET title = 'x' WHERE id = 1");
    is_down.store(true, Ordering::SeqCst);
    assert!(relay.look().unwrap_err().to_string().contains("the database is down"));
    assert_eq!(site.dropped(), "");
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(told(&mut relay, &site), "books books:1");
}

#[test]
fn old_rows_are_deleted() {
    let site = Site::new();
    site.write("UPDATE books SET title = 'old' WHERE id = 1; UPDATE easy_cache_outbox SET written = written - 90000");
    site.write("UPDATE books SET title = 'new' WHERE id = 1");
    relay(&site).keep(Duration::from_secs(86_400)).look().unwrap();
    let rows = sql::<BigInt>("(SELECT COUNT(*) FROM easy_cache_outbox)");
    assert_eq!(diesel::select(rows).get_result::<i64>(&mut site.other()).unwrap(), 1);
}

#[test]
fn a_relay_out_of_the_applications_pool_is_followed_by_nobody_and_the_application_still_is() {
    let site = Site::shared();
    let pool = site.pool();
    let connections = pool.clone();
    let mut relay = Relay::of(&site.db, move || connections.get()).named("shop");
    relay.look().unwrap();
    site.dropped();
    let audit = site.db.audit();
    site.write("UPDATE books SET title = 'x' WHERE id = 1");
    relay.look().unwrap();
    assert_eq!(audit.published(), Some(BTreeSet::new()), "no connection has told of a write to the relay's own tables");
    assert_eq!(site.dropped(), "books books:1");
    diesel::update(books::table.find(2)).set(books::title.eq("y")).execute(&mut pool.get().unwrap()).unwrap();
    assert_eq!(site.dropped(), "books books:2");
    site.write("ALTER TABLE easy_cache_outbox RENAME TO hidden");
    relay.look().unwrap_err();
    diesel::delete(books::table.find(2)).execute(&mut pool.get().unwrap()).unwrap();
    assert_eq!(site.dropped(), "books books:2", "after a refused statement of ours as well");
}

/// Threads whose work goes on when nobody waits for it any more.
struct Detached;

impl SpawnBlocking for Detached {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync>>> {
        tokio::task::spawn_blocking(task).map_err(Into::into).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

#[tokio::test]
async fn what_is_dropped_while_its_statement_runs_on_another_thread_leaves_the_connection_followed() {
    let site = Site::new();
    let conn = &mut SyncConnectionWrapper::<SqliteConnection, Detached>::new(site.other());
    site.db.instrument_async(conn);
    site.dropped();
    let lock = &mut site.other();
    lock.batch_execute("BEGIN EXCLUSIVE").unwrap();
    {
        let mut telling = pin!(told_async(conn));
        let polled = telling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    lock.batch_execute("COMMIT").unwrap();
    let write = diesel::update(books::table.find(2)).set(books::title.eq("x"));
    diesel_async::RunQueryDsl::execute(write, conn).await.unwrap();
    assert_eq!(site.dropped(), "books books:*", "diesel-async shows no values here");
}

#[test]
fn a_thread_hears_what_others_write() {
    let site = Site::new();
    site.dropped();
    let relay = relay(&site).every(Duration::from_millis(2));
    std::thread::spawn(|| relay.run());
    // A look at all witnesses may fall into the middle of an invalidation.
    let heard = |expected: &str| {
        let mut all = BTreeSet::new();
        comes_about(|| {
            all.extend(site.dropped().split_whitespace().map(str::to_owned));
            expected.split(' ').all(|tag| all.contains(tag))
        })
    };
    assert!(heard(EVERYTHING), "it begins");
    site.dropped();
    site.write("UPDATE books SET title = 'x' WHERE id = 1");
    assert!(heard("books books:1"), "it hears");
}
