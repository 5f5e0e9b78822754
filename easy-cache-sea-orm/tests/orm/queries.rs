//! Queries that are answered from the cache.

use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::testing::MemoryPlainStore;
use easy_cache_core::{Cache, ManualClock, Scope, Tag};
use easy_cache_sea_orm::{CachedCursor, CachedDb, CachedSelect, CachedTx};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, Cursor, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, SelectModel, Statement,
};

use crate::entities::{author, book, loan};
use crate::shop::{Shop, new_book, retitled};

fn by_id() -> sea_orm::Select<book::Entity> {
    book::Entity::find().order_by_asc(book::Column::Id)
}

/// How many statements something needs.
async fn statements_of<T>(shop: &Shop, read: impl Future<Output = T>) -> usize {
    let before = shop.statements();
    read.await;
    shop.statements() - before
}

#[tokio::test]
async fn a_list_is_read_once_until_its_table_changes() {
    let shop = Shop::in_memory().await;
    assert_eq!(by_id().all_cached(&shop.db).await.unwrap().len(), 3);
    assert_eq!(statements_of(&shop, async { by_id().all_cached(&shop.db).await }).await, 0);
    new_book("Sanditon").insert(&shop.db).await.unwrap();
    assert_eq!(by_id().all_cached(&shop.db).await.unwrap()[3].title, "Sanditon");
}

#[tokio::test]
async fn a_row_is_read_once_until_it_changes() {
    let shop = Shop::in_memory().await;
    let one = async |id: i32| book::Entity::find_by_id(id).one_cached(&shop.db).await.unwrap().unwrap();
    assert_eq!(one(1).await.title, "Emma");
    retitled(2, "Shirley").update(&shop.db).await.unwrap();
    new_book("Sanditon").insert(&shop.db).await.unwrap();
    assert_eq!(statements_of(&shop, one(1)).await, 0, "another row, and a new one, are no matter");
    assert_eq!(one(2).await.title, "Shirley", "another key is another entry");
    retitled(1, "Emma!").update(&shop.db).await.unwrap();
    assert_eq!(one(1).await.title, "Emma!");
}

#[tokio::test]
async fn that_there_is_no_row_is_known_until_one_is_added() {
    let shop = Shop::in_memory().await;
    let fourth = async || book::Entity::find_by_id(4).one_cached(&shop.db).await.unwrap();
    assert_eq!(fourth().await, None);
    assert_eq!(statements_of(&shop, fourth()).await, 0);
    new_book("Sanditon").insert(&shop.db).await.unwrap();
    assert_eq!(fourth().await.unwrap().title, "Sanditon");
}

#[tokio::test]
async fn one_row_is_asked_for_where_many_would_do() {
    let shop = Shop::in_memory().await;
    let first = by_id().one_cached(&shop.db).await.unwrap().unwrap();
    assert_eq!((first.id, by_id().all_cached(&shop.db).await.unwrap().len()), (1, 3), "the list is another entry");
}

#[tokio::test]
async fn a_cursor_that_is_used_again_shows_the_same_after_a_hit_and_after_a_miss() {
    let shop = Shop::in_memory().await;
    let ids = async |cursor: &mut Cursor<SelectModel<book::Model>>| {
        cursor.all_cached(&shop.db).await.unwrap().iter().map(|book| book.id).collect::<Vec<_>>()
    };
    for statements in [4, 0] {
        let before = shop.statements();
        let mut pages = book::Entity::find().cursor_by(book::Column::Id);
        assert_eq!(ids(pages.first(2)).await, [1, 2]);
        assert_eq!(ids(pages.after(2)).await, [3]);
        assert_eq!(ids(pages.after(0)).await, [1, 2], "the bound of the page before is forgotten");
        assert_eq!(ids(pages.desc().first(1)).await, [3; 0], "nothing is before 0");
        assert_eq!(shop.statements() - before, statements);
    }
}

#[tokio::test]
async fn a_count_changes_with_its_table() {
    let shop = Shop::in_memory().await;
    let austen = || by_id().filter(book::Column::AuthorId.eq(1));
    assert_eq!(austen().count_cached(&shop.db).await.unwrap(), 2);
    assert_eq!(statements_of(&shop, async { austen().count_cached(&shop.db).await }).await, 0);
    assert_eq!(austen().limit(1).count_cached(&shop.db).await.unwrap(), 1, "a limit counts");
    new_book("Sanditon").insert(&shop.db).await.unwrap();
    assert_eq!(austen().count_cached(&shop.db).await.unwrap(), 3);
}

