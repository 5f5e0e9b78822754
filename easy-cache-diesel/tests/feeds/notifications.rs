//! PostgreSQL's notifications: another program writes, and it is heard; whatever was missed is dropped with everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use easy_cache_diesel::feed::{Listener, Triggers};
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Postgres, Proxy};

use crate::site::{EVERYTHING, LONG, PgSite};

/// Waits until all of these are dropped.
async fn heard(site: &PgSite, expected: &str) {
    let mut all = std::collections::BTreeSet::new();
    let waiting = async {
        while all.iter().cloned().collect::<Vec<_>>().join(" ") != expected {
            all.extend(site.dropped().split_whitespace().map(str::to_owned));
            tokio::task::yield_now().await;
        }
    };
    let is_heard = tokio::time::timeout(LONG, waiting).await.is_ok();
    assert!(is_heard, "not heard: {expected}, but {all:?}");
}

/// `EVERYTHING` in the order of its letters.
fn everything() -> String {
    let mut all: Vec<_> = EVERYTHING.split(' ').collect();
    all.sort_unstable();
    all.join(" ")
}

/// Waits until everything is dropped, and the witnesses are back: one that is watched again while that goes on may be dropped with it.
async fn begun(site: &PgSite) {
    heard(site, &everything()).await;
    while !site.dropped().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// A site whose listener listens, and whose witnesses are in place. On a busy machine a sign of life takes its time.
async fn listening(
    url: impl Fn(&PgSite) -> String,
    sign_of_life: Duration,
) -> (PgSite, tokio::task::JoinHandle<std::convert::Infallible>) {
    let site = PgSite::with(Triggers::notify());
    site.dropped();
    let url = url(&site);
    let connect = move || {
        let url = url.clone();
        async move { AsyncPgConnection::establish(&url).await }
    };
    let task = tokio::spawn(Listener::of(&site.db, connect).sign_of_life(sign_of_life).run());
    begun(&site).await;
    (site, task)
}

/// A proxy before the server, and how a site's database is named through it.
fn proxied() -> (Proxy, impl Fn(&PgSite) -> String) {
    let port = Postgres::shared().port();
    let proxy = Proxy::before(([127, 0, 0, 1], port).into());
    let through = proxy.address().port().to_string();
    (proxy, move |site: &PgSite| site.database.url.replace(&port.to_string(), &through))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_writes_is_heard_and_only_that_is_dropped() {
    let (site, task) = listening(|site| site.database.url.clone(), LONG).await;
    for (sql, expected) in [
        ("UPDATE books SET title = 'x' WHERE id = 1", "books books:1"),
        (
            "BEGIN; UPDATE books SET title = 'never' WHERE id = 2; ROLLBACK; DELETE FROM books WHERE id = 1",
            "books books:1",
        ),
        (
            "UPDATE books SET title = 'nobody' WHERE id = 99; INSERT INTO books VALUES (3, 'Lady Susan', 1)",
            "books books:3",
        ),
        ("TRUNCATE books", "books books:*"),
    ] {
        site.write(sql);
        heard(&site, expected).await;
    }
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_noticed_and_everything_is_dropped_when_it_is_back() {
    let (proxy, through) = proxied();
    let (site, task) = listening(through, LONG).await;
    proxy.cut();
    site.write("UPDATE books SET title = 'missed, perhaps' WHERE id = 1");
    heard(&site, &everything()).await;
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_dead_without_a_word_is_noticed() {
    let (proxy, through) = proxied();
    let (site, task) = listening(through, Duration::from_millis(200)).await;
    let accepted = proxy.accepted();
    proxy.set(Direction::ToClient, Fault::Swallow);
    site.write("UPDATE books SET title = 'swallowed' WHERE id = 1");
    let noticing = async {
        while proxy.accepted() == accepted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, noticing).await.expect("it was not noticed");
    site.dropped();
    proxy.mend();
    heard(&site, &everything()).await;
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_hears_nothing_is_refused_and_tried_again() {
    let site = PgSite::with(Triggers::notify());
    let (url, made) = (site.database.url.clone(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&made);
    let connect = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        let url = url.clone();
        async move {
            let (client, driver) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(driver);
            AsyncPgConnection::try_from(client).await
        }
    };
    let task = tokio::spawn(Listener::of(&site.db, connect).run());
    let trying = async {
        while made.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, trying).await.expect("it listens to what it does not hear");
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_on_other_channels_is_not_for_the_cache() {
    let site = PgSite::with(Triggers::notify());
    let url = site.database.url.clone();
    let connect = move || {
        let url = url.clone();
        async move {
            let mut conn = AsyncPgConnection::establish(&url).await?;
            conn.batch_execute("LISTEN news").await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok::<_, ConnectionError>(conn)
        }
    };
    site.dropped();
    let task = tokio::spawn(Listener::of(&site.db, connect).sign_of_life(LONG).run());
    begun(&site).await;
    site.write("NOTIFY news, 'not in our words'");
    site.write("UPDATE books SET title = 'x' WHERE id = 1");
    heard(&site, "books books:1").await;
    task.abort();
}
