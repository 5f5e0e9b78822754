//! Cached functions that are called with a transaction, or inside one.

use std::sync::atomic::{AtomicUsize, Ordering};

use easy_cache_core::{Bypass, ecached};
use easy_cache_sea_orm::{CachedDb, CachedTx};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, TransactionTrait};

use crate::entities::book;
use crate::shop::{Shop, retitled};

async fn title_of(db: &impl ConnectionTrait, id: i32) -> Result<String, DbErr> {
    book::Entity::find_by_id(id).require_one(db).await.map(|book| book.title)
}

#[tokio::test]
async fn a_cached_function_that_is_given_a_transaction_neither_reads_nor_fills() {
    #[ecached("bypass:tx:{id}", skip(tx))]
    async fn title(tx: &CachedTx, id: i32) -> Result<String, DbErr> {
        title_of(tx, id).await
    }
    let shop = Shop::on_disk().await;
    let tx = shop.db.begin().await.unwrap();
    assert_eq!(title(&tx, 1).await.unwrap(), "Emma");
    retitled(1, "Mine").update(&tx).await.unwrap();
    assert_eq!(title(&tx, 1).await.unwrap(), "Mine");
    assert_eq!(title_key(&1).peek(), None);
}

#[tokio::test]
async fn one_function_serves_connections_from_the_cache_and_transactions_without() {
    #[ecached("bypass:generic:{id}", skip(db))]
    async fn title<C: ConnectionTrait + Bypass>(db: &C, id: i32) -> Result<String, DbErr> {
        title_of(db, id).await
    }
    let shop = Shop::on_disk().await;
    assert_eq!(title(&shop.db, 1).await.unwrap(), "Emma");
    let before = shop.statements();
    assert_eq!(title(&shop.db, 1).await.unwrap(), "Emma");
    assert_eq!(shop.statements(), before, "a hit");
    let tx = shop.db.begin().await.unwrap();
    retitled(1, "Mine").update(&tx).await.unwrap();
    assert_eq!(title(&tx, 1).await.unwrap(), "Mine");
    assert_eq!(title(&shop.db, 1).await.unwrap(), "Emma");
    tx.commit().await.unwrap();
    assert_eq!(title(&shop.db, 1).await.unwrap(), "Mine");
}

#[tokio::test]
async fn inside_a_closure_every_cached_function_computes() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    #[ecached("bypass:closure:{id}", skip(db))]
    async fn title(db: &CachedDb, id: i32) -> Result<String, DbErr> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        title_of(db, id).await
    }
    let shop = Shop::on_disk().await;
    assert_eq!(title(&shop.db, 1).await.unwrap(), "Emma");
    let twice = shop.db.transaction_async(async |tx: &CachedTx| {
        retitled(1, "Mine").update(tx).await?;
        Ok::<_, DbErr>((title(&shop.db, 1).await?, title(&shop.db, 1).await?))
    });
    assert_eq!(twice.await.unwrap(), ("Emma".to_owned(), "Emma".to_owned()), "read beside the transaction");
    assert_eq!(CALLS.load(Ordering::SeqCst), 3);
    assert_eq!(title(&shop.db, 1).await.unwrap(), "Mine");
}

#[tokio::test]
async fn what_is_computed_around_a_transaction_is_not_kept() {
    let shop = Shop::on_disk().await;
    let around = async {
        shop.db.transaction_async(async |tx: &CachedTx| title_of(tx, 1).await).await.map_err(|error| error.to_string())
    };
    assert_eq!(shop.cache.get_or_compute("around", around).await.unwrap(), "Emma");
    assert_eq!(shop.cache.get::<String>("around").await, None);
}
