//! The outbox on SQLite: triggers for each row. Rows that `REPLACE` removes disappear without one, unless the application sets
//! `recursive_triggers`; that is why inserts and updates count as changes of unknown rows unless it was declared otherwise.

use super::triggers::{Watched, literal, quoted};
use super::{OUTBOX, RELAYS};
use crate::key::{KeyColumn, KeyKind};

pub(super) fn tables() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {OUTBOX} (id INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, operation TEXT NOT NULL, \
             row_keys TEXT, written INTEGER NOT NULL DEFAULT (unixepoch()))"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {RELAYS} (name TEXT PRIMARY KEY, position TEXT NOT NULL, saved INTEGER NOT NULL)"
        ),
    ]
}

pub(super) fn create(table: &Watched) -> Vec<String> {
    ["INSERT", "UPDATE", "DELETE"].map(|operation| trigger(table, operation)).into()
}

pub(super) fn drop(table: &Watched) -> Vec<String> {
    ["INSERT", "UPDATE", "DELETE"].map(|operation| format!("DROP TRIGGER IF EXISTS {}", name(table, operation))).into()
}

/// A trigger lives in the schema of its table; the outbox it writes to is found there as well.
fn name(table: &Watched, operation: &str) -> String {
    let (schema, name) = table.parts();
    let trigger = quoted(&format!("easy_cache_{name}_{}", operation.to_lowercase()), '"');
    schema.map_or(trigger.clone(), |schema| format!("{}.{trigger}", quoted(schema, '"')))
}

fn trigger(table: &Watched, operation: &str) -> String {
    let rows: &[&str] = match operation {
        "INSERT" => &["NEW"],
        "UPDATE" => &["OLD", "NEW"],
        _ => &["OLD"],
    };
    let is_exact = operation == "DELETE" || table.never_replaced;
    let keys = if table.key.is_empty() || !is_exact {
        "NULL".to_owned()
    } else {
        let rows: Vec<String> = rows.iter().map(|row| key(&table.key, row)).collect();
        format!("json_array({})", rows.join(", "))
    };
    // What may have removed another row is no mere insert.
    let told = if is_exact { &operation[..1] } else { "U" };
    let (_, bare) = table.parts();
    // It never is there, since it was dropped before. But another connection of a pool may not have noticed, and only with these words
    // does it look again before it refuses.
    format!(
        "CREATE TRIGGER IF NOT EXISTS {} AFTER {operation} ON {} BEGIN INSERT INTO {OUTBOX} (tbl, operation, row_keys) VALUES ({}, '{told}', {keys}); END",
        name(table, operation),
        quoted(bare, '"'),
        literal(&table.name),
    )
}

/// The key of one row as a JSON array. Bytes have no place in JSON: those of a UUID are written as its digits.
fn key(columns: &[KeyColumn], row: &str) -> String {
    let values: Vec<String> = columns
        .iter()
        .map(|column| {
            let value = format!("{row}.{}", quoted(column.name(), '"'));
            match column.kind() {
                KeyKind::Uuid => format!("CASE typeof({value}) WHEN 'blob' THEN hex({value}) ELSE {value} END"),
                KeyKind::Integer | KeyKind::Text => value,
            }
        })
        .collect();
    format!("json_array({})", values.join(", "))
}