#[tokio::test]
async fn joins_change_with_each_of_their_tables() {
    let shop = Shop::in_memory().await;
    let renamed = || author::ActiveModel { id: Set(1), name: Set("Jane Austen".into()) };
    let also = || by_id().find_also_related(author::Entity);
    let both = || by_id().find_both_related(author::Entity);
    let with = || author::Entity::find().find_with_related(book::Entity).order_by_asc(author::Column::Id);
    assert_eq!(also().all_cached(&shop.db).await.unwrap()[0].1.as_ref().unwrap().name, "Austen");
    assert_eq!(both().one_cached(&shop.db).await.unwrap().unwrap().1.name, "Austen");
    assert_eq!(with().all_cached(&shop.db).await.unwrap()[0].1.len(), 2);
    let again = async {
        also().all_cached(&shop.db).await.unwrap();
        both().one_cached(&shop.db).await.unwrap();
        with().all_cached(&shop.db).await.unwrap();
    };
    assert_eq!(statements_of(&shop, again).await, 0);
    renamed().update(&shop.db).await.unwrap();
    assert_eq!(also().all_cached(&shop.db).await.unwrap()[0].1.as_ref().unwrap().name, "Jane Austen");
    assert_eq!(both().one_cached(&shop.db).await.unwrap().unwrap().1.name, "Jane Austen");
    new_book("Sanditon").insert(&shop.db).await.unwrap();
    assert_eq!(with().all_cached(&shop.db).await.unwrap()[0].1.len(), 3);
}

#[tokio::test]
async fn tuples_and_raw_statements_are_cached_with_their_values() {
    let shop = Shop::in_memory().await;
    let titles = || by_id().select_only().column(book::Column::Title).into_tuple::<String>();
    assert_eq!(*titles().all_cached(&shop.db).await.unwrap(), ["Emma", "Villette", "Persuasion"]);
    assert_eq!(*titles().one_cached(&shop.db).await.unwrap().unwrap(), "Emma");
    let raw = |title: &str| {
        let sql = "SELECT * FROM books WHERE title = ?";
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [title.into()]);
        book::Entity::find().from_raw_sql(statement)
    };
    assert_eq!(raw("Emma").all_cached(&shop.db).await.unwrap().len(), 1);
    assert_eq!(raw("Nothing").all_cached(&shop.db).await.unwrap().len(), 0);
    let again = async { (raw("Emma").all_cached(&shop.db).await, titles().all_cached(&shop.db).await) };
    assert_eq!(statements_of(&shop, again).await, 0);
}

#[tokio::test]
async fn values_that_look_alike_are_told_apart() {
    let shop = Shop::in_memory().await;
    let kind = async |value: sea_orm::Value| {
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, "SELECT typeof(?) AS t", [value]);
        let query = book::Entity::find().from_raw_sql(statement).into_model::<Kind>();
        query.one_cached(&shop.db).await.unwrap().unwrap().t.clone()
    };
    #[derive(sea_orm::FromQueryResult)]
    struct Kind {
        t: String,
    }
    assert_eq!((kind(1.into()).await, kind("1".into()).await), ("integer".into(), "text".into()));
    assert_eq!((kind(1.0_f64.into()).await, kind(vec![49_u8].into()).await), ("real".into(), "blob".into()));
    assert_eq!(kind("1]".into()).await, "text");
}

#[tokio::test]
async fn what_makes_values_of_rows_is_part_of_what_is_asked() {
    use sea_orm::{DeriveColumn, EnumIter};
    #[derive(Copy, Clone, Debug, EnumIter, DeriveColumn)]
    enum TitleFirst {
        Title,
        Other,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveColumn)]
    enum OtherFirst {
        Other,
        Title,
    }
    let shop = Shop::in_memory().await;
    let both = || by_id().select_only().column(book::Column::Title).column_as(book::Column::AuthorId, "other");
    let title_first = both().into_values::<(String, i32), TitleFirst>().one_cached(&shop.db).await.unwrap();
    assert_eq!(*title_first.unwrap(), ("Emma".to_owned(), 1));
    let other_first = both().into_values::<(String, i32), OtherFirst>().one_cached(&shop.db).await;
    assert!(other_first.is_err(), "a number is no text, whatever another query has made of the same rows");
}

