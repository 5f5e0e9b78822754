//! Functions and words whose result changes although no table does. A function that is not listed is taken to depend
//! on its arguments only.

use crate::Dialect;

/// Functions of any of the three databases; none of them means something harmless in another.
const NON_DETERMINISTIC: &[&str] = &[
    // time
    "age",
    "clock_timestamp",
    "curdate",
    "current_date",
    "current_time",
    "current_timestamp",
    "curtime",
    "localtime",
    "localtimestamp",
    "now",
    "statement_timestamp",
    "sysdate",
    "timeofday",
    "transaction_timestamp",
    "unix_timestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    // chance
    "gen_random_bytes",
    "gen_random_uuid",
    "rand",
    "random",
    "random_normal",
    "randomblob",
    "setseed",
    "uuid",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuid_short",
    "uuidv4",
    "uuidv7",
    // sequences and what was written last
    "changes",
    "currval",
    "found_rows",
    "last_insert_id",
    "last_insert_rowid",
    "lastval",
    "nextval",
    "row_count",
    "setval",
    "total_changes",
    "txid_current",
    "txid_current_if_assigned",
    "txid_current_snapshot",
    // the session and the server
    "benchmark",
    "connection_id",
    "current_catalog",
    "current_database",
    "current_query",
    "current_role",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "database",
    "get_lock",
    "inet_client_addr",
    "inet_client_port",
    "inet_server_addr",
    "inet_server_port",
    "is_free_lock",
    "is_used_lock",
    "release_all_locks",
    "release_lock",
    "row_security_active",
    "schema",
    "session_user",
    "set_config",
    "sleep",
    "system_user",
    "user",
    "version",
    // what lies outside of the database, and queries given as text
    "cursor_to_xml",
    "database_to_xml",
    "dblink",
    "dblink_exec",
    "load_extension",
    "load_file",
    "lo_get",
    "query_to_xml",
    "readfile",
    "schema_to_xml",
    "table_to_xml",
    "writefile",
];

/// SQLite's functions of time, which change if they are given no time, or `'now'`.
const SQLITE_TIME: &[&str] = &["date", "datetime", "julianday", "strftime", "time", "timediff", "unixepoch"];

/// Functions that return one value for each row and depend on nothing else, so that a query by primary key that uses
/// them still returns no row if there is none. Anything else might be an aggregate.
const PLAIN: &[&str] = &[
    "abs",
    "cast",
    "coalesce",
    "ifnull",
    "length",
    "lower",
    "nullif",
    "round",
    "substr",
    "substring",
    "trim",
    "upper",
];

/// Whether a call of this function (in lower case) may return something else without any write.
pub(super) fn is_non_deterministic(name: &str) -> bool {
    NON_DETERMINISTIC.contains(&name) || name.starts_with("pg_")
}

/// Whether this is a function of time in SQLite, which depends on the clock unless it is given a time.
pub(super) fn is_sqlite_time(name: &str, dialect: Dialect) -> bool {
    dialect == Dialect::Sqlite && SQLITE_TIME.contains(&name)
}

/// Whether the function keeps the number of rows.
pub(super) fn is_plain(name: &str) -> bool {
    PLAIN.contains(&name)
}

/// Whether a word without quotes and without parentheses is a function in this dialect.
pub(super) fn is_function_word(word: &str, dialect: Dialect) -> bool {
    let word = word.to_lowercase();
    let everywhere = ["current_date", "current_time", "current_timestamp"];
    let more: &[&str] = match dialect {
        Dialect::Sqlite => &[],
        Dialect::Postgres => &[
            "current_catalog",
            "current_role",
            "current_schema",
            "current_user",
            "localtime",
            "localtimestamp",
            "session_user",
            "system_user",
            "user",
        ],
        Dialect::MySql => &["current_user", "localtime", "localtimestamp", "utc_date", "utc_time", "utc_timestamp"],
    };
    everywhere.contains(&word.as_str()) || more.contains(&word.as_str())
}

/// Whether a string means a moment that moves: `'now'`, `'today'`. As plain data it costs a hit, and nothing else.
pub(super) fn is_moving_time(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    ["now", "today", "tomorrow", "yesterday"].iter().any(|word| first.eq_ignore_ascii_case(word))
}
