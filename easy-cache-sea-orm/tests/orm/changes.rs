//! Callbacks: told of what is committed, whoever wrote it, and of nothing else.

use std::sync::Arc;
use std::time::Duration;

use easy_cache_sea_orm::{CachedDb, CachedSelect, CachedTx, Change, WriteKind};
use parking_lot::Mutex;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, TransactionError, TransactionTrait,
};

use crate::entities::{author, book, loan};
use crate::shop::{Shop, new_book, retitled};

/// What was told of books and loans.
struct Told {
    shop: Shop,
    changes: Arc<Mutex<Vec<Change>>>,
}

impl Told {
    async fn new() -> Self {
        let (shop, changes) = (Shop::on_disk().await, Arc::new(Mutex::new(Vec::new())));
        let (books, loans) = (Arc::clone(&changes), Arc::clone(&changes));
        shop.db.on_change::<book::Entity>(move |change| books.lock().push(change.clone()));
        shop.db.on_change::<loan::Entity>(move |change| loans.lock().push(change.clone()));
        Self { shop, changes }
    }

    fn db(&self) -> &CachedDb {
        &self.shop.db
    }

    /// Since the last time.
    fn all(&self) -> Vec<Change> {
        assert!(self.db().wait_until_told(Duration::from_secs(30)));
        std::mem::take(&mut self.changes.lock())
    }

    fn keys(&self) -> Vec<(WriteKind, Option<Vec<i32>>)> {
        self.all().iter().map(|change| (change.kind, change.keys())).collect()
    }
}

#[tokio::test]
async fn every_way_of_writing_is_told_with_its_keys() {
    use WriteKind::{Change, Delete, Insert, Update};
    let told = Told::new().await;
    let db = told.db();
    new_book("Four").insert(db).await.unwrap();
    book::Entity::insert_many([new_book("Five"), new_book("Six")]).exec(db).await.unwrap();
    retitled(1, "One").update(db).await.unwrap();
    let update = book::Entity::update_many().col_expr(book::Column::AuthorId, Expr::value(2));
    update.filter(book::Column::Id.is_in([1, 2])).exec(db).await.unwrap();
    db.execute_unprepared("DELETE FROM books WHERE id = 3").await.unwrap();
    author::Entity::delete_by_id(3).exec(db).await.unwrap();
    let wanted = [
        (Insert, None),
        (Insert, None),
        (Update, Some(vec![1])),
        (Update, Some(vec![1, 2])),
        (Delete, Some(vec![3])),
        (Change, None),
    ];
    assert_eq!(told.keys(), wanted);
}

#[tokio::test]
async fn keys_of_several_columns_come_as_tuples() {
    let told = Told::new().await;
    let loan = loan::ActiveModel { book_id: Set(1), reader: Set("ann".into()), days: Set(1) };
    loan.update(told.db()).await.unwrap();
    let keys: Vec<_> = told.all().iter().map(Change::keys::<(i32, String)>).collect();
    assert_eq!(keys, [Some(vec![(1, "ann".to_owned())])]);
}

#[tokio::test]
async fn a_model_that_is_saved_with_its_relations_tells_both() {
    let told = Told::new().await;
    let author = author::ActiveModel::builder().set_name("Eliot");
    author.add_book(book::ActiveModel::builder().set_title("Middlemarch")).save(told.db()).await.unwrap();
    assert_eq!(told.keys(), [(WriteKind::Insert, None)], "nobody asked for authors");
}

#[tokio::test]
async fn a_transaction_is_told_when_it_is_committed_without_what_it_took_back() {
    let told = Told::new().await;
    let tx = told.db().begin().await.unwrap();
    retitled(2, "B").update(&tx).await.unwrap();
    let savepoint = tx.begin().await.unwrap();
    loan::Entity::delete_many().exec(&savepoint).await.unwrap();
    savepoint.rollback().await.unwrap();
    let savepoint = tx.begin().await.unwrap();
    retitled(1, "A").update(&savepoint).await.unwrap();
    savepoint.commit().await.unwrap();
    assert_eq!(told.keys(), [], "nothing is committed yet");
    tx.commit().await.unwrap();
    assert_eq!(told.keys(), [(WriteKind::Update, Some(vec![2])), (WriteKind::Update, Some(vec![1]))]);
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_or_dropped_is_not_told() {
    let told = Told::new().await;
    let refused = told.db().transaction_async(async |tx: &CachedTx| {
        retitled(1, "A").update(tx).await?;
        Err::<(), _>(DbErr::Custom("changed my mind".into()))
    });
    assert!(matches!(refused.await, Err(TransactionError::Transaction(_))));
    let tx = told.db().begin().await.unwrap();
    retitled(1, "A").update(&tx).await.unwrap();
    drop(tx);
    assert_eq!(told.keys(), []);
}

#[tokio::test]
async fn a_write_that_the_database_refuses_is_not_told() {
    let told = Told::new().await;
    book::Entity::insert(new_book("Emma")).exec(told.db()).await.unwrap_err();
    assert_eq!(told.keys(), []);
}

#[tokio::test]
async fn a_statement_that_ends_the_transaction_tells_what_was_written_before_it() {
    let told = Told::new().await;
    let tx = told.db().begin().await.unwrap();
    retitled(1, "A").update(&tx).await.unwrap();
    tx.execute_unprepared("COMMIT; UPDATE books SET title = 'B' WHERE id = 2").await.unwrap();
    let told_at_once = told.keys();
    let _ = tx.rollback().await;
    assert_eq!(told_at_once, [(WriteKind::Update, Some(vec![1])), (WriteKind::Update, Some(vec![2]))]);
    assert_eq!(told.keys(), [], "and once");
}

#[tokio::test]
async fn a_text_with_a_transaction_in_it_is_told_once() {
    let told = Told::new().await;
    told.db().execute_unprepared("BEGIN; UPDATE books SET title = 'A' WHERE id = 1; COMMIT").await.unwrap();
    assert_eq!(told.keys(), [(WriteKind::Update, Some(vec![1]))]);
}

#[tokio::test]
async fn what_is_not_understood_is_told_of_every_table() {
    let told = Told::new().await;
    told.db().execute_unprepared("DELETE FROM loans WHERE days ISNULL").await.unwrap();
    assert_eq!(told.keys(), [(WriteKind::Change, None), (WriteKind::Change, None)]);
}

// case 78
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_finds_the_new_row_through_the_cache() {
    let told = Told::new().await;
    let (db, seen) = (told.db().clone(), Arc::new(Mutex::new(Vec::new())));
    let (runtime, found) = (tokio::runtime::Handle::current(), Arc::clone(&seen));
    let title = async |db: &CachedDb| book::Entity::find_by_id(1).one_cached(db).await.unwrap().unwrap().title.clone();
    assert_eq!(title(&db).await, "Emma");
    told.db().on_change::<book::Entity>(move |_| found.lock().push(runtime.block_on(title(&db))));
    retitled(1, "New").update(told.db()).await.unwrap();
    told.all();
    assert_eq!(*seen.lock(), ["New"]);
}
