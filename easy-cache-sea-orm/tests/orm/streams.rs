//! Writes whose rows are read one by one.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, StreamTrait, TransactionTrait};
use tokio::time::timeout;

use crate::entities::book;
use crate::shop::Shop;

const RETITLE: &str = "UPDATE books SET title = title || '!' WHERE id = 1 RETURNING title";

fn sqlite(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn a_streamed_write_is_told_when_its_last_row_was_read() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let mut rows = shop.db.stream_raw(sqlite(RETITLE)).await.unwrap();
    assert!(!shop.serves("books:1").await, "held since before it was sent");
    assert!(rows.next().await.unwrap().is_ok());
    assert!(rows.next().await.is_none());
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn a_streamed_write_that_is_dropped_counts_as_done_at_its_deadline() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    let mut rows = shop.db.stream_raw(sqlite(RETITLE)).await.unwrap();
    assert!(rows.next().await.unwrap().is_ok());
    shop.title(1).await;
    drop(rows);
    assert!(!shop.title_is_hit(1).await, "it is computed, not served, until the deadline");
    let committed = async {
        while book::Entity::find_by_id(1).one(shop.behind()).await.unwrap().unwrap().title == "Emma" {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), committed).await.unwrap();
    shop.clock.advance(Duration::from_secs(30));
    assert_eq!(shop.title(1).await, "Emma!");
    assert!(shop.title_is_hit(1).await);
}

#[tokio::test]
async fn a_streamed_write_that_is_refused_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let mut rows = shop.db.stream_raw(sqlite("UPDATE books SET title = NULL WHERE id = 1 RETURNING id")).await.unwrap();
    assert!(rows.next().await.unwrap().is_err());
    assert_eq!(shop.dropped().await, [""; 0]);
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_cannot_be_opened_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    shop.db.close_by_ref().await.unwrap();
    assert!(shop.db.stream_raw(sqlite(RETITLE)).await.is_err());
    assert_eq!(shop.dropped().await, [""; 0]);
}

#[tokio::test]
async fn a_stream_in_a_transaction_is_told_by_the_commit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    let rows: Vec<_> = tx.stream_raw(sqlite(RETITLE)).await.unwrap().try_collect().await.unwrap();
    assert_eq!(rows.len(), 1);
    let read: Vec<book::Model> = book::Entity::find().stream(&tx).await.unwrap().try_collect().await.unwrap();
    assert_eq!(read[0].title, "Emma!");
    assert_eq!(shop.dropped().await, [""; 0]);
    tx.commit().await.unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

#[tokio::test]
async fn after_an_error_in_a_stream_the_transaction_may_be_over() {
    let shop = Shop::on_disk().await;
    let tx = shop.db.begin().await.unwrap();
    let failing = sqlite("INSERT OR ROLLBACK INTO books VALUES (1, 'Emma', 1) RETURNING id");
    let mut rows = tx.stream_raw(failing).await.unwrap();
    assert!(rows.next().await.unwrap().is_err());
    drop(rows);
    assert_eq!(shop.title(1).await, "Emma");
    tx.execute_unprepared("UPDATE books SET title = 'Autocommitted' WHERE id = 1").await.unwrap();
    assert_eq!(shop.title(1).await, "Autocommitted");
}