#[tokio::test]
async fn the_tags_of_a_cached_query_flow_outward_also_on_a_hit() {
    let shop = Shop::in_memory().await;
    for _ in 0..2 {
        let mut scope = Scope::new();
        scope.wrap(async { book::Entity::find_by_id(1).one_cached(&shop.db).await }).await.unwrap();
        assert!(scope.tags().contains(&Tag::row("books", 1)));
    }
}

#[tokio::test]
async fn an_error_is_kept_by_nobody() {
    let shop = Shop::in_memory().await;
    shop.behind().execute_unprepared("ALTER TABLE loans RENAME TO gone").await.unwrap();
    assert!(loan::Entity::find().all_cached(&shop.db).await.is_err());
    shop.behind().execute_unprepared("ALTER TABLE gone RENAME TO loans").await.unwrap();
    assert_eq!(loan::Entity::find().all_cached(&shop.db).await.unwrap().len(), 2);
}

// case 80
#[tokio::test]
async fn inside_a_transaction_the_database_is_asked_and_nothing_is_kept() {
    let shop = Shop::on_disk().await;
    assert_eq!(by_id().count_cached(&shop.db).await.unwrap(), 3);
    let counts = shop.db.transaction_async(async |tx: &CachedTx| {
        new_book("Sanditon").insert(tx).await?;
        Ok::<_, DbErr>((by_id().count_cached(&shop.db).await?, by_id().all(tx).await?.len()))
    });
    let before = shop.statements();
    assert_eq!(counts.await.unwrap(), (3, 4), "the one asks beside the transaction, the other in it");
    assert!(shop.statements() >= before + 3);
    assert_eq!(by_id().count_cached(&shop.db).await.unwrap(), 4);
}

#[tokio::test]
async fn what_does_not_follow_from_tables_is_asked_every_time() {
    let shop = Shop::in_memory().await;
    let random = || book::Entity::find().order_by_asc(sea_orm::sea_query::Expr::cust("random()"));
    random().all_cached(&shop.db).await.unwrap();
    assert_eq!(statements_of(&shop, async { random().all_cached(&shop.db).await }).await, 1);
}

// case 84
#[tokio::test]
async fn two_databases_that_share_a_cache_do_not_share_queries() {
    let (shop, other) = (Shop::in_memory().await, Shop::in_memory().await);
    let beside = CachedDb::new(other.behind().clone(), &shop.cache);
    book::Entity::delete_by_id(1).exec(&beside).await.unwrap();
    assert_eq!(by_id().count_cached(&shop.db).await.unwrap(), 3);
    assert_eq!(by_id().count_cached(&beside).await.unwrap(), 2);
}

#[tokio::test]
async fn a_result_is_fresh_for_as_long_as_the_database_says_or_the_query() {
    let shop = Shop::in_memory().await;
    let db = CachedDb::builder(shop.behind().clone(), &shop.cache).query_ttl(Duration::from_secs(60)).build();
    assert_eq!(by_id().count_cached(&db).await.unwrap(), 3);
    assert_eq!(by_id().all_cached(&db).ttl(Duration::from_secs(10)).await.unwrap().len(), 3);
    book::Entity::delete_by_id(1).exec(shop.behind()).await.unwrap();
    shop.clock.advance(Duration::from_secs(11));
    assert_eq!(by_id().all_cached(&db).await.unwrap().len(), 2);
    assert_eq!(by_id().count_cached(&db).await.unwrap(), 3);
    shop.clock.advance(Duration::from_secs(50));
    assert_eq!(by_id().count_cached(&db).await.unwrap(), 2);
}

#[tokio::test]
async fn rows_weigh_what_their_type_says() {
    let shop = Shop::in_memory().await;
    let weight_of = async |rows: i32| {
        let before = shop.cache.weight();
        by_id().filter(book::Column::Id.lte(rows)).all_cached(&shop.db).await.unwrap();
        shop.cache.weight() - before
    };
    assert_eq!(weight_of(3).await - weight_of(1).await, 2 * size_of::<book::Model>() as u64);
}

