//! Reading the outbox without losing a row: what to ask, what of the answer is new, and how far a relay has come. No connection, no clock.
//!
//! Rows become visible in the order of their commits, not of their numbers: a row with a smaller number may turn up later. On
//! PostgreSQL each row carries its transaction, and the answer tells which transactions are all over. On MariaDB and MySQL numbers that
//! are missing are asked for again until nobody can fill them any more. On SQLite one writes at a time.

mod holes;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

use super::{Notice, OUTBOX, RELAYS, Texts, Unreadable};
use crate::Analyzer;
use crate::Dialect;
use crate::hook::Pending;
use holes::Holes;

/// A number that is missing for longer than this belongs to a transaction that was rolled back, or to one that is longer than what is supported.
const LONGEST_TRANSACTION: u64 = 3_600;

/// How far somebody has read the outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    dialect: Dialect,
    position: Position,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Position {
    /// SQLite: all up to this number.
    Top(i64),
    /// MariaDB and MySQL: all up to a number, but for those that were missing.
    Holes(Holes),
    /// PostgreSQL: all of transactions before `floor`; of others, these.
    Snapshot { floor: i64, seen: BTreeSet<i64> },
}

/// One row of the answer to [`Outbox::read`]: see [`Record::read`].
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Its number; `None` if there was no row, and the answer only tells the rest.
    pub id: Option<i64>,
    /// Its table.
    pub table: Option<String>,
    /// Its operation.
    pub operation: Option<String>,
    /// The keys of its rows.
    pub keys: Option<String>,
    /// The same in all rows of the answer: PostgreSQL's oldest transaction that is not over; elsewhere zero.
    pub floor: i64,
    /// The same in all rows of the answer: the time, in seconds, by the database's clock.
    pub now: i64,
}

/// What an answer told.
#[derive(Debug, Default)]
#[must_use = "what changed must be invalidated, and only then is the outbox read"]
pub struct Batch {
    /// The changes that were not known before.
    pub changes: Vec<Result<Notice, Unreadable>>,
    after: Option<Position>,
}

impl Outbox {
    /// Reads from where a new relay begins, which is what the answer to [`start`](Self::start) says.
    ///
    /// Everything must be invalidated after that answer has arrived: what was changed before is not read.
    #[must_use]
    pub fn begin(dialect: Dialect, start: &Record) -> Self {
        let top = start.id.unwrap_or(0);
        let position = match dialect {
            Dialect::Sqlite => Position::Top(top),
            Dialect::MySql => Position::Holes(Holes::at(top)),
            Dialect::Postgres => Position::Snapshot { floor: start.floor, seen: BTreeSet::new() },
        };
        Self { dialect, position }
    }

    /// The statement whose answer says where a new relay begins: one row, with the columns of [`Record`] in their order, as text.
    #[must_use]
    pub fn start(dialect: Dialect) -> String {
        let (floor, now) = (floor(dialect), now(dialect));
        let top = match dialect {
            Dialect::Sqlite | Dialect::Postgres => format!("(SELECT MAX(id) FROM {OUTBOX})"),
            // Transactions that are open now may have taken smaller numbers than those that are visible. So a relay begins where no
            // open one can have been, and reads again what it need not.
            Dialect::MySql => {
                format!("COALESCE((SELECT MAX(id) FROM {OUTBOX} WHERE written < {now} - {LONGEST_TRANSACTION}), 0)")
            }
        };
        let [top, floor, now] = [&top, floor, now].map(|number| text(dialect, number));
        format!("SELECT {top}, NULL, NULL, NULL, {floor}, {now}")
    }

