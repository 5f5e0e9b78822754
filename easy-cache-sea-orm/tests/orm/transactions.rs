//! Transactions: nothing is told before the COMMIT, everything at once after it, and nothing at all after a rollback.

use easy_cache_core::{Cache, Scope};
use easy_cache_sea_orm::{CachedDb, CachedTx};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IsolationLevel, TransactionError, TransactionOptions,
    TransactionTrait,
};

use crate::entities::{author, book};
use crate::shop::{Shop, new_book, retitled};

async fn title_in(db: &impl ConnectionTrait, id: i32) -> String {
    book::Entity::find_by_id(id).one(db).await.unwrap().unwrap().title
}

// case 74
#[tokio::test]
async fn a_change_is_seen_inside_at_once_and_outside_after_the_commit() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    assert_eq!(title_in(&tx, 1).await, "Changed");
    assert!(shop.title_is_hit(1).await);
    assert_eq!(shop.title(1).await, "Emma");
    tx.commit().await.unwrap();
    assert_eq!(shop.title(1).await, "Changed");
    assert_eq!(title_in(&shop.db, 1).await, "Changed");
}

// case 77
#[tokio::test]
async fn an_integrity_error_that_rolls_back_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    shop.title(1).await;
    let result = shop.db.transaction(|tx| {
        Box::pin(async move {
            retitled(1, "Changed").update(tx).await?;
            new_book("Villette").insert(tx).await
        })
    });
    assert!(matches!(result.await, Err(TransactionError::Transaction(DbErr::Query(_)))));
    assert_eq!(shop.dropped().await, [""; 0]);
    assert!(shop.title_is_hit(1).await);
}

// case 78
#[tokio::test]
async fn the_invalidation_has_happened_when_the_commit_returns() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    shop.db
        .transaction::<_, _, DbErr>(|tx| Box::pin(async move { retitled(1, "Changed").update(tx).await }))
        .await
        .unwrap();
    assert!(!shop.serves("books").await && !shop.serves("books:1").await, "whatever runs next finds nothing old");
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
}

// case 79
#[tokio::test]
async fn what_was_read_in_a_transaction_is_kept_by_nobody() {
    let shop = Shop::on_disk().await;
    let tx = shop.db.begin().await.unwrap();
    let mut scope = Scope::new();
    scope.wrap(title_in(&tx, 1)).await;
    assert!(scope.is_tainted());
    let cached = async || {
        let read = async { Ok::<_, DbErr>(title_in(&tx, 1).await) };
        shop.cache.get_or_compute("inside", read).await.unwrap()
    };
    assert_eq!(cached().await, "Emma");
    retitled(1, "Mine").update(&tx).await.unwrap();
    assert_eq!(cached().await, "Mine");
    tx.rollback().await.unwrap();
    assert_eq!(shop.cache.get::<String>("inside").await, None);
    assert!(!shop.title_is_hit(1).await);
}

// case 79
#[tokio::test]
async fn a_write_that_is_rolled_back_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    shop.titles().await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    tx.execute_unprepared("REINDEX; UPDATE loans SET days = 0").await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(shop.dropped().await, [""; 0]);
    let before = shop.statements();
    assert_eq!(shop.titles().await[0], "Emma");
    assert_eq!(shop.statements(), before);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    drop(tx);
    assert_eq!(shop.dropped().await, [""; 0]);
    assert_eq!(title_in(&shop.db, 1).await, "Emma");
}

// case 80
#[tokio::test]
async fn a_list_inside_shows_what_was_created_inside() {
    let shop = Shop::on_disk().await;
    let tx = shop.db.begin().await.unwrap();
    let list = async || {
        let read = async { book::Entity::find().all(&tx).await.map(|books| books.len()) };
        shop.cache.get_or_compute("list", read).await.unwrap()
    };
    let before = shop.statements();
    assert_eq!(list().await, 3);
    new_book("New").insert(&tx).await.unwrap();
    assert_eq!(list().await, 4);
    assert_eq!(shop.statements(), before + 3);
    tx.rollback().await.unwrap();
}

// case 81
#[tokio::test]
async fn another_connection_sees_nothing_before_the_commit() {
    let shop = Shop::on_disk().await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    assert_eq!(shop.title(1).await, "Emma", "computed beside the transaction");
    assert!(shop.title_is_hit(1).await);
    tx.commit().await.unwrap();
    let before = shop.statements();
    assert_eq!(shop.title(1).await, "Changed");
    assert_eq!(shop.statements(), before + 1);
}

// case 84
#[tokio::test]
async fn of_two_databases_one_commits_and_the_other_rolls_back() {
    let (shop, other) = (Shop::on_disk().await, Shop::on_disk().await);
    let slave = CachedDb::builder(other.behind().clone(), &shop.cache).model::<book::Entity>().build();
    assert_eq!(shop.title(1).await, "Emma");
    let (tx, on_slave) = (shop.db.begin().await.unwrap(), slave.begin().await.unwrap());
    retitled(1, "Changed").update(&tx).await.unwrap();
    retitled(1, "Lost").update(&on_slave).await.unwrap();
    tx.commit().await.unwrap();
    on_slave.rollback().await.unwrap();
    assert_eq!(shop.title(1).await, "Changed");
}

