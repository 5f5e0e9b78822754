//! A change as callbacks are told of it, and the list of those that a write will tell. Who is called, and when, is `telling`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::key::columns_of;
use crate::{Rows, TableName, WriteKind};

/// A write to one table that others can see now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The table.
    pub table: TableName,
    /// How it was written. What was reached by a declared cascade or view, or by a statement that nobody understands, is a
    /// [`WriteKind::Change`] of all rows.
    pub kind: WriteKind,
    /// The rows, as far as the statement says: it may have found fewer of them, or none.
    pub rows: Rows,
}

impl Change {
    /// The primary keys of the rows, of the type that they have in the application. `None` if they are not known: the statement
    /// does not name them, the key of the table is not registered, or they are of another type than `K`.
    ///
    /// # Example: a search index that follows the table
    /// ```
    /// use easy_cache_sql::hook::Change;
    /// # fn reindex(id: i32) {}
    /// # fn reindex_everything() {}
    ///
    /// fn follow(change: &Change) {
    ///     match change.keys::<i32>() {
    ///         Some(ids) => ids.into_iter().for_each(reindex),
    ///         None => reindex_everything(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn keys<K: FromKey>(&self) -> Option<Vec<K>> {
        let Rows::Keys(keys) = &self.rows else { return None };
        let key = |text: &String| {
            let mut columns = columns_of(text)?.into_iter();
            let key = K::from_columns(&mut columns)?;
            columns.next().is_none().then_some(key)
        };
        keys.iter().map(key).collect()
    }
}

/// A type that the value of a primary key has in the application: integers, `String` (texts and UUIDs), and tuples of them for keys of
/// several columns. Implement it for types of your own by way of one of these.
pub trait FromKey: Sized {
    /// Takes as many columns as it is made of; `None` if they are nothing of this type.
    fn from_columns(columns: &mut dyn Iterator<Item = String>) -> Option<Self>;
}

macro_rules! parsed {
    ($($type:ty),+) => {$(
        impl FromKey for $type {
            fn from_columns(columns: &mut dyn Iterator<Item = String>) -> Option<Self> {
                columns.next()?.parse().ok()
            }
        }
    )+};
}
parsed!(i8, i16, i32, i64, u8, u16, u32, u64, String);

macro_rules! tuples {
    ($(($($part:ident),+)),+) => {$(
        impl<$($part: FromKey),+> FromKey for ($($part,)+) {
            fn from_columns(columns: &mut dyn Iterator<Item = String>) -> Option<Self> {
                Some(($($part::from_columns(columns)?,)+))
            }
        }
    )+};
}
tuples!((A, B), (A, B, C), (A, B, C, D));

/// Changes that are told when their write is visible, in order. A write may wait in several places (a transaction that may
/// be over is told at once, and again at its COMMIT): the copies know of each other, and it is told once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes(Vec<Arc<Untold>>);

#[derive(Debug)]
struct Untold {
    change: Change,
    is_told: AtomicBool,
}

impl Changes {
    pub(super) fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let untold = |change| Arc::new(Untold { change, is_told: AtomicBool::new(false) });
        Self(changes.into_iter().map(untold).collect())
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Those that nobody else has taken.
    pub(super) fn take(self) -> impl Iterator<Item = Change> {
        let untold = self.0.into_iter().filter(|untold| !untold.is_told.swap(true, Ordering::AcqRel));
        untold.map(|untold| untold.change.clone())
    }
}

impl PartialEq for Untold {
    fn eq(&self, other: &Self) -> bool {
        self.change == other.change
    }
}

impl Eq for Untold {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::join_columns;

    fn change(keys: &[String]) -> Change {
        Change { table: TableName::new(None, "books"), kind: WriteKind::Update, rows: Rows::Keys(keys.to_vec()) }
    }

    #[test]
    fn keys_have_the_type_that_they_are_asked_for() {
        let numbers = change(&["42".to_owned(), "-7".to_owned()]);
        assert_eq!(numbers.keys::<i32>(), Some(vec![42, -7]));
        assert_eq!(numbers.keys::<String>(), Some(vec!["42".to_owned(), "-7".to_owned()]));
        assert_eq!(numbers.keys::<u32>(), None, "not all of them are");
        assert_eq!(numbers.keys::<(i32, i32)>(), None, "there is one column");
        assert_eq!(Change { rows: Rows::All, ..numbers }.keys::<i32>(), None);
    }

    #[test]
    fn columns_come_back_as_they_were() {
        for text in ["a,b", "", "%", "100%", "a:*.b", "%2C", "é"] {
            let key = join_columns(["7", text, "-1"]);
            assert_eq!(change(&[key]).keys(), Some(vec![(7_u8, text.to_owned(), -1_i64)]));
        }
        assert_eq!(change(&["1,2".to_owned()]).keys::<i32>(), None, "there are two columns");
    }

    #[test]
    fn a_change_that_waits_in_two_places_is_taken_once() {
        let first = Changes::of([change(&["1".to_owned()])]);
        let mut both = first.clone();
        both.extend(Changes::of([change(&["2".to_owned()])]));
        assert_eq!(first.take().count(), 1);
        assert_eq!(both.take().map(|change| change.keys::<u8>()).collect::<Vec<_>>(), [Some(vec![2])]);
    }
}
