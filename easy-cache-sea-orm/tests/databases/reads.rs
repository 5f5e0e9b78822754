//! Every way to read, on every kind of database: read once, and read anew after a write to what it read.

use std::fmt::Debug;

use easy_cache_core::scope;
use easy_cache_sea_orm::{CachedDb, CachedSelect};
use futures_util::TryStreamExt as _;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, LoaderTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};

use crate::site::{KINDS, Site, author, book, new_book, retitled};

fn by_id() -> sea_orm::Select<book::Entity> {
    book::Entity::find().order_by_asc(book::Column::Id)
}

/// Authors with their books.
fn gathered() -> sea_orm::SelectTwoMany<author::Entity, book::Entity> {
    author::Entity::find().find_with_related(book::Entity).order_by_asc(book::Column::Id)
}

/// A way to read, told as text so that all can be compared.
#[derive(Clone, Copy, Debug)]
enum Read {
    One,
    Keys,
    All,
    Count,
    Page,
    Cursor,
    Stream,
    Tuple,
    Join,
    Gathered,
    Loader,
    EntityLoader,
    SubQuery,
    Raw,
}

const READS: [Read; 14] = [
    Read::One,
    Read::Keys,
    Read::All,
    Read::Count,
    Read::Page,
    Read::Cursor,
    Read::Stream,
    Read::Tuple,
    Read::Join,
    Read::Gathered,
    Read::Loader,
    Read::EntityLoader,
    Read::SubQuery,
    Read::Raw,
];

impl Read {
    async fn run(self, db: &CachedDb) -> Result<String, DbErr> {
        Ok(match self {
            Self::One => text(book::Entity::find_by_id(1).one(db).await?),
            Self::Keys => text(by_id().filter(book::Column::Id.is_in([1, 2, 3])).all(db).await?),
            Self::All => text(by_id().all(db).await?),
            Self::Count => text((by_id().count(db).await?, titles_of(&by_id().all(db).await?))),
            Self::Page => {
                let pages = by_id().paginate(db, 2);
                text((pages.num_items_and_pages().await?, pages.fetch_page(0).await?))
            }
            Self::Cursor => text(book::Entity::find().cursor_by(book::Column::Id).first(10).all(db).await?),
            Self::Stream => text(by_id().stream(db).await?.try_collect::<Vec<_>>().await?),
            Self::Tuple => {
                let titles = by_id().select_only().column(book::Column::Title).into_tuple::<String>();
                text(titles.all(db).await?)
            }
            Self::Join => text(by_id().find_also_related(author::Entity).all(db).await?),
            Self::Gathered => text(gathered().all(db).await?),
            Self::Loader => text(author::Entity::find().all(db).await?.load_many(by_id(), db).await?),
            Self::EntityLoader => {
                let authors = author::Entity::load().with(book::Entity).all(db).await?;
                let mut books: Vec<_> = authors.into_iter().flat_map(|author| author.books).collect();
                books.sort_by_key(|book| book.id);
                text(books)
            }
            Self::SubQuery => {
                let sql = "SELECT (SELECT MAX(title) FROM books) AS title, (SELECT COUNT(*) FROM books) AS count";
                let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
                let row = row.ok_or(DbErr::RecordNotInserted)?;
                text((row.try_get::<String>("", "title")?, row.try_get::<i64>("", "count")?))
            }
            Self::Raw => {
                let sql = "SELECT id, title, author FROM books ORDER BY id";
                let statement = Statement::from_string(db.get_database_backend(), sql);
                text(book::Entity::find().from_raw_sql(statement).all(db).await?)
            }
        })
    }

    /// Through the cache, and whether that needed the database.
    async fn cached(self, db: &CachedDb) -> (String, bool) {
        let mut computed = false;
        let load = async {
            computed = true;
            self.run(db).await
        };
        let read = db.cache().get_or_compute(format!("{self:?}"), load).await.unwrap();
        (read, computed)
    }
}

fn text(read: impl Debug) -> String {
    format!("{read:?}")
}

fn titles_of(books: &[book::Model]) -> Vec<&str> {
    books.iter().map(|book| book.title.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_read_anew_after_each_write_to_it_and_only_then() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        for read in READS {
            site.restore().await;
            let what = format!("{read:?} on {kind:?}");
            assert!(read.cached(&site.db).await.1, "{what}");
            assert!(!read.cached(&site.db).await.1, "{what}: it is kept");
            retitled(1, "Zuleika").update(&site.db).await.unwrap();
            let (after, computed) = read.cached(&site.db).await;
            assert!(computed && after.contains("Zuleika"), "{what}: {after}");
            assert!(!read.cached(&site.db).await.1, "{what}: it is kept again");
            new_book("Another").insert(&site.db).await.unwrap();
            let (after, computed) = read.cached(&site.db).await;
            assert_eq!(computed, !matches!(read, Read::One), "{what}: only a row that was found does not mind");
            assert_eq!(after, scope::bypass(read.run(&site.db)).await.unwrap(), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_queries_show_what_plain_ones_show() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        let db = &site.db;
        for round in 0..3 {
            for _hit in 0..2 {
                assert_eq!(*by_id().all_cached(db).await.unwrap(), by_id().all(db).await.unwrap());
                let one = book::Entity::find_by_id(1).one_cached(db).await.unwrap();
                assert_eq!(one.as_deref(), book::Entity::find_by_id(1).one(db).await.unwrap().as_ref());
                assert_eq!(by_id().count_cached(db).await.unwrap(), by_id().count(db).await.unwrap());
                assert_eq!(*gathered().all_cached(db).await.unwrap(), gathered().all(db).await.unwrap());
                let (cached, plain) = (by_id().paginate_cached(db, 2), by_id().paginate(db, 2));
                assert_eq!(cached.num_items().await.unwrap(), plain.num_items().await.unwrap());
                assert_eq!(cached.num_pages().await.unwrap(), plain.num_pages().await.unwrap());
                for page in 0..3 {
                    assert_eq!(*cached.fetch_page(page).await.unwrap(), plain.fetch_page(page).await.unwrap());
                }
            }
            retitled(1, &format!("Emma {round}")).update(db).await.unwrap();
            new_book("Another").insert(db).await.unwrap();
        }
    }
}
