//! One change as a trigger told of it, and what it invalidates: the same tags as the statement would have, had it been seen.

use std::fmt;

use serde_json::Value;

use crate::consequence::{Assigned, Deed};
use crate::hook::Pending;
use crate::{Analyzer, Bind, Opaque, Rows, Touched, Write, WriteKind};

/// What the database told of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The table, as it was declared to the triggers.
    pub table: String,
    /// What was done.
    pub operation: Operation,
    /// The keys of the rows, one array of columns for each, in JSON; `None` if they are not known.
    pub keys: Option<Value>,
}

/// What was done to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Rows were added.
    Insert,
    /// Rows were changed.
    Update,
    /// Rows were removed.
    Delete,
    /// All rows were removed.
    Truncate,
}

impl Notice {
    /// Reads the three columns of the outbox that say what changed.
    ///
    /// # Errors
    /// [`Unreadable`] if this is nothing that our triggers write.
    pub fn from_row(table: &str, operation: &str, keys: Option<&str>) -> Result<Self, Unreadable> {
        let keys = keys.map(serde_json::from_str).transpose().map_err(|_| Unreadable("the keys are not JSON"))?;
        Ok(Self { table: table.to_owned(), operation: Operation::read(operation)?, keys })
    }

    /// Reads a notification.
    ///
    /// # Errors
    /// [`Unreadable`] if this is nothing that our triggers send.
    pub fn from_notification(payload: &str) -> Result<Self, Unreadable> {
        let (table, operation, keys): (String, String, Option<Value>) =
            serde_json::from_str(payload).map_err(|_| Unreadable("the notification is none of ours"))?;
        Ok(Self { table, operation: Operation::read(&operation)?, keys })
    }

    /// What it invalidates: the tags of the table and of its rows, those reached by declared cascades and views included.
    #[must_use]
    pub fn pending(&self, analyzer: &Analyzer) -> Pending {
        Pending::of_writes(&self.touched(analyzer))
    }

    /// The canonical keys of the rows, sorted; `None` if they are not known.
    pub(crate) fn row_keys(&self, analyzer: &Analyzer) -> Option<Vec<String>> {
        let table = analyzer.table(&self.table);
        let rows = self.keys.as_ref()?.as_array().filter(|rows| !rows.is_empty())?;
        let mut keys: Vec<String> = rows.iter().map(|row| row_key(analyzer, &table, row)).collect::<Option<_>>()?;
        keys.sort_unstable();
        keys.dedup();
        Some(keys)
    }

    fn deed(&self) -> Deed {
        match self.operation {
            Operation::Insert => Deed::inserts(),
            // An update of unknown rows may be what SQLite's triggers tell of a row that was replaced.
            Operation::Update if self.keys.is_none() => Deed::anything(),
            Operation::Update => Deed::assigns(Assigned::Anything),
            Operation::Delete | Operation::Truncate => Deed::deletes(),
        }
    }

    fn touched(&self, analyzer: &Analyzer) -> Touched {
        let table = analyzer.table(&self.table);
        let kind = match self.operation {
            Operation::Insert => WriteKind::Insert,
            Operation::Update => WriteKind::Update,
            Operation::Delete | Operation::Truncate => WriteKind::Delete,
        };
        let keys = self.row_keys(analyzer);
        let first = Write { table, rows: keys.map_or(Rows::All, Rows::Keys), kind };
        match analyzer.reached_from(first, self.deed()) {
            Some(writes) => Touched { writes, ..Touched::default() },
            None => Touched { opaque: Some(Opaque::Unknown), ..Touched::default() },
        }
    }
}

/// The canonical key of a row; `None` if one of its values is nothing that keys are made of.
fn row_key(analyzer: &Analyzer, table: &crate::TableName, row: &Value) -> Option<String> {
    let values: Option<Vec<Bind<'_>>> = row.as_array()?.iter().map(value).collect();
    analyzer.row_key(table, &values?)
}

fn value(value: &Value) -> Option<Bind<'_>> {
    match value {
        Value::String(text) => Some(Bind::Text(text)),
        Value::Number(number) => number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)).map(Bind::Integer),
        _ => None,
    }
}

impl Operation {
    fn read(letter: &str) -> Result<Self, Unreadable> {
        match letter {
            "I" => Ok(Self::Insert),
            "U" => Ok(Self::Update),
            "D" => Ok(Self::Delete),
            "T" => Ok(Self::Truncate),
            _ => Err(Unreadable("the operation is none of ours")),
        }
    }
}

/// A change that cannot be read: everything must then be invalidated. Says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable(pub(super) &'static str);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to read a change that the database told: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use easy_cache_core::Tag;

    use super::*;
    use crate::{Dialect, KeyColumn};

    fn analyzer() -> Analyzer {
        Analyzer::builder(Dialect::Postgres)
            .primary_key("books", [KeyColumn::integer("id")])
            .primary_key("lines", [KeyColumn::uuid("order"), KeyColumn::text("article")])
            .cascade("authors", ["books"])
            .build()
    }

    fn tags(change: Result<Notice, Unreadable>) -> Vec<String> {
        match change.unwrap().pending(&analyzer()).tags() {
            None => vec!["everything".into()],
            Some(tags) => tags.iter().map(Tag::to_string).collect(),
        }
    }

    #[test]
    fn a_change_invalidates_what_the_statement_would_have() {
        assert_eq!(tags(Notice::from_row("books", "U", Some("[[1],[2]]"))), ["books", "books:1", "books:2"]);
        assert_eq!(tags(Notice::from_row("books", "D", Some("[[\"7\"]]"))), ["books", "books:7"]);
        assert_eq!(tags(Notice::from_row("books", "I", None)), ["books", "books:+"]);
        assert_eq!(tags(Notice::from_row("books", "T", None)), ["books", "books:*"]);
        assert_eq!(tags(Notice::from_notification(r#"["public.books","U",[[3]]]"#)), ["books", "books:3"]);
        assert_eq!(tags(Notice::from_row("authors", "D", Some("[[1]]"))), ["authors", "authors:*", "books", "books:*"]);
    }

    #[test]
    fn columns_of_a_key_have_the_same_text_as_in_statements() {
        let keys = r#"[["A0EEBC999C0B4EF8BB6D6BB9BD380A11", "a,b"]]"#;
        let expected = "lines:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,a%2Cb";
        assert_eq!(tags(Notice::from_row("lines", "U", Some(keys))), ["lines", expected]);
    }

    #[test]
    fn a_key_that_is_none_makes_all_rows_unknown() {
        for keys in ["[[1.5]]", "[[null]]", "[[1,2]]", "[[1],[true]]", "[]", "{}", "7"] {
            assert_eq!(tags(Notice::from_row("books", "U", Some(keys))), ["books", "books:*"], "{keys}");
        }
    }

    #[test]
    fn what_is_none_of_ours_is_told_apart() {
        assert!(Notice::from_row("books", "X", None).is_err());
        assert!(Notice::from_row("books", "U", Some("[[1]")).is_err());
        assert!(Notice::from_notification("books changed").is_err());
    }
}
