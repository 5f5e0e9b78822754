//! Stories of more than one statement: cascades, binding, canonical keys, memory.

use std::sync::Arc;

use easy_cache_sql::{Analyzer, Bind, Dialect, KeyColumn, Touch, Touched};

use crate::{describe, library};

fn texts(touches: &[Touch]) -> Vec<String> {
    touches.iter().map(ToString::to_string).collect()
}

fn run(analyzer: &Analyzer, sql: &str, binds: &[Bind<'_>]) -> Touched {
    analyzer.effect(sql).bind(binds)
}

#[test]
fn a_delete_reaches_what_cascades_from_it() {
    let analyzer =
        library(Dialect::Sqlite).cascade("authors", ["books"]).cascade("books", ["loans", "authors"]).build();
    let deleted = run(&analyzer, "DELETE FROM authors WHERE id = 9", &[]);
    let expected = ["authors", "books", "loans", "authors:9", "authors:*", "books:*", "loans:*"];
    assert_eq!(texts(&deleted.invalidates()), expected);
    let inserted = run(&analyzer, "INSERT INTO authors (id) VALUES (9)", &[]);
    assert_eq!(texts(&inserted.invalidates()), ["authors", "authors:9"]);
    let upserted = run(&analyzer, "REPLACE INTO authors (id) VALUES (9)", &[]);
    assert!(texts(&upserted.invalidates()).contains(&"books:*".to_owned()));
}

#[test]
fn a_row_that_was_found_depends_on_itself_and_one_that_was_not_on_the_table() {
    let analyzer = library(Dialect::Sqlite).build();
    let read = run(&analyzer, "SELECT * FROM books WHERE id = ?", &[Bind::Integer(42)]);
    assert_eq!(texts(&read.depends_on(Some(1))), ["books:42", "books:*"]);
    assert_eq!(texts(&read.depends_on(Some(0))), ["books"]);
    assert_eq!(texts(&read.depends_on(None)), ["books"]);
}

#[test]
fn a_query_over_a_view_depends_on_its_tables() {
    let analyzer = library(Dialect::Postgres).view("charts", ["best_sellers"]).build();
    let read = run(&analyzer, "SELECT * FROM charts", &[]);
    assert_eq!(texts(&read.depends_on(Some(3))), ["best_sellers", "books", "charts", "sales"]);
}

#[test]
fn values_that_do_not_match_the_placeholders_name_no_rows() {
    let analyzer = library(Dialect::Sqlite).build();
    let sql = "UPDATE books SET title = ? WHERE id = ?";
    for binds in [&[][..], &[Bind::Integer(1)], &[Bind::Other, Bind::Integer(1), Bind::Other]] {
        assert_eq!(describe(&analyzer, sql, binds), "~books");
    }
    assert_eq!(describe(&analyzer, "UPDATE books SET title = 'x' WHERE id = 1", &[Bind::Integer(1)]), "~books");
}

#[test]
fn bound_text_is_never_taken_for_sql() {
    let analyzer = library(Dialect::Sqlite).build();
    let hostile = ["'; DELETE FROM authors; --", " -- binds: [7", "/*", "\" OR 1 = 1", "?", "$1", "*", "books:*"];
    for text in hostile {
        let binds = [Bind::Text(text), Bind::Integer(42)];
        assert_eq!(describe(&analyzer, "UPDATE books SET title = ? WHERE id = ?", &binds), "~books[42]");
        let key = run(&analyzer, "DELETE FROM codes WHERE code = ?", &[Bind::Text(text)]).invalidates();
        assert!(matches!(&key[..], [Touch::Table(_), Touch::Row(..)]), "{text}: {key:?}");
        assert_ne!(key[1].to_string(), "codes:*");
    }
}

#[test]
fn a_typed_key_has_the_text_of_the_same_key_in_sql() {
    let analyzer = library(Dialect::Sqlite).build();
    let loans = analyzer.table("Loans");
    let key = analyzer.row_key(&loans, &[Bind::Integer(7), Bind::Text("a,b")]);
    let sql = run(&analyzer, "DELETE FROM loans WHERE member = 'a,b' AND book_id = '7'", &[]);
    assert_eq!(sql.invalidates().last(), key.map(|key| Touch::Row(loans, key)).as_ref());
    assert_eq!(analyzer.row_key(&analyzer.table("loans"), &[Bind::Integer(7)]), None);
    assert_eq!(analyzer.row_key(&analyzer.table("unknown"), &[Bind::Integer(7)]), None);
}

#[test]
fn many_rows_become_unknown_rows() {
    let analyzer = library(Dialect::Sqlite).build();
    let list = (0..300).map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
    assert_eq!(describe(&analyzer, &format!("DELETE FROM books WHERE id IN ({list})"), &[]), "~books");
    let rows = (0..300).map(|id| format!("({id})")).collect::<Vec<_>>().join(", ");
    assert_eq!(describe(&analyzer, &format!("INSERT INTO books (id) VALUES {rows}"), &[]), "+books");
}

#[test]
fn the_same_text_is_the_same_effect() {
    let analyzer = library(Dialect::Postgres).build();
    let sql = "SELECT * FROM books WHERE id = $1";
    assert!(Arc::ptr_eq(&analyzer.effect(sql), &analyzer.effect(sql)));
}

#[test]
fn a_declared_name_may_have_a_schema() {
    let analyzer = Analyzer::builder(Dialect::Postgres).primary_key("shop.books", [KeyColumn::integer("id")]).build();
    assert_eq!(describe(&analyzer, "DELETE FROM shop.books WHERE shop.books.id = 1", &[]), "~shop.books[1]");
    assert_eq!(describe(&analyzer, "DELETE FROM shop.books WHERE books.id = 1", &[]), "~shop.books[1]");
    assert_eq!(describe(&analyzer, "DELETE FROM books WHERE id = 1", &[]), "~books");
}

#[test]
fn only_a_single_statement_that_keeps_nothing_is_all_or_nothing() {
    let analyzer = Analyzer::builder(Dialect::Sqlite).build();
    let all_or_nothing = |sql: &str| analyzer.effect(sql).is_all_or_nothing();
    assert!(all_or_nothing("INSERT INTO books (id) VALUES (1), (2)"));
    assert!(all_or_nothing("INSERT OR ABORT INTO books (id) VALUES (1), (2)"));
    assert!(!all_or_nothing("INSERT OR FAIL INTO books (id) VALUES (1), (2)"));
    assert!(!all_or_nothing("UPDATE OR FAIL books SET id = 1"));
    assert!(!all_or_nothing("DELETE FROM books; DELETE FROM authors"));
    assert!(!all_or_nothing("this is no statement"));
}

#[test]
fn a_procedure_that_fails_may_have_kept_what_it_did_before() {
    for dialect in [Dialect::MySql, Dialect::Postgres] {
        let analyzer = Analyzer::builder(dialect).function("close_day", ["orders", "stats"]).build();
        assert_eq!(describe(&analyzer, "CALL close_day()", &[]), "~orders ~stats", "{dialect:?}");
        assert!(!analyzer.effect("CALL close_day()").is_all_or_nothing(), "{dialect:?}");
    }
    let analyzer = Analyzer::builder(Dialect::Postgres).function("close_day", ["orders"]).build();
    assert!(analyzer.effect("SELECT close_day()").is_all_or_nothing(), "a function is part of its statement");
}
