//! What values depend on that were read inside a cached computation.

use easy_cache_core::{Scope, scope};
use easy_cache_sea_orm::CachedDb;
use futures_util::TryStreamExt as _;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, LoaderTrait, PaginatorTrait, QueryFilter,
    QueryOrder, Statement, StreamTrait,
};

use crate::entities::{author, book};
use crate::shop::{Shop, new_book, poll_once, retitled};

/// The tags that a read hands to the scope around it.
async fn tags_of<T>(read: impl AsyncFnOnce(&CachedDb) -> Result<T, DbErr>) -> Vec<String> {
    let shop = Shop::in_memory().await;
    let mut scope = Scope::new();
    scope.wrap(read(&shop.db)).await.unwrap();
    assert!(!scope.is_tainted());
    scope.tags().iter().map(ToString::to_string).collect()
}

async fn taints<T>(read: impl AsyncFnOnce(&CachedDb) -> Result<T, DbErr>) -> bool {
    let shop = Shop::in_memory().await;
    let mut scope = Scope::new();
    scope.wrap(read(&shop.db)).await.unwrap();
    scope.is_tainted()
}

fn sqlite(sql: &str) -> Statement {
    Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn a_row_that_was_found_by_its_key_depends_on_itself() {
    assert_eq!(tags_of(async |db| book::Entity::find_by_id(1).one(db).await).await, ["books:*", "books:1"]);
    let two = async |db: &CachedDb| book::Entity::find().filter(book::Column::Id.is_in([1, 2])).all(db).await;
    assert_eq!(tags_of(two).await, ["books:*", "books:1", "books:2"]);
}

#[tokio::test]
async fn a_row_that_was_not_found_depends_on_the_table() {
    assert_eq!(tags_of(async |db| book::Entity::find_by_id(7).one(db).await).await, ["books"]);
    let one_of_two = async |db: &CachedDb| book::Entity::find().filter(book::Column::Id.is_in([1, 7])).all(db).await;
    assert_eq!(tags_of(one_of_two).await, ["books"]);
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(4).await, "none");
    new_book("Sanditon").insert(&shop.db).await.unwrap();
    assert_eq!(shop.title(4).await, "Sanditon", "the insert did not know the key, and yet it is found");
}

#[tokio::test]
async fn everything_else_depends_on_its_tables() {
    assert_eq!(tags_of(async |db| book::Entity::find().all(db).await).await, ["books"]);
    assert_eq!(tags_of(async |db| book::Entity::find().count(db).await).await, ["books"]);
    let join = async |db: &CachedDb| book::Entity::find().find_also_related(author::Entity).all(db).await;
    assert_eq!(tags_of(join).await, ["authors", "books"]);
    let pages = async |db: &CachedDb| {
        let pages = book::Entity::find().order_by_asc(book::Column::Id).paginate(db, 2);
        Ok::<_, DbErr>((pages.num_items().await?, pages.fetch_page(1).await?))
    };
    assert_eq!(tags_of(pages).await, ["books"]);
    let counted_by_key = async |db: &CachedDb| book::Entity::find_by_id(7).count(db).await;
    assert_eq!(tags_of(counted_by_key).await, ["books"], "a count of nothing is a row, too");
}

#[tokio::test]
async fn loaders_depend_on_what_they_load() {
    let loader = async |db: &CachedDb| {
        let authors = author::Entity::find().all(db).await?;
        authors.load_many(book::Entity, db).await
    };
    assert_eq!(tags_of(loader).await, ["authors", "books"]);
    let entity_loader = async |db: &CachedDb| author::Entity::load().with(book::Entity).all(db).await;
    assert_eq!(tags_of(entity_loader).await, ["authors", "books"]);
}

#[tokio::test]
async fn a_stream_depends_on_its_tables() {
    let stream = async |db: &CachedDb| book::Entity::find_by_id(1).stream(db).await?.try_collect::<Vec<_>>().await;
    assert_eq!(tags_of(stream).await, ["books"], "nobody knows yet how many rows there will be");
}