    /// The statement that asks for what is new: rows with the columns of [`Record`] in their order, as text, at least one.
    #[must_use]
    pub fn read(&self) -> String {
        let wanted = match &self.position {
            Position::Top(top) => format!("id > {top}"),
            Position::Holes(holes) => holes.wanted(),
            Position::Snapshot { floor, .. } => format!("transaction >= {floor}"),
        };
        let (floor, now) = (floor(self.dialect), now(self.dialect));
        let id = text(self.dialect, "o.id");
        let [floor, now] = [floor, now].map(|number| text(self.dialect, number));
        format!(
            "SELECT {id}, o.tbl, o.operation, o.row_keys, f.floor, f.now FROM (SELECT {floor} AS floor, {now} AS now) AS f \
             LEFT JOIN (SELECT id, tbl, operation, row_keys FROM {OUTBOX} WHERE {wanted}) AS o ON 1 = 1 ORDER BY o.id"
        )
    }

    /// What of an answer is new. It counts as read when [`done`](Self::done) is told of it.
    pub fn take(&self, answer: &[Record]) -> Batch {
        let Some(last) = answer.last() else { return Batch::default() };
        let ids: BTreeSet<i64> = answer.iter().filter_map(|record| record.id).collect();
        let is_new = |id: i64| !matches!(&self.position, Position::Snapshot { seen, .. } if seen.contains(&id));
        let changes = answer.iter().filter(|record| record.id.is_some_and(is_new)).map(Record::change).collect();
        Batch { changes, after: Some(self.position.after(&ids, last)) }
    }

    /// What the batch told has been invalidated.
    pub fn done(&mut self, batch: Batch) {
        if let Some(after) = batch.after {
            self.position = after;
        }
    }

    /// The position as text, for [`resume`](Self::resume).
    #[must_use]
    pub fn saved(&self) -> String {
        match &self.position {
            Position::Top(top) => json!({ "top": top }),
            Position::Holes(holes) => holes.saved(),
            Position::Snapshot { floor, seen } => json!({ "floor": floor, "seen": seen }),
        }
        .to_string()
    }

    /// Reads on where a relay stopped.
    ///
    /// # Errors
    /// [`Unresumable`] if this is not what [`saved`](Self::saved) wrote for this kind of database: then [`begin`](Self::begin).
    pub fn resume(dialect: Dialect, saved: &str) -> Result<Self, Unresumable> {
        let value: Value = serde_json::from_str(saved).map_err(|_| Unresumable)?;
        let number = |name: &str| value.get(name).and_then(Value::as_i64).ok_or(Unresumable);
        let part = |name: &str| value.get(name).cloned().ok_or(Unresumable);
        let position = match dialect {
            Dialect::Sqlite => Position::Top(number("top")?),
            Dialect::MySql => Position::Holes(Holes::resume(&value)?),
            Dialect::Postgres => {
                let seen = serde_json::from_value(part("seen")?).map_err(|_| Unresumable)?;
                Position::Snapshot { floor: number("floor")?, seen }
            }
        };
        Ok(Self { dialect, position })
    }

    /// The statement that asks for the saved position of a relay and its age in seconds, as text; no row if there is none. The name is
    /// the one value to bind.
    #[must_use]
    pub fn load(dialect: Dialect) -> String {
        let placeholder = placeholder(dialect, 1);
        let age = text(dialect, &format!("{} - saved", now(dialect)));
        format!("SELECT position, {age} FROM {RELAYS} WHERE name = {placeholder}")
    }

    /// The statement that saves the position of a relay; values to bind are the name and [`saved`](Self::saved).
    #[must_use]
    pub fn save(dialect: Dialect) -> String {
        let (name, position, now) = (placeholder(dialect, 1), placeholder(dialect, 2), now(dialect));
        let insert = format!("INSERT INTO {RELAYS} (name, position, saved) VALUES ({name}, {position}, {now})");
        match dialect {
            Dialect::MySql => {
                format!("{insert} ON DUPLICATE KEY UPDATE position = VALUES(position), saved = VALUES(saved)")
            }
            Dialect::Sqlite | Dialect::Postgres => {
                format!(
                    "{insert} ON CONFLICT (name) DO UPDATE SET position = excluded.position, saved = excluded.saved"
                )
            }
        }
    }

