//! What generates the triggers: which tables are watched, and by which means. The SQL itself is one file per database.

use super::{mysql, postgres, sqlite};
use crate::{Dialect, KeyColumn};

/// Generates the statements that make a database tell of every change, for the migrations of an application.
///
/// # Example: a migration for SQLite
/// ```
/// use easy_cache_sql::{Dialect, KeyColumn, feed::Triggers};
///
/// let triggers = Triggers::outbox(Dialect::Sqlite)
///     .table("books", [KeyColumn::integer("id")])
///     .table("authors", [KeyColumn::integer("id")]);
/// let up: String = triggers.up().join(";\n");
/// assert!(up.contains("CREATE TRIGGER"));
/// assert!(triggers.down().iter().any(|statement| statement.contains("DROP TRIGGER")));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Triggers {
    dialect: Dialect,
    means: Means,
    tables: Vec<Watched>,
}

/// How a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    Outbox,
    Notify,
}

/// A table that is watched.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    /// As it was declared: what changes are told under.
    pub(super) name: String,
    pub(super) key: Vec<KeyColumn>,
    pub(super) never_replaced: bool,
}

impl Triggers {
    /// Writes each change into the table [`OUTBOX`](super::OUTBOX), in the transaction that makes it: a relay reads it there.
    pub const fn outbox(dialect: Dialect) -> Self {
        Self { dialect, means: Means::Outbox, tables: Vec::new() }
    }

    /// Notifies the channel [`CHANNEL`](super::CHANNEL) of PostgreSQL of each change, at COMMIT.
    ///
    /// PostgreSQL takes one lock for all commits that notify: with very many writes per second the outbox is the better way.
    pub const fn notify() -> Self {
        Self { dialect: Dialect::Postgres, means: Means::Notify, tables: Vec::new() }
    }

    /// Watches a table, `table` or `schema.table` as the database stores the name. `key` are the columns of its primary key, as
    /// they are declared to the connection; without any, changes never name rows.
    pub fn table(mut self, name: impl Into<String>, key: impl IntoIterator<Item = KeyColumn>) -> Self {
        self.tables.push(Watched { name: name.into(), key: key.into_iter().collect(), never_replaced: false });
        self
    }

    /// Says of the table named last that nobody writes to it with `REPLACE` or `OR REPLACE`. Matters to SQLite alone: there a row that is
    /// replaced disappears without a trigger, so that inserts and updates otherwise count as changes of unknown rows.
    pub fn never_replaced(mut self) -> Self {
        if let Some(table) = self.tables.last_mut() {
            table.never_replaced = true;
        }
        self
    }

    /// The statements that create everything, in order, without semicolons at their ends. Tables of ours are created only where they are
    /// missing; triggers of ours are replaced. A trigger's body contains semicolons: send each statement on its own.
    #[must_use]
    pub fn up(&self) -> Vec<String> {
        let mut statements = match (self.means, self.dialect) {
            (Means::Notify, _) => Vec::new(),
            (Means::Outbox, Dialect::Sqlite) => sqlite::tables(),
            (Means::Outbox, Dialect::Postgres) => postgres::tables(),
            (Means::Outbox, Dialect::MySql) => mysql::tables(),
        };
        for table in &self.tables {
            statements.extend(self.drop(table));
            statements.extend(match self.dialect {
                Dialect::Sqlite => sqlite::create(table),
                Dialect::Postgres => postgres::create(table, self.means),
                Dialect::MySql => mysql::create(table),
            });
        }
        statements
    }

    /// The statements that take it all away again: the triggers, then our own tables.
    #[must_use]
    pub fn down(&self) -> Vec<String> {
        let mut statements: Vec<String> = self.tables.iter().flat_map(|table| self.drop(table)).collect();
        if self.means == Means::Outbox {
            statements.extend([super::OUTBOX, super::RELAYS].map(|table| format!("DROP TABLE IF EXISTS {table}")));
        }
        statements
    }

    /// The dialect that the statements are written in.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn drop(&self, table: &Watched) -> Vec<String> {
        match self.dialect {
            Dialect::Sqlite => sqlite::drop(table),
            Dialect::Postgres => postgres::drop(table, self.means),
            Dialect::MySql => mysql::drop(table),
        }
    }
}

impl Watched {
    /// The schema, if it was named, and the table.
    pub(super) fn parts(&self) -> (Option<&str>, &str) {
        match self.name.rsplit_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, &self.name),
        }
    }

    /// The table as a statement names it, quoted.
    pub(super) fn quoted(&self, quote: char) -> String {
        match self.parts() {
            (Some(schema), table) => format!("{}.{}", quoted(schema, quote), quoted(table, quote)),
            (None, table) => quoted(table, quote),
        }
    }
}

/// An identifier in quotes.
pub(super) fn quoted(name: &str, quote: char) -> String {
    let doubled = name.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

/// A text constant of standard SQL.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triggers(dialect: Dialect) -> Triggers {
        Triggers::outbox(dialect)
            .table("books", [KeyColumn::integer("id")])
            .table("shop.order lines", [KeyColumn::uuid("order"), KeyColumn::text("It's")])
            .never_replaced()
            .table("log", [])
    }

    fn compare(triggers: &Triggers, name: &str) {
        let path = format!("{}/tests/golden/{name}.sql", env!("CARGO_MANIFEST_DIR"));
        let text = |statements: Vec<String>| statements.iter().map(|line| format!("{line};\n")).collect::<String>();
        let generated = format!("{}\n-- and back\n\n{}", text(triggers.up()), text(triggers.down()));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), generated, "{path}: UPDATE_GOLDEN=1 writes it");
    }

    /// Applications have these statements in their migrations: a change here is a decision.
    #[test]
    fn the_statements_are_those_of_the_golden_files() {
        compare(&triggers(Dialect::Sqlite), "outbox_sqlite");
        compare(&triggers(Dialect::Postgres), "outbox_postgres");
        compare(&triggers(Dialect::MySql), "outbox_mysql");
        compare(&Triggers::notify().table("books", [KeyColumn::integer("id")]), "notify_postgres");
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(quoted("a\"b", '"'), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