// case 85
#[tokio::test]
async fn a_reader_that_read_before_the_commit_and_stores_after_it_is_refused() {
    let shop = Shop::on_disk().await;
    let read_then_write = async {
        let old = title_in(&shop.db, 1).await;
        let tx = shop.db.begin().await?;
        // The writer is somebody else: another task, without the reader's scope.
        let mut elsewhere = Scope::new();
        elsewhere.wrap(async { retitled(1, "Changed").update(&tx).await }).await?;
        tx.commit().await?;
        Ok::<_, DbErr>(old)
    };
    assert_eq!(shop.cache.get_or_compute("reader", read_then_write).await.unwrap(), "Emma");
    assert_eq!(shop.cache.get::<String>("reader").await, None, "the answer was given, and not kept");
}

// case 87
#[tokio::test]
async fn a_reader_with_an_older_snapshot_fills_nothing() {
    let shop = Shop::on_disk().await;
    let snapshot = shop.db.begin().await.unwrap();
    assert_eq!(title_in(&snapshot, 2).await, "Villette");
    retitled(1, "Changed").update(&shop.db).await.unwrap();
    let late = async { Ok::<_, DbErr>(title_in(&snapshot, 1).await) };
    assert_eq!(
        shop.cache.get_or_compute("late", late).await.unwrap(),
        "Emma",
        "began after the write, reads before it"
    );
    assert_eq!(shop.cache.get::<String>("late").await, None);
}

// case 90
#[tokio::test]
async fn an_old_value_that_is_set_after_the_commit_is_refused() {
    let shop = Shop::on_disk().await;
    let fence = shop.cache.fence();
    let old = title_in(&shop.db, 1).await;
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let tags = [shop.db.row_tag::<book::Entity>(1), shop.db.unknown_rows_tag::<book::Entity>()];
    shop.cache.set("late", old).tags(tags).fence(fence).await;
    assert_eq!(shop.cache.get::<String>("late").await, None);
}

#[tokio::test]
async fn closures_commit_roll_back_and_hand_the_error_out() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let committed = shop.db.transaction_async(async |tx: &CachedTx| retitled(2, "Two").update(tx).await).await;
    assert_eq!(committed.unwrap().title, "Two");
    assert_eq!(shop.dropped().await, ["books", "books:2"]);
    let rolled_back = shop.db.transaction_async(async |tx: &CachedTx| {
        retitled(2, "Three").update(tx).await?;
        Err::<(), _>(DbErr::Custom("changed my mind".into()))
    });
    let error = rolled_back.await.unwrap_err();
    assert!(matches!(error, TransactionError::Transaction(DbErr::Custom(why)) if why == "changed my mind"));
    assert_eq!(shop.dropped().await, [""; 0]);
    let level = Some(IsolationLevel::Serializable);
    let configured = shop.db.transaction_with_config::<_, _, DbErr>(
        |tx| Box::pin(async move { retitled(1, "One").update(tx).await }),
        level,
        None,
    );
    configured.await.unwrap();
    assert_eq!(shop.dropped().await, ["books", "books:1"]);
    let tx = shop.db.begin_with_options(TransactionOptions::default()).await.unwrap();
    author::Entity::delete_by_id(3).exec(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.dropped().await, ["authors", "books", "books:*"]);
}

#[tokio::test]
async fn a_transaction_that_only_reads_costs_no_hit() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let tx = shop.db.begin().await.unwrap();
    title_in(&tx, 1).await;
    tx.commit().await.unwrap();
    assert_eq!(shop.dropped().await, [""; 0]);
}

#[tokio::test]
async fn a_cache_that_is_switched_off_still_hears_of_writes() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    let cache: &Cache = shop.db.cache();
    cache.set_enabled(false);
    retitled(1, "Changed").update(&shop.db).await.unwrap();
    cache.set_enabled(true);
    assert_eq!(shop.title(1).await, "Changed");
}

// case 92
#[tokio::test]
async fn after_an_error_of_the_database_writes_are_told_as_before() {
    let shop = Shop::on_disk().await;
    assert_eq!(shop.title(1).await, "Emma");
    shop.behind().execute_unprepared("ALTER TABLE books RENAME TO gone").await.unwrap();
    retitled(1, "Lost").update(&shop.db).await.unwrap_err();
    shop.behind().execute_unprepared("ALTER TABLE gone RENAME TO books").await.unwrap();
    retitled(1, "Changed").update(&shop.db).await.unwrap();
    assert_eq!(shop.title(1).await, "Changed");
}
