//! What a statement touched once its values are known, and the rule that turns this into tags. How the tags are
//! spelled in a cache, and when they are published, is left to the caller.

use std::{collections::BTreeSet, fmt};

use crate::{Opaque, TableName, Uncacheable, WriteKind};

/// Rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The whole table, or rows whose identity is not known.
    All,
    /// The rows with these keys: canonical text, sorted, without repetition, never empty.
    Keys(Vec<String>),
}

/// A table that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// Which table.
    pub table: TableName,
    /// Which of its rows; keys only if the statement reads nothing but these rows.
    pub rows: Rows,
}

/// A table that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// Which table.
    pub table: TableName,
    /// Which rows. For [`WriteKind::Insert`], `All` means new rows whose keys are not known.
    pub rows: Rows,
    /// Whether existing rows may have changed.
    pub kind: WriteKind,
}

/// Everything a text read and wrote, all its statements together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Touched {
    /// Tables that were read. The target of a write is listed only if it is also read by name.
    pub reads: Vec<Read>,
    /// Tables that were written, those reached by declared cascades and views included.
    pub writes: Vec<Write>,
    /// Set if something could not be understood, so that everything may have been written.
    pub opaque: Option<Opaque>,
    /// Whether tables were read that could not be named.
    pub unknown_reads: bool,
    /// Set if what was read must not be cached.
    pub uncacheable: Option<Uncacheable>,
}

/// One thing that a write invalidates or that a value depends on. Sorted by table.
///
/// The text form is `books`, `books:42`, `books:*`, and `*` for everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touch {
    /// Every table: the statement was not understood.
    Everything,
    /// Anything in the table.
    Table(TableName),
    /// The row with this key.
    Row(TableName, String),
    /// Rows of the table whose identity is not known.
    UnknownRows(TableName),
}

/// The same with names that are borrowed: most are turned into tags at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Touching<'a> {
    Everything,
    Table(&'a TableName),
    Row(&'a TableName, &'a str),
    UnknownRows(&'a TableName),
}

impl From<Touching<'_>> for Touch {
    fn from(touching: Touching<'_>) -> Self {
        match touching {
            Touching::Everything => Self::Everything,
            Touching::Table(table) => Self::Table(table.clone()),
            Touching::Row(table, key) => Self::Row(table.clone(), key.to_owned()),
            Touching::UnknownRows(table) => Self::UnknownRows(table.clone()),
        }
    }
}

impl Touched {
    /// What must be invalidated once the writes are committed. Empty only if nothing was written.
    #[must_use]
    pub fn invalidates(&self) -> Vec<Touch> {
        let mut touches = BTreeSet::new();
        self.for_each_invalidated(|touching| {
            touches.insert(touching.into());
        });
        touches.into_iter().collect()
    }

    /// The same one by one, possibly with repetitions.
    pub(crate) fn for_each_invalidated<'a>(&'a self, mut tell: impl FnMut(Touching<'a>)) {
        if self.opaque.is_some() {
            return tell(Touching::Everything);
        }
        for write in &self.writes {
            tell(Touching::Table(&write.table));
            match (&write.rows, write.kind) {
                (Rows::Keys(keys), _) => keys.iter().for_each(|key| tell(Touching::Row(&write.table, key))),
                (Rows::All, WriteKind::Insert) => {}
                (Rows::All, _) => tell(Touching::UnknownRows(&write.table)),
            }
        }
    }

    /// How many single rows the text reads, if it reads nothing else: as many must come back for all to have been found.
    #[must_use]
    pub fn keys_read(&self) -> Option<usize> {
        match self.reads.as_slice() {
            [Read { rows: Rows::Keys(keys), .. }] => Some(keys.len()),
            _ => None,
        }
    }

