//! Reads the truth table, `statements.txt`: each statement, what it says in each dialect, and the tags that it must invalidate. How it is run
//! is left to `statements`.
//!
//! ```text
//! = a name [flags]
//! DELETE FROM books WHERE id = ?        all three databases
//! sqlite postgres: DELETE FROM ONLY …   these only
//! with 1 'two'                          values that are bound
//! > books books:1                       the tags; `nothing`, or `everything`
//! > mysql: books books:*                where it differs
//! ```

use std::collections::BTreeSet;

use easy_cache_sql::Dialect;
use sea_orm::Value;

use crate::library::{KINDS, name, quoted};

/// One statement of the table, as one database understands it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    pub(crate) expected: BTreeSet<String>,
    flags: String,
}

impl Case {
    /// Whether a word stands in brackets behind the name. `text`: cannot be prepared. `alone`: not inside of a transaction. `refused`: the
    /// database says no. `untold`: triggers do not see all of it on MariaDB. `rebuild`: changes tables.
    pub(crate) fn is(&self, flag: &str) -> bool {
        self.flags.split_whitespace().any(|word| word == flag)
    }
}

/// All statements for one database.
pub(crate) fn cases(kind: Dialect) -> Vec<Case> {
    let text = include_str!("statements.txt");
    let blocks = text.split("\n= ").skip(1);
    blocks.filter_map(|block| case(block, kind)).collect()
}

fn case(block: &str, kind: Dialect) -> Option<Case> {
    let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let title = lines.next()?;
    let (title, flags) =
        title.split_once(" [").map_or((title, ""), |(title, flags)| (title, flags.trim_end_matches(']')));
    let (mut sql, mut values, mut expected) = (None, Vec::new(), None);
    for line in lines {
        if let Some(list) = line.strip_prefix("with ") {
            values = list.split_whitespace().map(value).collect();
        } else if let Some(tags) = line.strip_prefix("> ") {
            expected = for_kind(tags, kind).or(expected);
        } else {
            sql = for_kind(line, kind).or(sql);
        }
    }
    let sql = sql?;
    let expected = expected.unwrap_or_else(|| panic!("`{title}` says nothing of {}", name(kind)));
    let (sql, expected) = (quoted(placeholders(&sql, kind, &values), kind), tags(&expected));
    Some(Case { name: title.to_owned(), sql, values, expected, flags: flags.to_owned() })
}

/// What a line says to one database: everything that follows the names of databases, if there are any and its own is among them.
fn for_kind(line: &str, kind: Dialect) -> Option<String> {
    let Some((kinds, rest)) = line.split_once(": ") else { return Some(line.to_owned()) };
    let all: Vec<&str> = kinds.split_whitespace().collect();
    if all.iter().all(|word| KINDS.iter().any(|kind| name(*kind) == *word)) {
        all.contains(&name(kind)).then(|| rest.to_owned())
    } else {
        Some(line.to_owned())
    }
}

pub(crate) fn tags(text: &str) -> BTreeSet<String> {
    match text {
        "nothing" => BTreeSet::new(),
        // Names with a space are written with an underscore.
        tags => tags.split_whitespace().map(|tag| tag.replace('_', " ")).collect(),
    }
}

fn value(text: &str) -> Value {
    match text.parse::<i32>() {
        Ok(number) => number.into(),
        Err(_) => text.trim_matches('\'').into(),
    }
}

/// PostgreSQL numbers its placeholders.
fn placeholders(sql: &str, kind: Dialect, values: &[Value]) -> String {
    if kind != Dialect::Postgres || values.is_empty() {
        return sql.to_owned();
    }
    let mut parts = sql.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        numbered.push_str(&format!("${}{part}", index + 1));
    }
    numbered
}
