//! The connection inside, lent to what needs the type itself.

use std::time::Duration;

use easy_cache_sea_orm::CachedDb;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, EntityTrait};

use crate::entities::{author, book};
use crate::shop::{Shop, TAGS};

#[tokio::test]
async fn while_the_connection_is_lent_nothing_is_served_and_everything_is_dropped_after_it() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let migrated = shop.db.with_inner(async |inner: &DatabaseConnection| {
        inner.execute_unprepared("UPDATE books SET title = 'Migrated' WHERE id = 1").await?;
        Ok::<_, DbErr>(shop.serves("loans").await)
    });
    assert!(!migrated.await.unwrap());
    assert_eq!(shop.dropped().await, TAGS);
    assert_eq!(shop.title(1).await, "Migrated");
}

#[tokio::test]
async fn a_connection_that_is_lent_for_longer_than_a_hold_lasts_is_held_until_it_is_given_back() {
    let shop = Shop::on_disk().await;
    let lent = shop.db.with_inner(async |_: &DatabaseConnection| {
        for _ in 0..9 {
            shop.clock.advance(Duration::from_secs(15));
            tokio::task::yield_now().await;
            shop.watch().await;
            assert!(!shop.serves("books").await);
        }
        Ok::<_, DbErr>(())
    });
    lent.await.unwrap();
    shop.watch().await;
    assert!(shop.serves("books").await, "nothing is held any more");
    shop.clock.advance(Duration::from_secs(60));
    assert_eq!(shop.dropped().await, [""; 0], "nor counts as written later");
}

#[tokio::test]
async fn what_fails_half_way_has_dropped_everything_as_well() {
    let shop = Shop::on_disk().await;
    shop.watch().await;
    let half = shop.db.with_inner(async |inner: &DatabaseConnection| {
        inner.execute_unprepared("DELETE FROM loans").await?;
        Err::<(), _>(DbErr::Migration("the second step".into()))
    });
    assert_eq!(half.await.unwrap_err(), DbErr::Migration("the second step".into()));
    assert_eq!(shop.dropped().await, TAGS);
}

#[tokio::test]
async fn a_schema_is_built_through_the_wrapper() {
    let db = CachedDb::from(sea_orm::Database::connect("sqlite::memory:").await.unwrap());
    let schema = db.get_schema_builder().register(author::Entity).register(book::Entity);
    schema.apply(&db).await.unwrap();
    assert!(book::Entity::find().all(&db).await.unwrap().is_empty());
}
