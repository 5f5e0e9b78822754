//! Every way to write, on every kind of database, by every path: what it drops, and that nothing old is served after it.
// case 82

use std::collections::BTreeSet;

use easy_cache_sea_orm::{CachedDb, CachedSelect, CachedTx};
use easy_cache_sql::Dialect;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ModelTrait, QueryFilter, QueryOrder,
    TransactionTrait,
};

use crate::site::{KINDS, Site, author, book, new_book, retitled};

/// A way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Insert,
    InsertWithKey,
    InsertMany,
    InsertReturning,
    Update,
    Save,
    UpdateMany,
    UpdateByKeys,
    Delete,
    DeleteById,
    DeleteMany,
    Upsert,
    Raw,
    Nested,
    Cascade,
}

/// With what each of them drops.
const WRITES: [(Write, &[&str]); 15] = [
    (Write::Insert, &["books"]),
    (Write::InsertWithKey, &["books", "books:3"]),
    (Write::InsertMany, &["books"]),
    (Write::InsertReturning, &["books"]),
    (Write::Update, &["books", "books:1"]),
    (Write::Save, &["books", "books:2"]),
    (Write::UpdateMany, &["books", "books:*"]),
    (Write::UpdateByKeys, &["books", "books:1", "books:2"]),
    (Write::Delete, &["books", "books:1"]),
    (Write::DeleteById, &["books", "books:2"]),
    (Write::DeleteMany, &["books", "books:*"]),
    (Write::Upsert, &["books", "books:1"]),
    (Write::Raw, &["books", "books:2"]),
    (Write::Nested, &["authors", "books"]),
    (Write::Cascade, &["authors", "books", "books:*"]),
];

impl Write {
    async fn run<C: ConnectionTrait + TransactionTrait>(self, db: &C) -> Result<(), DbErr> {
        let with_key = || book::ActiveModel { id: Set(3), ..new_book("Three") };
        let set_title = || book::Entity::update_many().col_expr(book::Column::Title, Expr::value("all"));
        match self {
            Self::Insert => new_book("New").insert(db).await.map(drop),
            Self::InsertWithKey => book::Entity::insert(with_key()).exec_without_returning(db).await.map(drop),
            Self::InsertMany => book::Entity::insert_many([new_book("A"), new_book("B")]).exec(db).await.map(drop),
            Self::InsertReturning => book::Entity::insert(new_book("New")).exec_with_returning(db).await.map(drop),
            Self::Update => retitled(1, "One").update(db).await.map(drop),
            Self::Save => retitled(2, "Two").save(db).await.map(drop),
            Self::UpdateMany => set_title().filter(book::Column::Title.eq("Emma")).exec(db).await.map(drop),
            Self::UpdateByKeys => set_title().filter(book::Column::Id.is_in([1, 2])).exec(db).await.map(drop),
            Self::Delete => {
                let emma = book::Entity::find_by_id(1).one(db).await?;
                emma.ok_or(DbErr::RecordNotUpdated)?.delete(db).await.map(drop)
            }
            Self::DeleteById => book::Entity::delete_by_id(2).exec(db).await.map(drop),
            Self::DeleteMany => {
                book::Entity::delete_many().filter(book::Column::Title.eq("Emma")).exec(db).await.map(drop)
            }
            Self::Upsert => {
                let update = OnConflict::column(book::Column::Id).update_column(book::Column::Title).to_owned();
                let emma = book::ActiveModel { id: Set(1), ..new_book("Upserted") };
                book::Entity::insert(emma).on_conflict(update).exec_without_returning(db).await.map(drop)
            }
            Self::Raw => db.execute_unprepared("UPDATE books SET title = 'raw' WHERE id = 2").await.map(drop),
            Self::Nested => {
                let author = author::ActiveModel::builder();
                author.add_book(book::ActiveModel::builder().set_title("Middlemarch")).save(db).await.map(drop)
            }
            Self::Cascade => author::Entity::delete_by_id(1).exec(db).await.map(drop),
        }
    }
}

/// A path by which a write comes to the database.
#[derive(Clone, Copy, Debug)]
enum Path {
    Autocommit,
    Transaction,
    Closure,
    Savepoint,
    RolledBack,
    Dropped,
    RolledBackSavepoint,
}

