//! The relay: another program writes, and what it changed is dropped, exactly; nothing is told of what was rolled back, and nothing is
//! lost while no relay runs.

use std::collections::BTreeSet;
use std::time::Duration;

use easy_cache_sea_orm::feed::{Relay, Triggers};
use easy_cache_sql::Dialect;
use sea_orm::TransactionTrait;

use crate::site::{KINDS, Site, connect, run, watched};

/// Looks once, and says what was dropped.
async fn told(relay: &mut Relay, site: &Site) -> Vec<&'static str> {
    relay.look().await.unwrap();
    site.dropped().await.into_iter().collect()
}

/// A relay that has begun, with all witnesses in place.
async fn begun(site: &Site) -> Relay {
    let mut relay = Relay::of(&site.db);
    relay.look().await.unwrap();
    site.dropped().await;
    relay
}

const EVERYTHING: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_writes_is_dropped_and_nothing_else() {
    for kind in KINDS {
        let site = Site::with_outbox(kind).await;
        let mut relay = begun(&site).await;
        for (sql, expected) in [
            ("UPDATE books SET title = 'x' WHERE id = 1", &["books", "books:1"][..]),
            ("UPDATE books SET title = 'y' WHERE title = 'x'", &["books", "books:1"]),
            ("UPDATE books SET title = 'z' WHERE id = 77", &[]),
            ("INSERT INTO books VALUES (3, 'Lady Susan', 1)", &["books", "books:3"]),
            ("UPDATE books SET id = 4 WHERE id = 3", &["books", "books:3"]),
            ("DELETE FROM books WHERE id IN (1, 2)", &["books", "books:1", "books:2"]),
        ] {
            site.write(sql).await;
            assert_eq!(told(&mut relay, &site).await, expected, "{kind:?}: {sql}");
        }
        assert_eq!(told(&mut relay, &site).await, [""; 0], "{kind:?}: nothing is told twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_foreign_key_removes_are_dropped() {
    for kind in KINDS {
        let site = Site::with_outbox(kind).await;
        let mut relay = begun(&site).await;
        site.write("DELETE FROM authors WHERE id = 1").await;
        let dropped = told(&mut relay, &site).await;
        assert!(dropped.contains(&"books") && dropped.contains(&"books:*"), "{kind:?}: {dropped:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_was_rolled_back() {
    for kind in KINDS {
        let site = Site::with_outbox(kind).await;
        let mut relay = begun(&site).await;
        let transaction = site.other.begin().await.unwrap();
        run(&transaction, "UPDATE books SET title = 'x' WHERE id = 1").await;
        transaction.rollback().await.unwrap();
        let transaction = site.other.begin().await.unwrap();
        let inner = transaction.begin().await.unwrap();
        run(&inner, "UPDATE books SET title = 'x' WHERE id = 2").await;
        inner.rollback().await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(told(&mut relay, &site).await, [""; 0], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_began_earlier_and_ends_later_is_not_lost() {
    for kind in [Dialect::Postgres, Dialect::MySql] {
        let site = Site::with_outbox(kind).await;
        let mut relay = begun(&site).await;
        let slow = site.other.begin().await.unwrap();
        run(&slow, "UPDATE books SET title = 'slow' WHERE id = 1").await;
        let another = connect(&site.url).await;
        run(&another, "UPDATE books SET title = 'quick' WHERE id = 2").await;
        assert_eq!(told(&mut relay, &site).await, ["books", "books:2"], "{kind:?}");
        slow.commit().await.unwrap();
        assert_eq!(told(&mut relay, &site).await, ["books", "books:1"], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_open_when_the_relay_began_is_not_lost() {
    for kind in [Dialect::Postgres, Dialect::MySql] {
        let site = Site::with_outbox(kind).await;
        let slow = site.other.begin().await.unwrap();
        run(&slow, "UPDATE books SET title = 'slow' WHERE id = 1").await;
        run(&connect(&site.url).await, "UPDATE books SET title = 'quick' WHERE id = 2").await;
        let mut relay = begun(&site).await;
        slow.commit().await.unwrap();
        let dropped = told(&mut relay, &site).await;
        assert!(dropped.contains(&"books:1"), "{kind:?}: {dropped:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_not_lost_behind_very_many_numbers() {
    let site = Site::with_outbox(Dialect::MySql).await;
    let mut early = begun(&site).await;
    let slow = site.other.begin().await.unwrap();
    run(&slow, "UPDATE books SET title = 'slow' WHERE id = 1").await;
    let another = connect(&site.url).await;
    run(&another, "INSERT INTO easy_cache_outbox (id, tbl, operation) VALUES (50000, 'authors', 'I')").await;
    run(&another, "UPDATE books SET title = 'quick' WHERE id = 2").await;
    assert!(told(&mut early, &site).await.contains(&"books:2"));
    let mut late = begun(&site).await;
    slow.commit().await.unwrap();
    assert_eq!(told(&mut early, &site).await, ["books", "books:1"]);
    assert_eq!(told(&mut late, &site).await, ["books", "books:1"], "it began when the transaction was open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_a_name_begins_by_dropping_everything() {
    let site = Site::with_outbox(Dialect::Sqlite).await;
    site.dropped().await;
    let mut relay = Relay::of(&site.db);
    assert_eq!(told(&mut relay, &site).await.len(), EVERYTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_relay_reads_on_where_the_last_one_stopped() {
    for kind in KINDS {
        let site = Site::shared_with_outbox(kind).await;
        let mut first = Relay::of(&site.db).named("shop");
        first.look().await.unwrap();
        site.write("UPDATE books SET title = 'x' WHERE id = 1").await;
        first.look().await.unwrap();
        drop(first);
        site.dropped().await;
        site.write("UPDATE books SET title = 'while nobody listens' WHERE id = 2").await;
        let mut second = Relay::of(&site.db).named("shop");
        assert_eq!(told(&mut second, &site).await, ["books", "books:2"], "{kind:?}");
        let mut stranger = Relay::of(&site.db).named("another");
        assert_eq!(told(&mut stranger, &site).await.len(), EVERYTHING, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_away_for_too_long_drops_everything() {
    let site = Site::shared_with_outbox(Dialect::Sqlite).await;
    Relay::of(&site.db).named("shop").look().await.unwrap();
    site.dropped().await;
    site.write("UPDATE easy_cache_relays SET saved = saved - 50000").await;
    assert_eq!(told(&mut Relay::of(&site.db).named("shop"), &site).await.len(), EVERYTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_loses_nothing() {
    let site = Site::with_outbox(Dialect::Sqlite).await;
    let mut relay = begun(&site).await;
    site.write("ALTER TABLE easy_cache_outbox RENAME TO hidden").await;
    assert!(relay.look().await.is_err());
    site.write("ALTER TABLE hidden RENAME TO easy_cache_outbox").await;
    site.write("UPDATE books SET title = 'x' WHERE id = 1").await;
    assert_eq!(told(&mut relay, &site).await, ["books", "books:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_are_deleted() {
    for kind in KINDS {
        let site = Site::with_outbox(kind).await;
        site.write("UPDATE books SET title = 'old' WHERE id = 1").await;
        site.write("UPDATE easy_cache_outbox SET written = written - 90000").await;
        site.write("UPDATE books SET title = 'new' WHERE id = 1").await;
        Relay::of(&site.db).keep(Duration::from_secs(86_400)).look().await.unwrap();
        use sea_orm::{ConnectionTrait, Statement};
        let count = Statement::from_string(site.other.get_database_backend(), "SELECT COUNT(*) FROM easy_cache_outbox");
        let row = site.other.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_can_be_installed_again_and_taken_away() {
    for kind in KINDS {
        let site = Site::with_outbox(kind).await;
        let triggers = watched(Triggers::outbox(kind));
        site.install(&triggers).await;
        let mut relay = begun(&site).await;
        site.write("UPDATE books SET title = 'x' WHERE id = 1").await;
        assert_eq!(told(&mut relay, &site).await, ["books", "books:1"], "{kind:?}");
        for statement in triggers.down() {
            site.write(&statement).await;
        }
        site.write("UPDATE books SET title = 'y' WHERE id = 1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_sqlite_replaces_are_dropped_although_no_trigger_tells() {
    let site = Site::new(Dialect::Sqlite).await;
    site.write("CREATE UNIQUE INDEX one_title ON books (title)").await;
    let id = || [easy_cache_sql::KeyColumn::integer("id")];
    site.install(&Triggers::outbox(Dialect::Sqlite).table("books", id())).await;
    let mut relay = begun(&site).await;
    site.write("REPLACE INTO books VALUES (3, 'Persuasion', 1)").await;
    let dropped: BTreeSet<_> = told(&mut relay, &site).await.into_iter().collect();
    assert!(dropped.contains("books:*"), "book 2 is gone: {dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_names_what_was_written_past_the_connection_and_nothing_else() {
    use easy_cache_sea_orm::feed::told;
    use sea_orm::ConnectionTrait;
    for kind in KINDS {
        let site = Site::with_outbox(kind).await;
        let audit = site.db.audit();
        site.db.execute_unprepared("UPDATE books SET title = 'x' WHERE id = 1").await.unwrap();
        assert_eq!(audit.missed(&told(&site.db).await.unwrap()), [], "{kind:?}");
        site.write("DELETE FROM easy_cache_outbox").await;
        site.write("UPDATE books SET title = 'y' WHERE id = 1").await;
        assert_eq!(audit.missed(&told(&site.db).await.unwrap()).len(), 1, "{kind:?}");
    }
}
