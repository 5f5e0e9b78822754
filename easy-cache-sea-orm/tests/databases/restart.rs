//! A database that goes away and comes back.

use std::time::Duration;

use easy_cache_sea_orm::{CachedDb, CachedSelect};
use easy_cache_servers::Postgres;
use easy_cache_sql::Dialect;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tokio::time::timeout;

use crate::site::{Site, book, retitled};

async fn title(db: &CachedDb) -> Result<String, sea_orm::DbErr> {
    let emma = book::Entity::find_by_id(1).one_cached(db).await?;
    Ok(emma.map_or_else(String::new, |book| book.title.clone()))
}

// case 92
#[tokio::test(flavor = "multi_thread")]
async fn after_the_database_was_killed_and_started_again_writes_are_told_as_before() {
    let postgres = Postgres::start();
    let site = Site::at(postgres.database().url, None, Dialect::Postgres).await;
    assert_eq!(title(&site.db).await.unwrap(), "Emma");
    postgres.kill();
    assert_eq!(title(&site.db).await.unwrap(), "Emma", "what is kept is served without a database");
    postgres.start_again();
    let written = async {
        while retitled(1, "Changed").update(&site.db).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), written).await.expect("the pool connects anew");
    assert_eq!(title(&site.db).await.unwrap(), "Changed");
    retitled(1, "Again").update(&site.db).await.unwrap();
    assert_eq!(title(&site.db).await.unwrap(), "Again");
}
