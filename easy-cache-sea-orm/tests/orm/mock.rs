//! SeaORM's mock connection, wrapped like any other.

use easy_cache_sea_orm::{CachedDb, CachedSelect};
use sea_orm::{ActiveModelTrait, DbBackend, DbErr, EntityTrait, MockDatabase, TransactionTrait};

use crate::entities::book;
use crate::shop::retitled;

fn emma(title: &str) -> Vec<book::Model> {
    vec![book::Model { id: 1, title: title.to_owned(), author_id: 1 }]
}

async fn title(db: &CachedDb) -> Option<String> {
    book::Entity::find_by_id(1).one_cached(db).await.unwrap().map(|book| book.title.clone())
}

#[tokio::test]
async fn a_mock_is_asked_once_until_a_write_and_its_log_tells() {
    let results = [emma("Emma"), emma("Changed"), emma("Changed")];
    let mock = MockDatabase::new(DbBackend::Postgres).append_query_results(results).into_connection();
    let db = CachedDb::from(mock);
    for _ in 0..3 {
        assert_eq!(title(&db).await.as_deref(), Some("Emma"));
    }
    retitled(1, "Changed").update(&db).await.unwrap();
    assert_eq!(title(&db).await.as_deref(), Some("Changed"));
    let log = db.into_inner().into_transaction_log();
    assert_eq!(log.len(), 3, "read, written, read: {log:?}");
    assert!(format!("{:?}", log[0]).contains("LIMIT"), "one row is asked for: {log:?}");
}

#[tokio::test]
async fn a_mocked_transaction_is_told_by_its_commit() {
    let results = [emma("Emma"), emma("Lost"), emma("Changed"), emma("Changed")];
    let db = CachedDb::from(MockDatabase::new(DbBackend::Postgres).append_query_results(results).into_connection());
    assert_eq!(title(&db).await.as_deref(), Some("Emma"));
    let tx = db.begin().await.unwrap();
    retitled(1, "Lost").update(&tx).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(title(&db).await.as_deref(), Some("Emma"));
    let tx = db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    assert_eq!(title(&db).await.as_deref(), Some("Emma"));
    tx.commit().await.unwrap();
    assert_eq!(title(&db).await.as_deref(), Some("Changed"));
}

#[tokio::test]
async fn what_a_mock_refuses_reaches_the_caller_and_is_not_kept() {
    let mock = MockDatabase::new(DbBackend::Postgres).append_query_errors([DbErr::Custom("no".into())]);
    let db = CachedDb::from(mock.append_query_results([emma("Emma")]).into_connection());
    let refused = book::Entity::find_by_id(1).one_cached(&db).await;
    assert_eq!(refused.unwrap_err(), DbErr::Custom("no".into()));
    assert_eq!(title(&db).await.as_deref(), Some("Emma"));
}
