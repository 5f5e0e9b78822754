//! Savepoints: what was released merges into the transaction around, what was rolled back is forgotten, and a database that
//! has ended the transaction by itself loses no invalidation.

use easy_cache_sea_orm::CachedTx;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, TransactionTrait};

use crate::entities::book;
use crate::shop::{Shop, new_book, retitled};

async fn title_behind(shop: &Shop, id: i32) -> String {
    book::Entity::find_by_id(id).one(shop.behind()).await.unwrap().unwrap().title
}

#[tokio::test]
async fn what_is_released_is_told_by_the_outer_commit_and_what_is_rolled_back_is_not() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    let kept = tx.begin().await.unwrap();
    retitled(1, "Kept").update(&kept).await.unwrap();
    kept.commit().await.unwrap();
    let undone = tx.begin().await.unwrap();
    retitled(2, "Undone").update(&undone).await.unwrap();
    undone.rollback().await.unwrap();
    let dropped = tx.begin().await.unwrap();
    dropped.execute_unprepared("DELETE FROM loans").await.unwrap();
    drop(dropped);
    assert_eq!(shop.dropped().await, [""; 0], "nothing before the outer COMMIT");
    tx.commit().await.unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

// case 75
#[tokio::test]
async fn after_a_nested_rollback_everybody_reads_the_old_value() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    let tx = shop.db.begin().await.unwrap();
    let nested = tx.transaction_async(async |nested: &CachedTx| {
        retitled(1, "Changed").update(nested).await?;
        Err::<(), _>(DbErr::Custom("no".into()))
    });
    nested.await.unwrap_err();
    assert_eq!(book::Entity::find_by_id(1).one(&tx).await.unwrap().unwrap().title, "Emma");
    assert!(shop.title_is_hit(1).await);
    tx.commit().await.unwrap();
    assert!(shop.title_is_hit(1).await);
    assert_eq!(shop.title(1).await, "Emma");
}

#[tokio::test]
async fn savepoints_nest_in_closures() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let outcome = shop.db.transaction::<_, _, DbErr>(|tx| {
        Box::pin(async move {
            retitled(1, "One").update(tx).await?;
            let inner =
                tx.transaction::<_, _, DbErr>(|inner| Box::pin(async move { retitled(2, "Emma").update(inner).await }));
            Ok(inner.await.is_ok())
        })
    });
    assert!(outcome.await.unwrap(), "the title is free inside the transaction");
    assert_eq!(shop.dropped().await, ["books", "books:1", "books:2"]);
}

#[tokio::test]
async fn handles_that_end_in_the_wrong_order_lose_no_invalidation() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    let tx = shop.db.begin().await.unwrap();
    let first = tx.begin().await.unwrap();
    retitled(1, "First").update(&first).await.unwrap();
    let second = first.begin().await.unwrap();
    // The driver rolls the innermost savepoint back, and then releases the one that wrote.
    first.rollback().await.unwrap();
    second.commit().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(title_behind(&shop, 1).await, "First");
    assert_eq!(shop.title(1).await, "First");
}

#[tokio::test]
async fn the_last_handle_to_end_is_the_one_that_commits() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    let tx = shop.db.begin().await.unwrap();
    let savepoint = tx.begin().await.unwrap();
    retitled(1, "Changed").update(&savepoint).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(title_behind(&shop, 1).await, "Emma", "that was the savepoint's release");
    assert_eq!(shop.title(1).await, "Emma");
    savepoint.commit().await.unwrap();
    assert_eq!(title_behind(&shop, 1).await, "Changed");
    assert_eq!(shop.title(1).await, "Changed");
}

#[tokio::test]
async fn what_is_written_after_the_database_has_ended_the_transaction_is_told_at_once() {
    let shop = Shop::on_disk().await;
    let dismiss = "INSERT OR ROLLBACK INTO books VALUES (1, 'Emma', 1)";
    let tx = shop.db.begin().await.unwrap();
    tx.execute_unprepared(dismiss).await.unwrap_err();
    assert_eq!(shop.title(1).await, "Emma");
    retitled(1, "Autocommitted").update(&tx).await.unwrap();
    assert_eq!(title_behind(&shop, 1).await, "Autocommitted", "the transaction was over");
    assert_eq!(shop.title(1).await, "Autocommitted");
    drop(tx);
    assert_eq!(shop.title(1).await, "Autocommitted");
}

#[tokio::test]
async fn a_rollback_that_fails_loses_no_invalidation() {
    let shop = Shop::in_memory().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    tx.execute_unprepared("COMMIT").await.unwrap();
    assert_eq!(shop.dropped().await.len(), 6, "a COMMIT in the text may have been the commit of everything");
    retitled(2, "Autocommitted").update(&tx).await.unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:2"]);
    tx.rollback().await.unwrap_err();
    assert_eq!(shop.title(2).await, "Autocommitted");
}

#[tokio::test]
async fn savepoints_in_the_text_of_a_statement_are_harmless() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    for text in ["SAVEPOINT mine", "UPDATE books SET title = 'x' WHERE id = 1", "RELEASE mine"] {
        tx.execute_unprepared(text).await.unwrap();
    }
    assert_eq!(shop.dropped().await, [""; 0]);
    tx.commit().await.unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

#[tokio::test]
async fn an_error_that_a_savepoint_survives_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    let attempt = tx.begin().await.unwrap();
    new_book("Emma").insert(&attempt).await.unwrap_err();
    attempt.rollback().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(shop.dropped().await, [""; 0]);
}
