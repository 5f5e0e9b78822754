//! Text that nobody should write. These run on test threads of two megabytes, like the workers of an async runtime.

use easy_cache_sql::{Analyzer, Dialect, Touch};
use proptest::prelude::*;

const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

fn nested(open: &str, close: &str, times: usize) -> String {
    format!("SELECT {}1{} FROM books", open.repeat(times), close.repeat(times))
}

fn hostile(times: usize) -> Vec<String> {
    vec![
        nested("(", ")", times),
        nested("(SELECT ", ")", times),
        nested("f(", ")", times),
        nested("CASE WHEN ", " THEN 1 END", times),
        nested("NOT ", "", times),
        nested("- ", "", times),
        nested("ARRAY[", "]", times),
        nested("", "::int", times),
        nested("", " IS NULL", times),
        nested("1 + ", "", times),
        nested("1 || -", "", times),
        nested("", " COLLATE x", times),
        nested("(", "", times),
        nested("a.", "", times),
        nested("{", "}", times),
        nested("EXISTS (SELECT 1 WHERE ", ")", times),
        nested("INTERVAL ", "", times),
        format!("SELECT 1 FROM {}a{}", "(SELECT * FROM ".repeat(times), ") x".repeat(times)),
        format!("SELECT 1 FROM a {} {}", "JOIN b ".repeat(times), "ON 1 = 1 ".repeat(times)),
        format!("SELECT 1 FROM a {}", "NATURAL JOIN b ".repeat(times)),
        format!("SELECT 1 FROM a {}", "CROSS JOIN (b) ".repeat(times)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(times)),
        format!("SELECT 1{}", " UNION (SELECT 1".repeat(times)),
        format!("SELECT * FROM a WHERE b = 1{}", " OR b = 1".repeat(times)),
        format!("SELECT * FROM a WHERE b = 1{}", " AND NOT b = 1".repeat(times)),
        format!("{}SELECT 1{}", "WITH a AS (".repeat(times), ") SELECT 1".repeat(times)),
        format!("{}SELECT 1", "EXPLAIN ".repeat(times)),
        format!("CREATE TABLE t (a {}int{})", "ARRAY<".repeat(times), ">".repeat(times)),
        format!("INSERT INTO a VALUES {}(1)", "(-1), ".repeat(times)),
        format!("DELETE FROM a WHERE {}", "(a, ".repeat(times)),
        ";".repeat(times),
        format!("/*{}", "/*".repeat(times)),
    ]
}

#[test]
fn nested_and_endless_text_does_not_overflow_the_stack() {
    for dialect in DIALECTS {
        let analyzer = Analyzer::builder(dialect).build();
        for times in [3, 10, 40, 150, 1_000] {
            for sql in hostile(times) {
                let _ = analyzer.effect(&sql).bind::<[_]>(&[]);
            }
        }
    }
}

#[test]
fn a_write_that_is_too_deep_invalidates_everything() {
    let analyzer = Analyzer::builder(Dialect::Sqlite).build();
    let sql = format!("UPDATE books SET title = {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(analyzer.effect(&sql).bind::<[_]>(&[]).invalidates(), [Touch::Everything]);
}

#[test]
fn a_long_condition_is_still_understood() {
    let analyzer = Analyzer::builder(Dialect::Sqlite).build();
    let sql = format!("SELECT * FROM books WHERE id = 1{}", " OR id = 1".repeat(2_000));
    let touched = analyzer.effect(&sql).bind::<[_]>(&[]);
    assert_eq!(touched.reads.len(), 1);
    assert!(!touched.unknown_reads);
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "UPDATE",
        "DELETE",
        "INSERT",
        "INTO",
        "VALUES",
        "SET",
        "WITH",
        "AS",
        "books",
        "\"b\"",
        "id",
        "=",
        "?",
        "$1",
        "(",
        ")",
        ",",
        ";",
        "'x'",
        "1",
        "-",
        "NOT",
        "IN",
        "ANY",
        "JOIN",
        "ON",
        "BEGIN",
        "COMMIT",
        "PRAGMA",
        "MERGE",
        "USING",
        "COPY",
        "*",
        "RETURNING",
        "UNION",
        "ONLY",
        "IGNORE",
        ":",
        "@",
        "::",
        "CASE",
        "END",
        "CREATE",
        "TABLE",
        "DROP",
        "TRUNCATE",
        "CONFLICT",
        "DO",
        "EXPLAIN",
        "/*",
        "--",
        "$$",
        "`",
        "[",
        "]",
        ".",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(sql in "\\PC{0,80}") {
        for dialect in DIALECTS {
            let _ = Analyzer::builder(dialect).build().effect(&sql).bind::<[_]>(&[]);
        }
    }

    #[test]
    fn arbitrary_words_never_panic_and_a_write_never_looks_harmless(words in prop::collection::vec(word(), 0..24)) {
        let sql = words.join(" ");
        for dialect in DIALECTS {
            let analyzer = Analyzer::builder(dialect).build();
            let _ = analyzer.effect(&sql).bind::<[_]>(&[]);
            let write = analyzer.effect(&format!("DELETE FROM books WHERE {sql}"));
            prop_assert!(!write.bind::<[_]>(&[]).invalidates().is_empty());
        }
    }
}
