//! Writes that are refused because their hold could not be placed at the store outside the process.

use easy_cache_core::Cache;
use easy_cache_core::testing::{Fault, Faults, Injected, Remote};
use easy_cache_sea_orm::{CachedDb, is_refused};
use futures_util::TryStreamExt;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Statement, StreamTrait, TransactionTrait};

use crate::entities::{author, book};
use crate::shop::{Shop, retitled};

/// A shop whose writes need their holds, and a store that can be made to refuse them.
struct Strict {
    shop: Shop,
    db: CachedDb,
    store: Faults<Remote>,
}

impl Strict {
    async fn new() -> Self {
        let shop = Shop::in_memory().await;
        let store = Faults::new(Remote::silent(shop.clock.clock()));
        let cache = Cache::builder().clock(shop.clock.clock()).store(store.clone()).build();
        let db = shop.strict(&cache);
        Self { shop, db, store }
    }

    fn refuse_holds(&self) -> Injected {
        self.store.inject(Fault::Fail, |attempt| attempt.method == "hold")
    }

    async fn stored_title(&self) -> String {
        book::Entity::find_by_id(1).one(self.shop.behind()).await.unwrap().unwrap().title
    }

    /// Whether what is cached under the row is served, here and in another process.
    async fn serves(&self) -> [bool; 2] {
        let other = Cache::builder().clock(self.shop.clock.clock()).store(self.store.clone()).build();
        let mut serves = [false; 2];
        for (served, cache) in serves.iter_mut().zip([self.db.cache(), &other]) {
            *served = cache.get_or_compute("title", async { Err::<String, _>("a miss") }).await.is_ok();
        }
        serves
    }

    async fn cache_title(&self) {
        let read = async { book::Entity::find_by_id(1).one(&self.db).await.map(|found| found.unwrap().title) };
        self.db.cache().get_or_compute("title", read).await.unwrap();
        assert_eq!(self.serves().await, [true; 2]);
    }
}

fn assert_refused<T>(result: Result<T, DbErr>) {
    let Err(error) = result else { panic!("it was not refused") };
    assert!(is_refused(&error), "{error}");
}

#[tokio::test]
async fn a_write_without_its_hold_is_not_sent_and_costs_no_hit() {
    let strict = Strict::new().await;
    strict.cache_title().await;
    let refusing = strict.refuse_holds();
    let before = strict.shop.statements();
    assert_refused(retitled(1, "Changed").update(&strict.db).await);
    assert_refused(author::Entity::delete_by_id(1).exec(&strict.db).await);
    assert_refused(strict.db.execute_unprepared("DELETE FROM loans").await);
    assert_eq!(strict.shop.statements(), before, "nothing was sent");
    drop(refusing);
    assert_eq!(strict.serves().await, [true; 2]);
    retitled(1, "Changed").update(&strict.db).await.unwrap();
    assert_eq!(strict.stored_title().await, "Changed");
}

#[tokio::test]
async fn a_commit_without_its_hold_rolls_the_transaction_back() {
    let strict = Strict::new().await;
    strict.cache_title().await;
    let tx = strict.db.begin().await.unwrap();
    retitled(1, "Changed").update(&tx).await.unwrap();
    let refusing = strict.refuse_holds();
    assert_refused(tx.commit().await);
    drop(refusing);
    assert_eq!(strict.serves().await, [true; 2]);
    assert_eq!(strict.stored_title().await, "Emma");
}

#[tokio::test]
async fn a_transaction_that_has_written_nothing_needs_no_hold() {
    let strict = Strict::new().await;
    let _refusing = strict.refuse_holds();
    let tx = strict.db.begin().await.unwrap();
    book::Entity::find().all(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(book::Entity::find().all(&strict.db).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_stream_of_written_rows_is_refused_before_its_first_row() {
    let strict = Strict::new().await;
    let delete = || Statement::from_string(strict.db.get_database_backend(), "DELETE FROM books RETURNING id");
    let refusing = strict.refuse_holds();
    assert_refused(strict.db.stream_raw(delete()).await);
    let tx = strict.db.begin().await.unwrap();
    assert_eq!(
        tx.stream_raw(delete()).await.unwrap().try_collect::<Vec<_>>().await.unwrap().len(),
        3,
        "not yet visible"
    );
    tx.rollback().await.unwrap();
    drop(refusing);
    assert_eq!(strict.stored_title().await, "Emma");
}

#[tokio::test]
async fn a_transaction_as_text_can_always_be_rolled_back() {
    let strict = Strict::new().await;
    strict.db.execute_unprepared("BEGIN").await.unwrap();
    strict.db.execute_unprepared("UPDATE books SET title = 'Changed' WHERE id = 1").await.unwrap();
    let refusing = strict.refuse_holds();
    assert_refused(strict.db.execute_unprepared("COMMIT").await);
    strict.db.execute_unprepared("ROLLBACK").await.unwrap();
    assert_refused(strict.db.execute_unprepared("BEGIN").await);
    drop(refusing);
    assert_eq!(strict.stored_title().await, "Emma");
    strict.cache_title().await;
}

#[tokio::test]
async fn by_default_a_write_goes_on_without_its_hold_and_is_invalidated_all_the_same() {
    let strict = Strict::new().await;
    let usual = CachedDb::new(strict.shop.behind().clone(), strict.db.cache());
    strict.cache_title().await;
    let _refusing = strict.refuse_holds();
    retitled(1, "Changed").update(&usual).await.unwrap();
    assert_eq!(strict.stored_title().await, "Changed");
    assert_eq!(strict.serves().await, [false; 2]);
}

#[tokio::test]
async fn without_a_store_outside_the_process_nothing_is_refused() {
    let shop = Shop::in_memory().await;
    let db = shop.strict(&shop.cache);
    retitled(1, "Changed").update(&db).await.unwrap();
}
