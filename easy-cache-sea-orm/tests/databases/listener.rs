//! PostgreSQL's notifications: another program writes, and it is heard; whatever was missed is dropped with everything else.
#![cfg(feature = "listen")]

use std::time::Duration;

use easy_cache_sea_orm::feed::{Listener, Triggers};
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Postgres, Proxy};
use easy_cache_sql::Dialect;

use crate::site::{Site, watched};

const EVERYTHING: usize = 7;

/// Looks until as many witnesses are gone. They are watched from then on.
async fn heard(site: &Site, expected: usize) -> Vec<&'static str> {
    let mut all = std::collections::BTreeSet::new();
    let waiting = async {
        while all.len() < expected {
            all.extend(site.dropped().await);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it was not heard");
    all.into_iter().collect()
}

/// A site whose listener listens, and whose witnesses are in place.
async fn listening(url: impl Fn(&Site) -> String) -> (Site, tokio::task::JoinHandle<std::convert::Infallible>) {
    let site = Site::new(Dialect::Postgres).await;
    site.install(&watched(Triggers::notify())).await;
    site.dropped().await;
    let listener = Listener::of(&site.db, url(&site)).sign_of_life(Duration::from_millis(200));
    let task = tokio::spawn(listener.run());
    assert_eq!(heard(&site, EVERYTHING).await.len(), EVERYTHING, "at the beginning everything is dropped");
    (site, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_writes_is_heard_and_only_that_is_dropped() {
    let (site, task) = listening(|site| site.url.clone()).await;
    for (sql, expected) in [
        ("UPDATE books SET title = 'x' WHERE id = 1", &["books", "books:1"][..]),
        (
            "BEGIN; UPDATE books SET title = 'never' WHERE id = 2; ROLLBACK; UPDATE books SET title = 'y' WHERE id = 1",
            &["books", "books:1"],
        ),
        (
            "UPDATE books SET title = 'nobody' WHERE id = 99; INSERT INTO books VALUES (3, 'Lady Susan', 1)",
            &["books", "books:3"],
        ),
        ("TRUNCATE books", &["books", "books:*"]),
    ] {
        site.write(sql).await;
        assert_eq!(heard(&site, expected.len()).await, expected, "{sql}");
    }
    let many =
        "INSERT INTO books SELECT n, 'many', 1 FROM generate_series(100, 400) AS n; UPDATE books SET title = 'x'";
    site.write(many).await;
    assert_eq!(heard(&site, 2).await, ["books", "books:*"], "too many rows to name them");
    task.abort();
}

/// A proxy before the server, and how a site's database is named through it.
fn proxied() -> (Proxy, impl Fn(&Site) -> String) {
    let port = Postgres::shared().port();
    let proxy = Proxy::before(([127, 0, 0, 1], port).into());
    let through = proxy.address().port().to_string();
    (proxy, move |site: &Site| site.url.replace(&port.to_string(), &through))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_noticed_and_everything_is_dropped_when_it_is_back() {
    let (proxy, through) = proxied();
    let (site, task) = listening(through).await;
    proxy.cut();
    site.write("UPDATE books SET title = 'missed, perhaps' WHERE id = 1").await;
    assert_eq!(heard(&site, EVERYTHING).await.len(), EVERYTHING);
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_dead_without_a_word_is_noticed() {
    let (proxy, through) = proxied();
    let (site, task) = listening(through).await;
    let accepted = proxy.accepted();
    proxy.set(Direction::ToClient, Fault::Swallow);
    site.write("UPDATE books SET title = 'swallowed' WHERE id = 1").await;
    assert!(site.dropped().await.is_empty());
    let noticing = async {
        while proxy.accepted() == accepted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticing).await.expect("it was not noticed");
    proxy.mend();
    assert_eq!(heard(&site, EVERYTHING).await.len(), EVERYTHING);
    task.abort();
}
