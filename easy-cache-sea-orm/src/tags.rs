//! The tags of models, for the places where an application names one by hand.

use easy_cache_core::Tag;
use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{EntityTrait, PrimaryKeyTrait};

use crate::CachedDb;
use crate::builder::table_name;
use crate::values::bind;

/// The key that [`EntityTrait::find_by_id`] takes.
type Key<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

/// # Tags by hand
///
/// Reads and writes through the connection need none of these. They are for values that come from elsewhere but belong to a
/// model, and for writes that the connection does not see.
///
/// | what happens | tags |
/// |---|---|
/// | a value depends on the table | [`table_tag`](CachedDb::table_tag) |
/// | a value depends on one row, which exists | [`row_tag`](CachedDb::row_tag) and [`unknown_rows_tag`](CachedDb::unknown_rows_tag) |
/// | one row was changed elsewhere | [`table_tag`](CachedDb::table_tag) and [`row_tag`](CachedDb::row_tag) |
/// | nobody knows which rows were changed | [`table_tag`](CachedDb::table_tag) and [`unknown_rows_tag`](CachedDb::unknown_rows_tag) |
impl CachedDb {
    /// "Anything in the table of this model changed."
    #[must_use]
    pub fn table_tag<E: EntityTrait>(&self) -> Tag {
        Tag::table(self.table::<E>().as_str())
    }

    /// "This row changed." The tag of the table if the model's key is not known: see [`CachedDbBuilder::model`](crate::CachedDbBuilder::model).
    ///
    /// # Example: a cover on a disk that belongs to a row
    /// ```
    /// # use easy_cache_core::Cache;
    /// # use easy_cache_sea_orm::CachedDb;
    /// # use sea_orm::Database;
    /// # mod book {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    /// #     #[sea_orm(table_name = "books")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::new();
    /// # async fn read_cover(id: i32) -> Result<Vec<u8>, std::io::Error> { Ok(vec![]) }
    /// let db = CachedDb::builder(Database::connect("sqlite::memory:").await?, &cache).model::<book::Entity>().build();
    /// let tags = [db.row_tag::<book::Entity>(42), db.unknown_rows_tag::<book::Entity>()];
    /// let cover = cache.get_or_compute("cover:42", read_cover(42)).tags(tags).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn row_tag<E: EntityTrait>(&self, key: impl Into<Key<E>>) -> Tag {
        let table = self.table::<E>();
        let values: Vec<_> = key.into().into_value_tuple().into_iter().collect();
        let binds: Vec<_> = values.iter().map(bind).collect();
        match self.hook().analyzer().row_key(&table, &binds) {
            Some(key) => Tag::row(table.as_str(), key),
            None => Tag::table(table.as_str()),
        }
    }

    /// "Rows of this model's table changed, and nobody knows which."
    #[must_use]
    pub fn unknown_rows_tag<E: EntityTrait>(&self) -> Tag {
        Tag::unknown_rows(self.table::<E>().as_str())
    }

    pub(crate) fn table<E: EntityTrait>(&self) -> easy_cache_sql::TableName {
        self.hook().analyzer().table(&table_name(&E::default()))
    }
}