    /// What a value built from the result depends on. `returned` is the number of rows that came back, or `None` if it
    /// is not known, as with a stream.
    ///
    /// The value depends on single rows only if each of the keys was found; otherwise an insert may change it, and it
    /// depends on the table. Do not cache at all if [`uncacheable`](Self::uncacheable) is set.
    #[must_use]
    pub fn depends_on(&self, returned: Option<usize>) -> Vec<Touch> {
        let mut touches = Vec::new();
        self.for_each_dependency(returned, |touching| touches.push(touching.into()));
        touches
    }

    /// The same one by one.
    pub(crate) fn for_each_dependency<'a>(&'a self, returned: Option<usize>, mut tell: impl FnMut(Touching<'a>)) {
        if self.unknown_reads {
            return tell(Touching::Everything);
        }
        match self.reads.as_slice() {
            [Read { table, rows: Rows::Keys(keys) }] if returned == Some(keys.len()) => {
                keys.iter().for_each(|key| tell(Touching::Row(table, key)));
                tell(Touching::UnknownRows(table));
            }
            [Read { table, .. }] => tell(Touching::Table(table)),
            reads => {
                let tables: BTreeSet<_> = reads.iter().map(|read| &read.table).collect();
                tables.into_iter().for_each(|table| tell(Touching::Table(table)));
            }
        }
    }

    /// Adds what another statement of the same text touched.
    pub(crate) fn merge(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        self.opaque = self.opaque.or(other.opaque);
        self.unknown_reads |= other.unknown_reads;
        if self.uncacheable.is_none() {
            self.uncacheable = other.uncacheable;
        }
    }
}

impl fmt::Display for Touch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => formatter.write_str("*"),
            Self::Table(table) => write!(formatter, "{table}"),
            Self::Row(table, key) => write!(formatter, "{table}:{key}"),
            Self::UnknownRows(table) => write!(formatter, "{table}:*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books() -> TableName {
        TableName::new(None, "books")
    }

    fn write(rows: Rows, kind: WriteKind) -> Vec<String> {
        let touched = Touched { writes: vec![Write { table: books(), rows, kind }], ..Touched::default() };
        texts(touched.invalidates())
    }

    fn texts(touches: Vec<Touch>) -> Vec<String> {
        touches.iter().map(ToString::to_string).collect()
    }

    fn keys(keys: &[&str]) -> Rows {
        Rows::Keys(keys.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn a_change_of_known_rows_names_them() {
        assert_eq!(write(keys(&["1", "2"]), WriteKind::Change), ["books", "books:1", "books:2"]);
    }

    #[test]
    fn a_change_of_unknown_rows_reaches_every_row() {
        assert_eq!(write(Rows::All, WriteKind::Change), ["books", "books:*"]);
        assert_eq!(write(Rows::All, WriteKind::Definition), ["books", "books:*"]);
    }

    #[test]
    fn an_insert_leaves_existing_rows_alone() {
        assert_eq!(write(Rows::All, WriteKind::Insert), ["books"]);
        assert_eq!(write(keys(&["9"]), WriteKind::Insert), ["books", "books:9"]);
    }

    #[test]
    fn what_is_not_understood_invalidates_everything() {
        let touched = Touched { opaque: Some(Opaque::Unparsed), ..Touched::default() };
        assert_eq!(touched.invalidates(), [Touch::Everything]);
    }

    #[test]
    fn a_value_depends_on_its_rows_only_if_all_were_found() {
        let reads = vec![Read { table: books(), rows: keys(&["1", "2"]) }];
        let touched = Touched { reads, ..Touched::default() };
        assert_eq!(texts(touched.depends_on(Some(2))), ["books:1", "books:2", "books:*"]);
        for returned in [Some(1), Some(0), None] {
            assert_eq!(texts(touched.depends_on(returned)), ["books"]);
        }
    }

    #[test]
    fn reads_that_cannot_be_named_depend_on_everything() {
        let touched = Touched { unknown_reads: true, ..Touched::default() };
        assert_eq!(touched.depends_on(Some(1)), [Touch::Everything]);
    }
}