#[tokio::test]
async fn a_read_that_failed_or_was_given_up_is_depended_on_as_well() {
    let shop = Shop::in_memory().await;
    let mut scope = Scope::new();
    let failed = scope.wrap(shop.db.query_all_raw(sqlite("SELECT nothing FROM books"))).await;
    assert!(failed.is_err());
    assert_eq!(scope.tags(), [shop.db.table_tag::<book::Entity>()]);

    let taken = shop.occupied().await;
    let mut scope = Scope::new();
    scope.run(|| {
        let mut given_up = Box::pin(shop.db.query_all_raw(sqlite("SELECT * FROM books")));
        assert!(poll_once(&mut given_up).is_pending());
    });
    drop(taken);
    assert_eq!(scope.tags(), [shop.db.table_tag::<book::Entity>()]);

    let mut scope = Scope::new();
    assert!(scope.wrap(shop.db.stream_raw(sqlite("SELECT nothing FROM books"))).await.is_ok());
    assert_eq!(scope.tags(), [shop.db.table_tag::<book::Entity>()]);
}

#[tokio::test]
async fn what_changes_without_a_write_is_not_kept() {
    for sql in [
        "SELECT random()",
        "SELECT * FROM books ORDER BY random()",
        "SELECT * FROM sqlite_master",
        "PRAGMA user_version",
    ] {
        assert!(taints(async |db| db.query_all_raw(sqlite(sql)).await).await, "{sql}");
    }
    assert!(!taints(async |db| db.query_all_raw(sqlite("SELECT upper(title) FROM books")).await).await);
}

#[tokio::test]
async fn what_a_computation_that_writes_yields_is_not_kept() {
    assert!(taints(async |db| new_book("New").insert(db).await).await);
    let many = async |db: &CachedDb| book::Entity::insert_many([new_book("A")]).exec_with_returning(db).await;
    assert!(taints(many).await);
    assert!(taints(async |db| db.stream_raw(sqlite("DELETE FROM loans RETURNING days")).await.map(drop)).await);
    assert!(taints(async |db| db.query_all_raw(sqlite("DELETE FROM loans RETURNING days")).await).await);
    let audit = async |db: &CachedDb| db.execute_unprepared("INSERT INTO loans VALUES (3, 'eve', 1)").await;
    assert!(taints(audit).await, "on a hit, nothing would be written");
}

#[tokio::test]
async fn outside_of_a_scope_a_read_leaves_nothing_behind() {
    let shop = Shop::in_memory().await;
    book::Entity::find().all(&shop.db).await.unwrap();
    assert!(!scope::is_active());
    assert!(shop.cache.is_empty());
}

#[tokio::test]
async fn tags_by_hand_are_the_tags_of_statements() {
    let shop = Shop::in_memory().await;
    assert_eq!(shop.title(1).await, "Emma");
    shop.behind().execute_unprepared("UPDATE books SET title = 'Behind' WHERE id = 1").await.unwrap();
    assert_eq!(shop.title(1).await, "Emma", "nobody has told the cache");
    shop.cache.invalidate_tags([shop.db.row_tag::<book::Entity>(1)]).await.unwrap();
    assert_eq!(shop.title(1).await, "Behind");
}

#[tokio::test]
async fn rows_of_a_model_that_is_not_registered_are_known_by_their_table() {
    let shop = Shop::in_memory().await;
    let db = CachedDb::new(shop.behind().clone(), &shop.cache);
    assert_eq!(db.row_tag::<book::Entity>(1), db.table_tag::<book::Entity>());
    let mut scope = Scope::new();
    scope.wrap(async { book::Entity::find_by_id(1).one(&db).await }).await.unwrap();
    assert_eq!(scope.tags(), [db.table_tag::<book::Entity>()]);
    assert_eq!(shop.title(1).await, "Emma");
    retitled(1, "New").update(&db).await.unwrap();
    assert_eq!(shop.title(1).await, "New", "a change that does not name the row reaches those who know it");
}

#[tokio::test]
async fn a_cache_that_is_not_the_connections_own_is_told_as_well() {
    let shop = Shop::in_memory().await;
    let other = easy_cache_core::Cache::new();
    let count =
        async || other.get_or_compute("count", async { book::Entity::find().count(&shop.db).await }).await.unwrap();
    assert_eq!(count().await, 3);
    book::ActiveModel { id: Set(8), ..new_book("New") }.insert(&shop.db).await.unwrap();
    assert_eq!(count().await, 4);
    shop.cache.invalidate_all().await.unwrap();
    assert!(!other.contains("count").await);
}
