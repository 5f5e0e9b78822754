//! The outbox on MariaDB and MySQL: triggers for each row, since there are none for statements. `TRUNCATE` and the rows that foreign keys
//! change fire none.

use super::triggers::{Watched, literal, quoted};
use super::{OUTBOX, RELAYS};
use crate::key::{KeyColumn, KeyKind};

pub(super) fn tables() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {OUTBOX} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, tbl VARCHAR(255) NOT NULL, \
             operation CHAR(1) NOT NULL, row_keys TEXT CHARACTER SET utf8mb4, written BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP()), \
             INDEX (written)) ENGINE = InnoDB"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {RELAYS} (name VARCHAR(191) NOT NULL PRIMARY KEY, position MEDIUMTEXT NOT NULL, \
             saved BIGINT NOT NULL) ENGINE = InnoDB"
        ),
    ]
}

pub(super) fn create(table: &Watched) -> Vec<String> {
    ["INSERT", "UPDATE", "DELETE"].map(|operation| trigger(table, operation)).into()
}

pub(super) fn drop(table: &Watched) -> Vec<String> {
    ["INSERT", "UPDATE", "DELETE"].map(|operation| format!("DROP TRIGGER IF EXISTS {}", name(table, operation))).into()
}

fn name(table: &Watched, operation: &str) -> String {
    let (schema, name) = table.parts();
    let trigger = quoted(&format!("easy_cache_{name}_{}", operation.to_lowercase()), '`');
    schema.map_or(trigger.clone(), |schema| format!("{}.{trigger}", quoted(schema, '`')))
}

fn trigger(table: &Watched, operation: &str) -> String {
    let rows: &[&str] = match operation {
        "INSERT" => &["NEW"],
        "UPDATE" => &["OLD", "NEW"],
        _ => &["OLD"],
    };
    let keys = if table.key.is_empty() {
        "NULL".to_owned()
    } else {
        let rows: Vec<String> = rows.iter().map(|row| key(&table.key, row)).collect();
        format!("JSON_ARRAY({})", rows.join(", "))
    };
    // A trigger in another schema finds the outbox beside its table.
    let outbox = table.parts().0.map_or(OUTBOX.to_owned(), |schema| format!("{}.{OUTBOX}", quoted(schema, '`')));
    format!(
        "CREATE TRIGGER {} AFTER {operation} ON {} FOR EACH ROW INSERT INTO {outbox} (tbl, operation, row_keys) VALUES ({}, '{}', {keys})",
        name(table, operation),
        table.quoted('`'),
        literal(&table.name),
        &operation[..1],
    )
}

/// The key of one row as a JSON array. The sixteen bytes of a UUID are written as its digits.
fn key(columns: &[KeyColumn], row: &str) -> String {
    let values: Vec<String> = columns
        .iter()
        .map(|column| {
            let value = format!("{row}.{}", quoted(column.name(), '`'));
            match column.kind() {
                KeyKind::Uuid => format!("IF(LENGTH({value}) = 16, HEX({value}), {value})"),
                KeyKind::Integer | KeyKind::Text => value,
            }
        })
        .collect();
    format!("JSON_ARRAY({})", values.join(", "))
}
