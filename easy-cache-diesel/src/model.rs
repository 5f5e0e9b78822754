//! What the types of a `table!` tell: the name of the table, and the columns of its primary key. Tags are left to `tags`.

use std::fmt::Write;

use diesel::query_builder::QueryFragment;
use diesel::sql_types;
use diesel::{Column, Expression, Table};
use easy_cache_sql::KeyColumn;

use crate::Database;
use crate::text::Text;

/// A table that `table!` has declared, for the backend `DB`. Nobody implements this by hand.
pub trait Model<DB>: Table {
    /// The name as the database stores it: `books`, or `shop.books`.
    #[doc(hidden)]
    fn name(&self) -> String;
}

impl<T, DB> Model<DB> for T
where
    T: Table + QueryFragment<DB>,
    DB: Database,
{
    fn name(&self) -> String {
        let mut text = Text::default();
        text.read(&crate::database::sql_of::<DB>(self));
        unquoted(text.sql())
    }
}

/// `` `shop`.`books` `` without the quotes that the backend's query builder puts around names.
fn unquoted(sql: &str) -> String {
    let quote = sql.chars().next().filter(|first| matches!(first, '`' | '"'));
    let Some(quote) = quote else { return sql.to_owned() };
    let mut doubled = String::new();
    let mut end = String::new();
    let _ = write!(doubled, "{quote}{quote}").and_then(|()| write!(end, "{quote}.{quote}"));
    let parts = sql.trim_matches(quote).split(end.as_str());
    parts.map(|part| part.replace(&doubled, &quote.to_string())).collect::<Vec<_>>().join(".")
}

/// A primary key whose columns can name a row: one column, or a tuple of them. Nobody implements this by hand.
#[diagnostic::on_unimplemented(
    message = "rows cannot be known by the primary key `{Self}`",
    note = "the columns of a key are integers, text or UUIDs; leave the table out: everything is right without it"
)]
pub trait PrimaryKey<Types> {
    /// The columns in the order in which `table!` names them.
    #[doc(hidden)]
    fn columns() -> Vec<KeyColumn>;
}

impl<C, Type> PrimaryKey<Type> for C
where
    C: Column + Expression<SqlType = Type>,
    Type: KeyType,
{
    fn columns() -> Vec<KeyColumn> {
        vec![Type::column(C::NAME)]
    }
}

macro_rules! composite {
    ($($column:ident: $kind:ident),+) => {
        impl<$($column, $kind),+> PrimaryKey<($($kind,)+)> for ($($column,)+)
        where
            $($column: Column + Expression<SqlType = $kind>, $kind: KeyType,)+
        {
            fn columns() -> Vec<KeyColumn> {
                vec![$($kind::column($column::NAME)),+]
            }
        }
    };
}
composite!(A: TypeA, B: TypeB);
composite!(A: TypeA, B: TypeB, C: TypeC);
composite!(A: TypeA, B: TypeB, C: TypeC, D: TypeD);

/// A type of SQL whose values can be told apart by their text. Nobody implements this by hand.
pub trait KeyType {
    /// A column of this type.
    #[doc(hidden)]
    fn column(name: &str) -> KeyColumn;
}

macro_rules! key_types {
    ($($kind:ident: $($type:ty),+;)+) => {$($(
        impl KeyType for $type {
            fn column(name: &str) -> KeyColumn {
                KeyColumn::$kind(name)
            }
        }
    )+)+};
}
key_types! {
    integer: sql_types::TinyInt, sql_types::SmallInt, sql_types::Integer, sql_types::BigInt;
    text: sql_types::Text;
}
#[cfg(feature = "mysql")]
key_types! {
    integer: sql_types::Unsigned<sql_types::TinyInt>, sql_types::Unsigned<sql_types::SmallInt>,
        sql_types::Unsigned<sql_types::Integer>, sql_types::Unsigned<sql_types::BigInt>;
}
#[cfg(feature = "postgres")]
key_types! {
    uuid: sql_types::Uuid;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_quotes_and_keeps_its_schema() {
        assert_eq!(unquoted("`books`"), "books");
        assert_eq!(unquoted("\"shop\".\"books\""), "shop.books");
        assert_eq!(unquoted("`a``b`"), "a`b");
        assert_eq!(unquoted("books"), "books");
    }
}
