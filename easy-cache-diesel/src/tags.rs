//! The tags of tables and rows, for the places where an application names one by hand.

use diesel::Expression;
use diesel::associations::{HasTable, Identifiable};
use easy_cache_core::Tag;
use easy_cache_sql::{Bind, TableName};

use crate::model::{Model, PrimaryKey};
use crate::{CachedDb, Database};

/// # Tags by hand
///
/// Reads and writes through connections that are followed need none of these. They are for values that come from elsewhere but
/// belong to a model, and for writes that no connection here sees.
///
/// | what happens | tags |
/// |---|---|
/// | a value depends on the table | [`table_tag`](CachedDb::table_tag) |
/// | a value depends on one row, which exists | [`row_tag`](CachedDb::row_tag) and [`unknown_rows_tag`](CachedDb::unknown_rows_tag) |
/// | one row was changed or added elsewhere | [`table_tag`](CachedDb::table_tag) and [`row_tag`](CachedDb::row_tag) |
/// | nobody knows which rows were changed or added | [`table_tag`](CachedDb::table_tag) and [`unknown_rows_tag`](CachedDb::unknown_rows_tag) |
impl<DB: Database> CachedDb<DB> {
    /// "Anything in this table changed."
    #[must_use]
    pub fn table_tag<T: Model<DB>>(&self, table: T) -> Tag {
        Tag::table(self.table_name(&table).as_str())
    }

    /// "This row changed." The tag of the table if its key is not known: see [`CachedDbBuilder::model`](crate::CachedDbBuilder::model).
    ///
    /// # Example: a cover on a disk that belongs to a row
    /// ```
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    /// # diesel::table! { books { id -> Integer, } }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::new();
    /// # fn read_cover(id: i32) -> Result<Vec<u8>, std::io::Error> { Ok(vec![]) }
    /// let db = CachedDb::<Sqlite>::builder(&cache).model(books::table).build();
    /// let tags = [db.row_tag(books::table, 42), db.unknown_rows_tag(books::table)];
    /// let cover = cache.get_or_compute_sync("cover:42", || read_cover(42)).tags(tags).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn row_tag<T, K>(&self, table: T, key: K) -> Tag
    where
        T: Model<DB>,
        T::PrimaryKey: Expression + PrimaryKey<<T::PrimaryKey as Expression>::SqlType>,
        K: RowKey,
    {
        self.tag_of_row(&self.table_name(&table), &key)
    }

    /// The same for a value that was loaded.
    ///
    /// # Example: what was changed by another program
    /// ```
    /// use diesel::prelude::*;
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::{Cache, Tag};
    /// use easy_cache_diesel::CachedDb;
    /// # diesel::table! { books { id -> Integer, } }
    ///
    /// #[derive(Identifiable)]
    /// struct Book { id: i32 }
    ///
    /// let db = CachedDb::<Sqlite>::builder(&Cache::new()).model(books::table).build();
    /// assert_eq!(db.tag_of(&Book { id: 42 }), Tag::row("books", 42));
    /// ```
    #[must_use]
    pub fn tag_of<'m, M>(&self, model: &'m M) -> Tag
    where
        M: HasTable,
        M::Table: Model<DB>,
        &'m M: Identifiable<Id: RowKey>,
    {
        self.tag_of_row(&self.table_name(&M::table()), &model.id())
    }

    /// "Rows of this table changed, and nobody knows which."
    #[must_use]
    pub fn unknown_rows_tag<T: Model<DB>>(&self, table: T) -> Tag {
        Tag::unknown_rows(self.table_name(&table).as_str())
    }

    fn tag_of_row(&self, table: &TableName, key: &impl RowKey) -> Tag {
        match self.hook().analyzer().row_key(table, &key.values()) {
            Some(key) => Tag::row(table.as_str(), key),
            None => Tag::table(table.as_str()),
        }
    }

    pub(crate) fn table_name<T: Model<DB>>(&self, table: &T) -> TableName {
        self.hook().analyzer().table(&table.name())
    }
}

/// The value of a primary key: what [`find`](diesel::QueryDsl::find) takes, an integer, a text, or a tuple of them. Types of
/// the application's own name the value that they stand for.
pub trait RowKey {
    /// The values of its columns, in order.
    fn values(&self) -> Vec<Bind<'_>>;
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl RowKey for $type {
            fn values(&self) -> Vec<Bind<'_>> {
                vec![Bind::Integer(i128::from(*self))]
            }
        }
    )+};
}
integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl RowKey for str {
    fn values(&self) -> Vec<Bind<'_>> {
        vec![Bind::Text(self)]
    }
}

impl RowKey for String {
    fn values(&self) -> Vec<Bind<'_>> {
        vec![Bind::Text(self)]
    }
}

impl<K: RowKey + ?Sized> RowKey for &K {
    fn values(&self) -> Vec<Bind<'_>> {
        (**self).values()
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),+)),+) => {$(
        impl<$($part: RowKey),+> RowKey for ($($part,)+) {
            fn values(&self) -> Vec<Bind<'_>> {
                let mut values = Vec::new();
                $(values.extend(self.$place.values());)+
                values
            }
        }
    )+};
}
tuples!((A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));
