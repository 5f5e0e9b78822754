//! What every database does with a followed connection of diesel-async: alone, in pools, in transactions, and when a future is dropped.

use diesel::insert_into;
use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::{bb8, deadpool};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use easy_cache_diesel::AsyncCachedQuery;

use crate::home::Conn;
use crate::shop::{Shop, books, retitle};

fn manager(shop: &Shop) -> AsyncDieselConnectionManager<Conn> {
    AsyncDieselConnectionManager::new_with_config(shop.home.url(), shop.db.manager_config())
}

/// Reads, writes, reads; and the same in a transaction.
async fn check(shop: &Shop, conn: &mut Conn) {
    for again in [false, true] {
        assert_eq!((shop.title(conn, 1).await.as_str(), shop.keeps("title:1").await), ("Emma", true), "{again}");
    }
    assert_eq!((shop.title(conn, 2).await, shop.count(conn).await), ("Persuasion".to_owned(), 2));
    retitle(conn, 1, "New").await.unwrap();
    assert!(!shop.keeps("title:1").await && !shop.keeps("count").await);
    assert!(shop.keeps("title:2").await, "another row");
    assert_eq!(shop.title(conn, 1).await, "New");
    conn.transaction::<_, Error, _>(async |conn| {
        retitle(conn, 2, "Newer").await?;
        assert!(shop.keeps("title:2").await, "nothing is committed yet");
        Ok(())
    })
    .await
    .unwrap();
    assert!(!shop.keeps("title:2").await && shop.keeps("title:1").await);
}

#[tokio::test]
async fn a_connection_tells_what_it_reads_and_what_it_writes() {
    let shop = Shop::new();
    check(&shop, &mut shop.connection().await).await;
}

#[tokio::test]
async fn a_pool_of_deadpool_follows_its_connections() {
    let shop = Shop::new();
    let pool = deadpool::Pool::builder(manager(&shop)).build().unwrap();
    check(&shop, &mut pool.get().await.unwrap()).await;
}

#[tokio::test]
async fn a_pool_of_bb8_follows_its_connections() {
    let shop = Shop::new();
    let pool = bb8::Pool::builder().max_size(2).build(manager(&shop)).await.unwrap();
    check(&shop, &mut pool.get().await.unwrap()).await;
}

#[tokio::test]
async fn a_rollback_tells_nothing_and_reads_in_a_transaction_are_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection().await;
    shop.title(c, 1).await;
    let refused = c.transaction::<(), Error, _>(async |c| {
        retitle(c, 1, "Never").await?;
        assert_eq!(books::table.find(1).select(books::title).first_cached::<String, _>(c).await?.as_str(), "Never");
        Err(Error::RollbackTransaction)
    });
    refused.await.unwrap_err();
    assert!(shop.keeps("title:1").await);
    assert_eq!(*books::table.find(1).select(books::title).first_cached::<String, _>(c).await.unwrap(), "Emma");
}

#[tokio::test]
async fn queries_are_answered_from_the_cache_until_what_they_read_changes() {
    let shop = Shop::new();
    let c = &mut shop.connection().await;
    let titles = books::table.select(books::title).order(books::id);
    for _ in 0..2 {
        assert_eq!(*titles.load_cached::<String, _>(c).await.unwrap(), ["Emma", "Persuasion"]);
        assert_eq!(books::table.count_cached(c).await, Ok(2));
        assert_eq!(books::table.find_cached::<(i32, String), _, _>(1, c).await.unwrap().1, "Emma");
        assert_eq!(books::table.find_cached::<(i32, String), _, _>(7, c).await, Err(Error::NotFound));
        // Behind everybody's back: what is answered from the cache does not notice.
        shop.sql("UPDATE books SET title = 'Emma' WHERE id = 1; INSERT INTO books SELECT 3, 'Behind' WHERE NOT EXISTS (SELECT * FROM books WHERE id = 3)");
    }
    insert_into(books::table).values((books::id.eq(7), books::title.eq("Seven"))).execute(c).await.unwrap();
    assert_eq!(books::table.count_cached(c).await, Ok(4));
    assert_eq!(titles.load_cached::<String, _>(c).await.unwrap().len(), 4);
    assert_eq!(books::table.find_cached::<(i32, String), _, _>(7, c).await.unwrap().1, "Seven");
}

/// A transaction of another program that has locked a row.
pub(crate) async fn lock(shop: &Shop, id: i32) -> Conn {
    let mut other = shop.behind().await;
    other.batch_execute(&format!("BEGIN; SELECT * FROM books WHERE id = {id} FOR UPDATE")).await.unwrap();
    other
}

#[tokio::test]
async fn a_query_that_was_made_outside_of_the_computation_that_awaits_it_is_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection().await;
    let made_outside = books::table.count().get_result::<i64>(c);
    assert_eq!(shop.cache.get_or_compute("outside", made_outside).await, Ok(2));
    assert!(!shop.keeps("outside").await, "nobody noticed what it reads");
    let made_inside = async { books::table.count().get_result::<i64>(c).await };
    assert_eq!(shop.cache.get_or_compute("inside", made_inside).await, Ok(2));
    assert!(shop.keeps("inside").await);
}