    /// The statement that asks for the numbers, as text, of some rows that are older than so many seconds.
    #[must_use]
    pub fn old(dialect: Dialect, seconds: u64) -> String {
        let (id, now) = (text(dialect, "id"), now(dialect));
        // A hundred years are for ever, and a number that every database can subtract.
        let seconds = seconds.min(u64::from(u32::MAX));
        format!("SELECT {id} FROM {OUTBOX} AS o WHERE written < {now} - {seconds} ORDER BY o.id LIMIT 1000")
    }

    /// The statement that deletes rows. By their numbers, so that it waits for no transaction that is writing others.
    #[must_use]
    pub fn delete(ids: &[i64]) -> String {
        format!("DELETE FROM {OUTBOX} WHERE id IN ({})", list(ids.iter()))
    }
}

impl Position {
    /// The position behind an answer.
    fn after(&self, ids: &BTreeSet<i64>, answer: &Record) -> Self {
        match self {
            Self::Top(top) => Self::Top(ids.last().copied().unwrap_or(*top).max(*top)),
            // Rows of transactions before the floor are never asked for again. Which those are, the answer does not say: to remember a
            // row for one answer too long costs nothing.
            Self::Snapshot { .. } => Self::Snapshot { floor: answer.floor, seen: ids.clone() },
            Self::Holes(holes) => Self::Holes(holes.after(ids, answer.now.max(0).unsigned_abs())),
        }
    }
}

impl Batch {
    /// All that it invalidates, together. What cannot be read is everything.
    #[must_use]
    pub fn pending(&self, analyzer: &Analyzer) -> Pending {
        let mut pending = Pending::default();
        for change in &self.changes {
            match change {
                Ok(change) => pending.merge(change.pending(analyzer)),
                Err(error) => {
                    tracing::error!(%error, "everything is dropped");
                    pending.merge(Pending::everything());
                }
            }
        }
        pending
    }
}

impl Record {
    /// Reads a row of an answer. One whose number is none is a change that cannot be read.
    #[must_use]
    pub fn read(row: Texts) -> Self {
        let mut columns = row.into_iter();
        let mut column = || columns.next().flatten();
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let id = column();
        if id.is_some() && number(id.clone()).is_none() {
            return Self { id: Some(0), ..Self::default() };
        }
        Self {
            id: number(id),
            table: column(),
            operation: column(),
            keys: column(),
            floor: number(column()).unwrap_or(0),
            now: number(column()).unwrap_or(0),
        }
    }

    fn change(&self) -> Result<Notice, Unreadable> {
        match (&self.table, &self.operation) {
            (Some(table), Some(operation)) => Notice::from_row(table, operation, self.keys.as_deref()),
            _ => Err(Unreadable("a column is missing")),
        }
    }
}

fn floor(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
        Dialect::Sqlite => "0",
        Dialect::MySql => "CAST(0 AS SIGNED)",
    }
}

fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "unixepoch()",
        Dialect::Postgres => "extract(epoch FROM now())::bigint",
        Dialect::MySql => "CAST(UNIX_TIMESTAMP() AS SIGNED)",
    }
}

/// A number as text.
fn text(dialect: Dialect, number: &str) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => format!("CAST({number} AS TEXT)"),
        Dialect::MySql => format!("CAST({number} AS CHAR)"),
    }
}

fn placeholder(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Postgres => format!("${number}"),
        Dialect::Sqlite | Dialect::MySql => "?".to_owned(),
    }
}

fn list<'a>(ids: impl Iterator<Item = &'a i64>) -> String {
    ids.map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// A saved position that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unresumable;

impl fmt::Display for Unresumable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to read on where a relay stopped: what it saved is not a position in this kind of database")
    }
}

impl std::error::Error for Unresumable {}

#[cfg(test)]
mod tests;
