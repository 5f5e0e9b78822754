//! The outbox and the notifications of PostgreSQL: triggers for each statement, with the rows it changed as a table. So a statement is told once,
//! whatever the number of its rows, and one that changed no row is not told at all.

use super::triggers::{Means, Watched, literal, quoted};
use super::{CHANNEL, MOST_KEYS, OUTBOX, RELAYS};

/// A notification may have 8,000 bytes.
const MOST_BYTES: usize = 7_000;

pub(super) fn tables() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {OUTBOX} (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
             transaction BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint), tbl TEXT NOT NULL, operation TEXT NOT NULL, \
             row_keys TEXT, written BIGINT NOT NULL DEFAULT (extract(epoch FROM now())::bigint))"
        ),
        format!("CREATE INDEX IF NOT EXISTS {OUTBOX}_transaction ON {OUTBOX} (transaction)"),
        format!(
            "CREATE TABLE IF NOT EXISTS {RELAYS} (name TEXT PRIMARY KEY, position TEXT NOT NULL, saved BIGINT NOT NULL)"
        ),
    ]
}

pub(super) fn create(table: &Watched, means: Means) -> Vec<String> {
    let on = |operation: &str, rows: &str| {
        let name = quoted(&format!("easy_cache_{}_{}", means.word(), operation.to_lowercase()), '"');
        let function = function(table, means);
        format!(
            "CREATE TRIGGER {name} AFTER {operation} ON {}{rows} FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
            table.quoted('"')
        )
    };
    vec![
        body(table, means),
        on("INSERT", " REFERENCING NEW TABLE AS new_rows"),
        on("UPDATE", " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        on("DELETE", " REFERENCING OLD TABLE AS old_rows"),
        on("TRUNCATE", ""),
    ]
}

/// With its function the triggers go as well.
pub(super) fn drop(table: &Watched, means: Means) -> Vec<String> {
    vec![format!("DROP FUNCTION IF EXISTS {}() CASCADE", function(table, means))]
}

impl Means {
    const fn word(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Notify => "notify",
        }
    }
}

/// In the schema of its table.
fn function(table: &Watched, means: Means) -> String {
    let (schema, name) = table.parts();
    let function = quoted(&format!("easy_cache_{}_{name}", means.word()), '"');
    schema.map_or(function.clone(), |schema| format!("{}.{function}", quoted(schema, '"')))
}

/// What changed is told with the rights of whoever created the function, who also found the outbox on his search path: those who write
/// need neither.
fn body(table: &Watched, means: Means) -> String {
    let found = if table.key.is_empty() { unnamed() } else { named(table) };
    let name = literal(&table.name);
    let tell = match means {
        Means::Outbox => {
            format!("INSERT INTO {OUTBOX} (tbl, operation, row_keys) VALUES ({name}, left(TG_OP, 1), keys::text);")
        }
        Means::Notify => format!(
            "IF length(keys::text) > {MOST_BYTES} THEN keys := NULL; END IF; \
             PERFORM pg_notify('{CHANNEL}', jsonb_build_array({name}, left(TG_OP, 1), keys)::text);"
        ),
    };
    format!(
        "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $easy_cache$ \
         DECLARE keys jsonb; changed bigint := 1; BEGIN {found} \
         IF changed = 0 THEN RETURN NULL; END IF; IF changed > {MOST_KEYS} THEN keys := NULL; END IF; {tell} RETURN NULL; END $easy_cache$",
        function(table, means)
    )
}

/// The keys of the rows that were changed, at most one more than are told.
fn named(table: &Watched) -> String {
    let columns: Vec<String> = table.key.iter().map(|column| quoted(column.name(), '"')).collect();
    let columns = columns.join(", ");
    let rows = |rows: &str| {
        format!(
            "SELECT jsonb_agg(jsonb_build_array({columns})), count(*) INTO keys, changed FROM (SELECT {columns} FROM {rows} LIMIT {}) AS few;",
            MOST_KEYS + 1
        )
    };
    let both = format!("(SELECT {columns} FROM old_rows UNION SELECT {columns} FROM new_rows) AS both_rows");
    format!(
        "IF TG_OP = 'INSERT' THEN {} ELSIF TG_OP = 'UPDATE' THEN {} ELSIF TG_OP = 'DELETE' THEN {} END IF;",
        rows("new_rows"),
        rows(&both),
        rows("old_rows"),
    )
}

/// Whether any row was changed.
fn unnamed() -> String {
    let any = |rows: &str| format!("SELECT count(*) INTO changed FROM (SELECT 1 FROM {rows} LIMIT 1) AS few;");
    format!(
        "IF TG_OP IN ('INSERT', 'UPDATE') THEN {} ELSIF TG_OP = 'DELETE' THEN {} END IF;",
        any("new_rows"),
        any("old_rows"),
    )
}