const PATHS: [Path; 7] = [
    Path::Autocommit,
    Path::Transaction,
    Path::Closure,
    Path::Savepoint,
    Path::RolledBack,
    Path::Dropped,
    Path::RolledBackSavepoint,
];

impl Path {
    /// Takes the write to the database, and says whether it is there to stay.
    async fn take(self, write: Write, db: &CachedDb) -> Result<bool, DbErr> {
        match self {
            Self::Autocommit => write.run(db).await.map(|()| true),
            Self::Closure => {
                let written = db.transaction_async(async |tx: &CachedTx| write.run(tx).await).await;
                written.map(|()| true).map_err(|error| DbErr::Custom(error.to_string()))
            }
            Self::Transaction | Self::RolledBack | Self::Dropped => {
                let tx = db.begin().await?;
                write.run(&tx).await?;
                match self {
                    Self::Transaction => tx.commit().await.map(|()| true),
                    Self::RolledBack => tx.rollback().await.map(|()| false),
                    _ => Ok(false),
                }
            }
            Self::Savepoint | Self::RolledBackSavepoint => {
                let tx = db.begin().await?;
                let savepoint = tx.begin().await?;
                write.run(&savepoint).await?;
                let stays = matches!(self, Self::Savepoint);
                if stays {
                    savepoint.commit().await?;
                } else {
                    savepoint.rollback().await?;
                }
                tx.commit().await.map(|()| stays)
            }
        }
    }
}

/// All titles and the first two books, through the cache.
async fn seen(db: &CachedDb) -> (Vec<String>, [Option<String>; 2]) {
    let all = book::Entity::find().order_by_asc(book::Column::Id).all_cached(db).await.unwrap();
    let one = async |id: i32| {
        let found = book::Entity::find_by_id(id).one_cached(db).await.unwrap();
        found.map(|book| book.title.clone())
    };
    (all.iter().map(|book| book.title.clone()).collect(), [one(1).await, one(2).await])
}

/// The same from the database.
async fn there(site: &Site) -> (Vec<String>, [Option<String>; 2]) {
    let one = async |id: i32| book::Entity::find_by_id(id).one(&site.other).await.unwrap().map(|book| book.title);
    (site.truth().await, [one(1).await, one(2).await])
}

async fn every_write_by_every_path(dialect: Dialect) {
    let site = Site::new(dialect).await;
    for (write, expected) in WRITES {
        // MySQL's upsert does not say which key it is about.
        let by_any_key = dialect == Dialect::MySql && write == Write::Upsert;
        let expected = if by_any_key { &["books", "books:*"][..] } else { expected };
        for path in PATHS {
            let what = format!("{write:?} by {path:?} on {dialect:?}");
            site.restore().await;
            site.dropped().await;
            assert_eq!(seen(&site.db).await, there(&site).await, "before {what}");
            let stays = path.take(write, &site.db).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let expected: BTreeSet<_> = if stays { expected.iter().copied().collect() } else { BTreeSet::new() };
            assert_eq!(site.dropped().await, expected, "{what}");
            assert_eq!(seen(&site.db).await, there(&site).await, "after {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_by_every_path_drops_what_it_changes_on_sqlite() {
    every_write_by_every_path(Dialect::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_by_every_path_drops_what_it_changes_on_postgres() {
    every_write_by_every_path(Dialect::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_by_every_path_drops_what_it_changes_on_mariadb() {
    every_write_by_every_path(Dialect::MySql).await;
}

// case 77
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_refused_costs_no_hit() {
    for kind in KINDS {
        let site = Site::new(kind).await;
        site.dropped().await;
        let taken = book::ActiveModel { id: Set(1), ..new_book("Taken") };
        book::Entity::insert(taken.clone()).exec(&site.db).await.unwrap_err();
        book::ActiveModel { author_id: Set(77), ..new_book("Orphan") }.insert(&site.db).await.unwrap_err();
        site.db.execute_unprepared("UPDATE books SET title = NULL").await.unwrap_err();
        let refused = site.db.transaction_async(async |tx: &CachedTx| {
            retitled(2, "Changed").update(tx).await?;
            taken.insert(tx).await
        });
        refused.await.unwrap_err();
        assert_eq!(site.dropped().await, BTreeSet::new(), "{kind:?}");
        assert_eq!(site.truth().await, ["Emma", "Persuasion"], "{kind:?}");
    }
}
