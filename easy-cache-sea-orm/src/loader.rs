//! What belongs to rows that are there already: related rows, loaded for all of them at once. The key is what is asked of the related table
//! and the keys of those rows, in their order.

use std::any::type_name;
use std::fmt::Write as _;
use std::str::FromStr as _;
use std::sync::Arc;

use sea_orm::{EntityOrSelect, EntityTrait, LoaderTrait, ModelTrait, QueryTrait, Related, RelationDef, Select};

use crate::CachedDb;
use crate::query::{BorrowedRead, key, look_up};

/// The methods of SeaORM's loaders, answered from the cache: see [`CachedSelect`](crate::CachedSelect) for what is kept, and for how long.
///
/// The answer has as many elements as there are rows, in their order. It is dropped when something changes that was read for it: the related table,
/// and the one between the two if there is one. The rows themselves were read before, by whoever has them.
///
/// # Example: authors with their books
/// ```
/// # use easy_cache_sea_orm::{CachedDb, CachedSelect};
/// # use sea_orm::DbErr;
/// # mod entity {
/// # pub mod author {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "authors")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, #[sea_orm(has_many)] pub books: HasMany<super::book::Entity> }
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # pub mod book {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "books")]
/// #     pub struct Model {
/// #         #[sea_orm(primary_key)] pub id: i32, pub author_id: i32,
/// #         #[sea_orm(belongs_to, from = "author_id", to = "id")] pub author: BelongsTo<super::author::Entity>,
/// #     }
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # }
/// # use entity::{author, book};
/// use easy_cache_sea_orm::CachedLoader;
/// use sea_orm::EntityTrait;
///
/// # async fn example(db: &CachedDb) -> Result<(), DbErr> {
/// let authors = author::Entity::find().all_cached(db).await?;
/// let books = authors.load_many_cached(book::Entity, db).await?;
/// for (author, books) in authors.iter().zip(books.iter()) {
///     println!("{} wrote {} books", author.id, books.len());
/// }
/// # Ok(()) }
/// ```
pub trait CachedLoader<M: ModelTrait + Sync> {
    /// The row that belongs to each, if there is one.
    fn load_one_cached<'r, R, S>(&'r self, query: S, db: &'r CachedDb) -> BorrowedRead<'r, Arc<Vec<Option<R::Model>>>>
    where
        R: EntityTrait<Model: Send + Sync>,
        S: EntityOrSelect<R>,
        M::Entity: Related<R>;

    /// The rows that belong to each, also by a table between the two.
    fn load_many_cached<'r, R, S>(&'r self, query: S, db: &'r CachedDb) -> BorrowedRead<'r, Arc<Vec<Vec<R::Model>>>>
    where
        R: EntityTrait<Model: Send + Sync>,
        S: EntityOrSelect<R>,
        M::Entity: Related<R>;

    /// The same by a table between the two, which is named and read by itself: two queries.
    fn load_many_to_many_cached<'r, R, S, V>(
        &'r self,
        query: S,
        via: V,
        db: &'r CachedDb,
    ) -> BorrowedRead<'r, Arc<Vec<Vec<R::Model>>>>
    where
        R: EntityTrait<Model: Send + Sync>,
        S: EntityOrSelect<R>,
        V: EntityTrait<Model: Send + Sync>,
        M::Entity: Related<R>;
}

impl<M: ModelTrait + Sync> CachedLoader<M> for [M] {
    fn load_one_cached<'r, R, S>(&'r self, query: S, db: &'r CachedDb) -> BorrowedRead<'r, Arc<Vec<Option<R::Model>>>>
    where
        R: EntityTrait<Model: Send + Sync>,
        S: EntityOrSelect<R>,
        M::Entity: Related<R>,
    {
        let query = query.select();
        let key = key_for::<M, R, Option<R::Model>>(self, &query, "one", db);
        let load = async move { self.load_one(query, db).await.map(Arc::new) };
        look_up(db, key, Box::pin(load), |rows| size_of_val(rows.as_slice()) as u64)
    }

    fn load_many_cached<'r, R, S>(&'r self, query: S, db: &'r CachedDb) -> BorrowedRead<'r, Arc<Vec<Vec<R::Model>>>>
    where
        R: EntityTrait<Model: Send + Sync>,
        S: EntityOrSelect<R>,
        M::Entity: Related<R>,
    {
        let query = query.select();
        let key = key_for::<M, R, Vec<R::Model>>(self, &query, "many", db);
        look_up(db, key, Box::pin(async move { self.load_many(query, db).await.map(Arc::new) }), weigh_lists)
    }

    fn load_many_to_many_cached<'r, R, S, V>(
        &'r self,
        query: S,
        via: V,
        db: &'r CachedDb,
    ) -> BorrowedRead<'r, Arc<Vec<Vec<R::Model>>>>
    where
        R: EntityTrait<Model: Send + Sync>,
        S: EntityOrSelect<R>,
        V: EntityTrait<Model: Send + Sync>,
        M::Entity: Related<R>,
    {
        let query = query.select();
        let key = key_for::<M, R, Vec<R::Model>>(self, &query, type_name::<V>(), db);
        let load = async move { self.load_many_to_many(query, via, db).await.map(Arc::new) };
        look_up(db, key, Box::pin(load), weigh_lists)
    }
}

/// What is asked of the related table, how, and for whom. How the tables belong together follows from the types.
fn key_for<M, R, T>(rows: &[M], query: &Select<R>, how: &str, db: &CachedDb) -> String
where
    M: ModelTrait,
    R: EntityTrait,
    M::Entity: Related<R>,
{
    let statement = query.build(db.get_database_backend());
    let mut key = key::<(M, R), Arc<Vec<T>>>(db, &statement);
    let _never_fails = write!(key, ":{how}");
    let relation: RelationDef = <M::Entity as Related<R>>::via().unwrap_or_else(<M::Entity as Related<R>>::to);
    let name_of = |column: &sea_orm::sea_query::DynIden| Column::<M>::from_str(&column.inner());
    let columns: Vec<_> = relation.from_col.iter().map(name_of).collect();
    for row in rows {
        key.push('\0');
        for column in &columns {
            let _never_fails = match column {
                Ok(column) => write!(key, "{:?},", row.get(*column)),
                // The loader will not find it either, and errors are not kept.
                Err(_) => write!(key, "{row:?},"),
            };
        }
    }
    key
}

type Column<M> = <<M as ModelTrait>::Entity as EntityTrait>::Column;

/// What the lists take, as far as their type tells.
fn weigh_lists<M>(lists: &Arc<Vec<Vec<M>>>) -> u64 {
    lists.iter().map(|list| size_of_val(list) as u64 + size_of_val(list.as_slice()) as u64).sum()
}
