//! Holds: from before a write is sent until its outcome is known, nothing is served that it may make outdated.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, TransactionTrait};
use tokio::time::timeout;

use crate::entities::{author, book};
use crate::shop::{Shop, new_book, poll_once, retitled};

const PATIENCE: Duration = Duration::from_secs(20);

/// Lets other tasks run until the witness is not served any more.
async fn until_held(shop: &Shop, name: &str) {
    let held = async {
        while shop.serves(name).await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, held).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_served_while_a_commit_waits() {
    let shop = Shop::with_waiting_commits().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    assert!(shop.serves("books:1").await, "an open transaction holds nothing");
    let reader = shop.behind().begin().await.unwrap();
    book::Entity::find().all(&reader).await.unwrap();
    let commit = tokio::spawn(tx.commit());
    until_held(&shop, "books:1").await;
    assert!(!shop.serves("books").await);
    assert!(shop.serves("books:2").await && shop.serves("authors").await, "others are not held");
    assert!(!commit.is_finished(), "the reader is still there");
    assert_eq!(book::Entity::find_by_id(1).one(&reader).await.unwrap().unwrap().title, "Emma");
    reader.rollback().await.unwrap();
    commit.await.unwrap().unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_served_while_a_statement_waits() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let writer = shop.behind().begin().await.unwrap();
    writer.execute_unprepared("UPDATE loans SET days = 0").await.unwrap();
    let db = shop.db.clone();
    let write = tokio::spawn(async move { retitled(1, "Changed").update(&db).await });
    until_held(&shop, "books:1").await;
    assert!(shop.serves("books:2").await);
    assert!(!write.is_finished(), "the other writer is still there");
    writer.rollback().await.unwrap();
    write.await.unwrap().unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

#[tokio::test]
async fn a_write_whose_future_is_dropped_is_not_served_until_the_deadline_and_counts_as_done_then() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let taken = shop.occupied().await;
    let mut write = Box::pin(retitled(1, "Perhaps").update(&shop.db));
    assert!(poll_once(&mut write).is_pending());
    drop(write);
    drop(taken);
    assert!(!shop.serves("books:1").await);
    shop.clock.advance(Duration::from_secs(29));
    assert!(!shop.serves("books:1").await);
    assert!(shop.serves("books:2").await);
    shop.clock.advance(Duration::from_secs(1));
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
    assert_eq!(shop.dropped().await, [""; 0], "and from then on all is as before");
}

#[tokio::test]
async fn a_commit_whose_future_is_dropped_is_not_served_until_the_deadline_and_counts_as_done_then() {
    let shop = Shop::on_disk().await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Perhaps").update(&tx).await.unwrap();
    shop.watch().await;
    let mut commit = Box::pin(tx.commit());
    let _ = poll_once(&mut commit);
    drop(commit);
    shop.clock.advance(Duration::from_secs(30));
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

#[tokio::test]
async fn a_refused_commit_changes_nothing_and_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    let orphan = book::ActiveModel { author_id: sea_orm::Set(77), ..new_book("Orphan") };
    orphan.insert(&tx).await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    assert!(tx.commit().await.unwrap_err().sql_err().is_some(), "the foreign key is checked by the COMMIT");
    assert_eq!(shop.dropped().await, [""; 0]);
    assert_eq!(shop.titles().await, ["Emma", "Villette", "Persuasion"]);
    retitled(1, "Changed").update(&shop.db).await.unwrap();
    assert_eq!(shop.titles().await[0], "Changed");
}

#[tokio::test]
async fn a_commit_that_is_too_busy_changes_nothing_and_costs_no_hit() {
    let shop = Shop::with_refused_commits().await;
    shop.watch().await;
    let reader = shop.behind().begin().await.unwrap();
    book::Entity::find().all(&reader).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    tx.commit().await.unwrap_err();
    reader.rollback().await.unwrap();
    // The driver rolls the refused transaction back behind its future; until then, a reader that does not wait is refused.
    let rolled_back = async {
        while book::Entity::find().all(shop.behind()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), rolled_back).await.unwrap();
    assert_eq!(shop.dropped().await, [""; 0]);
    assert_eq!(shop.title(1).await, "Emma");
}

#[tokio::test]
async fn a_write_that_finds_no_connection_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    shop.db.close_by_ref().await.unwrap();
    retitled(1, "Changed").update(&shop.db).await.unwrap_err();
    author::Entity::delete_by_id(1).exec(&shop.db).await.unwrap_err();
    assert_eq!(shop.dropped().await, [""; 0]);
}

#[tokio::test]
async fn two_writers_of_one_row_hold_it_until_both_are_done() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let taken = shop.occupied().await;
    let mut given_up = Box::pin(retitled(1, "Perhaps").update(&shop.db));
    assert!(poll_once(&mut given_up).is_pending());
    drop(given_up);
    drop(taken);
    retitled(1, "Changed").update(&shop.db).await.unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
    assert!(!shop.serves("books:1").await, "the first one may still happen");
    shop.clock.advance(Duration::from_secs(30));
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
    assert!(shop.serves("books:1").await);
}