#[tokio::test]
async fn pages_are_kept_each_by_itself_and_change_with_their_table() {
    let shop = Shop::in_memory().await;
    let pages = by_id().paginate_cached(&shop.db, 2);
    let ids = async |page| pages.fetch_page(page).await.unwrap().iter().map(|book| book.id).collect::<Vec<_>>();
    assert_eq!((ids(0).await, ids(1).await, ids(2).await), (vec![1, 2], vec![3], vec![]));
    let numbers = pages.num_items_and_pages().await.unwrap();
    assert_eq!((numbers.number_of_items, numbers.number_of_pages), (3, 2));
    assert_eq!(statements_of(&shop, async { (ids(0).await, ids(1).await, pages.num_pages().await) }).await, 0);
    let others = by_id().paginate_cached(&shop.db, 3);
    assert_eq!(others.fetch_page(0).await.unwrap().len(), 3, "pages of another size are other entries");
    book::Entity::delete_by_id(1).exec(&shop.db).await.unwrap();
    assert_eq!((ids(0).await, pages.num_pages().await.unwrap()), (vec![2, 3], 1));
    assert_eq!(by_id().limit(1).paginate_cached(&shop.db, 2).num_items().await.unwrap(), 2, "as SeaORM counts");
}

#[tokio::test]
#[should_panic(expected = "a page needs at least one row")]
async fn a_page_without_rows_is_refused() {
    let shop = Shop::in_memory().await;
    let _ = by_id().paginate_cached(&shop.db, 0);
}

/// Two processes: caches of their own on one store, and connections to one database.
struct Processes {
    shop: Shop,
    store: Arc<MemoryPlainStore>,
    clock: ManualClock,
}

impl Processes {
    async fn new() -> Self {
        let clock = ManualClock::new();
        let store = Arc::new(MemoryPlainStore::new(clock.clock()));
        let all = Self { shop: Shop::on_disk().await, store, clock };
        // The first call of all finds an empty store: it keeps nothing, and leaves there what others need.
        all.process(None).cache().get_or_compute("first", async { Some(1) }).await;
        all
    }

    fn process(&self, name: Option<&str>) -> CachedDb {
        let cache = Cache::builder().clock(self.clock.clock()).plain_store(Arc::clone(&self.store)).build();
        let builder = CachedDb::builder(self.shop.behind().clone(), &cache);
        name.into_iter().fold(builder, |builder, name| builder.named(name)).build()
    }
}

#[tokio::test]
async fn processes_share_what_says_so_under_the_name_of_the_database() {
    let all = Processes::new().await;
    let (first, second) = (all.process(Some("shop")), all.process(Some("shop")));
    let read = async |db: &CachedDb| loan::Entity::find().all_cached(db).shared().await.unwrap().len();
    assert_eq!(read(&first).await, 2);
    assert_eq!(statements_of(&all.shop, read(&second)).await, 0);
    loan::Entity::delete_many().exec(&second).await.unwrap();
    assert_eq!(read(&first).await, 0);
}

#[tokio::test]
async fn after_the_state_of_a_session_has_changed_nothing_is_answered_that_others_share() {
    let all = Processes::new().await;
    let (changed, other) = (all.process(Some("shop")), all.process(Some("shop")));
    let read = async |db: &CachedDb| loan::Entity::find().all_cached(db).shared().await.unwrap().len();
    changed.execute_unprepared("PRAGMA case_sensitive_like = ON").await.unwrap();
    assert_eq!(statements_of(&all.shop, read(&other)).await, 1);
    assert_eq!(statements_of(&all.shop, read(&other)).await, 0);
    assert_eq!(statements_of(&all.shop, read(&changed)).await, 1, "it may see other rows");
    assert_eq!(statements_of(&all.shop, read(&other)).await, 0, "which it keeps from others");
}

#[tokio::test]
async fn without_one_name_no_process_is_answered_with_anothers_rows() {
    let all = Processes::new().await;
    let read = async |db: &CachedDb| loan::Entity::find().count_cached(db).shared().await.unwrap();
    let nameless = all.process(None);
    read(&nameless).await;
    assert_eq!(statements_of(&all.shop, read(&nameless)).await, 0, "its own it finds");
    for other in [None, Some("shop"), Some("blog")] {
        assert_eq!(statements_of(&all.shop, read(&all.process(other))).await, 1, "{other:?}");
    }
}

#[tokio::test]
async fn with_a_store_outside_nothing_is_kept_that_does_not_say_so() {
    let all = Processes::new().await;
    let db = all.process(Some("shop"));
    by_id().all_cached(&db).await.unwrap();
    assert_eq!(statements_of(&all.shop, async { by_id().all_cached(&db).await }).await, 1);
}
