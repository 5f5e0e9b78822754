//! The relay over asynchronous connections, on PostgreSQL.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use easy_cache_diesel::feed::{AsyncRelay, Triggers};
use easy_cache_servers::Postgres;
use easy_cache_sql::Dialect;
use tokio::sync::Mutex;

use crate::site::{LONG, PgSite, books};

/// A relay that has begun, out of a pool that is followed; all witnesses are in place.
async fn begun(site: &PgSite) -> AsyncRelay {
    let url = &site.database.url;
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, site.db.manager_config());
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let mut relay = AsyncRelay::of(&site.db, move || {
        let pool = pool.clone();
        async move { pool.get().await }
    });
    relay.look().await.unwrap();
    site.dropped();
    relay
}

async fn told(relay: &mut AsyncRelay, site: &PgSite) -> String {
    relay.look().await.unwrap();
    site.dropped()
}

#[tokio::test]
async fn what_another_program_writes_is_dropped_and_nothing_else() {
    let site = PgSite::with(Triggers::outbox(Dialect::Postgres));
    let mut relay = begun(&site).await;
    for (sql, expected) in [
        ("UPDATE books SET title = 'x' WHERE id = 1", "books books:1"),
        ("UPDATE books SET title = 'z' WHERE id = 77", ""),
        ("INSERT INTO books VALUES (3, 'Lady Susan', 1)", "books books:3"),
        ("BEGIN; UPDATE books SET title = 'never' WHERE id = 2; ROLLBACK", ""),
        ("DELETE FROM books WHERE id IN (1, 2)", "books books:1 books:2"),
        ("TRUNCATE books", "books books:*"),
    ] {
        site.write(sql);
        assert_eq!(told(&mut relay, &site).await, expected, "{sql}");
    }
    assert_eq!(told(&mut relay, &site).await, "", "nothing is told twice");
}

#[tokio::test]
async fn a_transaction_that_began_earlier_and_ends_later_is_not_lost() {
    let site = PgSite::shared_with(Triggers::outbox(Dialect::Postgres));
    let mut relay = begun(&site).await.named("shop");
    let slow = &mut site.other().await;
    slow.batch_execute("BEGIN; UPDATE books SET title = 'slow' WHERE id = 1").await.unwrap();
    site.write("UPDATE books SET title = 'quick' WHERE id = 2");
    assert_eq!(told(&mut relay, &site).await, "books books:2");
    slow.batch_execute("COMMIT").await.unwrap();
    drop(relay);
    let mut next = begun_again(&site);
    assert_eq!(told(&mut next, &site).await, "books books:1", "by another relay of that name");
}

fn begun_again(site: &PgSite) -> AsyncRelay {
    let url = site.database.url.clone();
    let connect = move || {
        let url = url.clone();
        async move { <AsyncPgConnection as diesel_async::AsyncConnection>::establish(&url).await }
    };
    AsyncRelay::of(&site.db, connect).named("shop")
}

#[tokio::test]
async fn a_look_that_is_dropped_half_way_leaves_its_connection_followed() {
    let site = PgSite::with(Triggers::outbox(Dialect::Postgres));
    let mut conn = site.other().await;
    site.db.instrument_async(&mut conn);
    let conn = Arc::new(Mutex::new(conn));
    let shared = Arc::clone(&conn);
    let lent = move || {
        let conn = Arc::clone(&shared);
        async move { Ok::<_, diesel::result::Error>(Lent(conn.lock_owned().await)) }
    };
    let mut relay = AsyncRelay::of(&site.db, lent);
    relay.look().await.unwrap();
    site.dropped();

    let lock = &mut site.other().await;
    lock.batch_execute("BEGIN; LOCK TABLE easy_cache_outbox").await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    {
        let mut look = std::pin::pin!(relay.look());
        let waiting = async {
            while Postgres::shared().sql(&site.database.name, waits) != "1" {
                let polled = look.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(polled, Poll::Pending));
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, waiting).await.unwrap();
    }
    lock.batch_execute("COMMIT").await.unwrap();
    let write = diesel::update(books::table.find(2)).set(books::title.eq("x"));
    write.execute(&mut *conn.lock().await).await.unwrap();
    assert_eq!(site.dropped(), "books books:2");
    assert_eq!(told(&mut relay, &site).await, "books books:2", "and the relay goes on");
}

/// A connection that somebody else has as well.
struct Lent(tokio::sync::OwnedMutexGuard<AsyncPgConnection>);

impl std::ops::Deref for Lent {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.0
    }
}

impl std::ops::DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.0
    }
}
