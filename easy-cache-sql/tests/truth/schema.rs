//! What a database says of its own tables, and what follows from it.

use easy_cache_sql::introspect::Schema;
use easy_cache_sql::{Analyzer, Dialect};

use crate::describe;

type Fact<'a> = [Option<&'a str>; 7];

fn key<'a>(child: &'a str, parent: &'a str, columns: [&'a str; 2], actions: &'a str) -> Fact<'a> {
    let [from, to] = columns;
    [Some("foreign key"), Some(child), Some(parent), Some(child), Some(from), Some(to), Some(actions)]
}

fn view<'a>(name: &'a str, text: &'a str) -> Fact<'a> {
    [Some("view"), Some(name), None, None, Some(text), None, None]
}

fn trigger<'a>(table: &'a str, name: &'a str, events: Option<&'a str>, body: &'a str) -> Fact<'a> {
    [Some("trigger"), Some(table), None, Some(name), events, Some(body), None]
}

fn analyzer(dialect: Dialect, facts: &[Fact<'_>]) -> Analyzer {
    Analyzer::builder(dialect).schema(Schema::read(dialect, facts)).build()
}

fn check(analyzer: &Analyzer, cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(describe(analyzer, sql, &[]), *expected, "{sql}");
    }
}

#[test]
fn a_foreign_key_carries_on_what_it_says_and_nothing_else() {
    let facts = [
        key("books", "authors", ["author", "id"], "CASCADE/NO ACTION"),
        key("loans", "books", ["book", "id"], "SET NULL/CASCADE"),
        key("fines", "loans", ["loan_book", "book"], "RESTRICT/CASCADE"),
        key("notes", "authors", ["author", "id"], "NO ACTION/NO ACTION"),
    ];
    let analyzer = analyzer(Dialect::Sqlite, &facts);
    check(
        &analyzer,
        &[
            ("UPDATE authors SET name = 'x'", "~authors"),
            ("UPDATE authors SET id = 2", "~authors"),
            ("INSERT INTO authors (id) VALUES (1)", "+authors"),
            // What a loan refers to is set, and a fine follows that.
            ("DELETE FROM authors", "~authors ~books ~loans ~fines"),
            ("UPDATE books SET id = 2", "~books ~loans ~fines"),
            ("UPDATE books SET rowid = 2", "~books ~loans ~fines"),
            ("UPDATE books SET title = 'x'", "~books"),
            ("UPDATE books SET id = id", "~books"),
            ("REPLACE INTO books (id) VALUES (1)", "~books ~loans ~fines"),
            ("INSERT INTO books (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET title = 'x'", "~books"),
            ("DROP TABLE authors", "!authors ~books ~loans ~fines"),
            ("DELETE FROM loans", "~loans"),
        ],
    );
}

#[test]
fn a_foreign_key_that_does_not_say_what_it_refers_to_follows_every_update() {
    let unknown = [
        Some("foreign key"),
        Some("books"),
        Some("authors"),
        Some("0"),
        Some("author"),
        None,
        Some("NO ACTION/CASCADE"),
    ];
    check(&analyzer(Dialect::Sqlite, &[unknown]), &[("UPDATE authors SET name = 'x'", "~authors ~books")]);
}

#[test]
fn a_trigger_that_runs_at_an_update_may_change_what_is_referred_to() {
    let key = key("books", "authors", ["author", "slug"], "a/c");
    let slug = |events| trigger("authors", "slug", Some(events), "BEGIN NEW.slug := lower(NEW.name); RETURN NEW; END");
    let update = "UPDATE authors SET name = 'x'";
    check(&analyzer(Dialect::Postgres, &[key, slug("INSERT UPDATE")]), &[(update, "~authors ~books")]);
    check(
        &analyzer(Dialect::Postgres, &[key, slug("INSERT")]),
        &[(update, "~authors"), ("INSERT INTO authors (name) VALUES ('x')", "+authors")],
    );
    let schema = Schema::read(Dialect::Postgres, [key]);
    let said = Analyzer::builder(Dialect::Postgres).schema(schema).trigger("authors", [""; 0]).build();
    check(&said, &[(update, "~authors ~books"), ("DELETE FROM authors", "~authors")]);
}

#[test]
fn a_table_that_refers_to_itself_is_followed_once() {
    let facts = [key("people", "people", ["parent", "id"], "CASCADE/CASCADE")];
    check(&analyzer(Dialect::Sqlite, &facts), &[("DELETE FROM people", "~people ~people")]);
}

#[test]
fn truncate_with_what_refers_to_it_takes_all_that_does() {
    let facts = [key("public\u{1f}books", "public\u{1f}authors", ["author", "id"], "a/a")];
    check(
        &analyzer(Dialect::Postgres, &facts),
        &[("TRUNCATE authors CASCADE", "~authors ~books"), ("DELETE FROM authors", "~authors")],
    );
}

#[test]
fn the_first_schema_of_the_search_path_is_the_default_unless_the_application_names_one() {
    let first = [Some("default schema"), Some("shop"), None, None, None, None, None];
    let facts = [first, key("books", "shop\u{1f}authors", ["author", "id"], "c/a")];
    check(
        &analyzer(Dialect::Postgres, &facts),
        &[
            ("DELETE FROM authors", "~authors ~books"),
            ("DELETE FROM shop.authors", "~authors ~books"),
            ("DELETE FROM public.authors", "~public.authors"),
        ],
    );
    let schema = Schema::read(Dialect::Postgres, facts);
    let said = Analyzer::builder(Dialect::Postgres).schema(schema).default_schema("public").build();
    check(&said, &[("DELETE FROM shop.authors", "~shop.authors ~books"), ("DELETE FROM public.authors", "~authors")]);
}

#[test]
fn a_view_is_read_as_what_its_query_reads() {
    let facts = [
        view("plain", "CREATE VIEW plain AS SELECT title FROM books WHERE stock > 0"),
        view("over", "CREATE VIEW over AS SELECT p.title FROM plain p JOIN authors a"),
        view("moving", "CREATE VIEW moving AS SELECT title FROM books WHERE due < date('now')"),
        view("strange", "CREATE VIEW strange AS FROBNICATE books"),
    ];
    check(
        &analyzer(Dialect::Sqlite, &facts),
        &[
            ("SELECT * FROM plain", "<plain <books"),
            ("SELECT * FROM over", "<over <authors <plain <books"),
            ("SELECT * FROM moving", "<moving <books uncacheable:now"),
            ("SELECT * FROM strange", "<strange <? uncacheable:NotUnderstood"),
        ],
    );
}

#[test]
fn what_stands_for_others_is_written_and_read_as_all_of_them() {
    let facts = [
        [Some("stands for"), Some("public\u{1f}log"), Some("public\u{1f}log_2024"), None, None, None, None],
        [Some("stands for"), Some("public\u{1f}log"), Some("old\u{1f}log_2023"), None, None, None, None],
    ];
    check(
        &analyzer(Dialect::Postgres, &facts),
        &[
            ("SELECT * FROM log", "<log <log_2024 <old.log_2023"),
            ("UPDATE log SET x = 1", "~log ~log_2024 ~old.log_2023"),
        ],
    );
}

#[test]
fn a_trigger_writes_the_tables_in_its_body_when_it_runs() {
    let facts = [
        trigger("books", "count", Some("INSERT DELETE"), "BEGIN UPDATE stats SET n = n + 1; RETURN NULL; END"),
        trigger("notes", "log", Some("UPDATE"), "BEGIN DELETE FROM log; RETURN NULL; END"),
        trigger("stats", "stamp", Some("UPDATE"), "BEGIN NEW.changed := now(); RETURN NEW; END"),
    ];
    check(
        &analyzer(Dialect::Postgres, &facts),
        &[
            ("INSERT INTO books (id) VALUES (1)", "+books ~stats"),
            ("DELETE FROM books", "~books ~stats"),
            ("UPDATE stats SET n = n", "~stats"),
            ("UPDATE books SET id = 1", "~books"),
            ("UPDATE stats SET n = 1", "~stats"),
            ("UPDATE notes SET text = text", "~notes ~log"),
        ],
    );
}

#[test]
fn a_trigger_that_nobody_understands_may_write_everything_unless_the_application_says_what() {
    let facts = [trigger("books", "log", Some("UPDATE"), "BEGIN EXECUTE 'DELETE FROM ' || TG_ARGV[0]; END")];
    let schema = Schema::read(Dialect::Postgres, facts);
    let unexplained: Vec<_> =
        schema.unexplained().iter().map(|each| (each.table.as_str(), each.trigger.as_str())).collect();
    assert_eq!(unexplained, [("books", "log")]);
    let unclear = Analyzer::builder(Dialect::Postgres).schema(schema.clone()).build();
    check(&unclear, &[("UPDATE books SET x = 1", "~books opaque:Unknown"), ("DELETE FROM books", "~books")]);
    let effect = unclear.effect("UPDATE books SET x = 1");
    assert!(effect.opaque().is_none() && !effect.controls_transaction(), "the transaction is as open as before");
    let said = Analyzer::builder(Dialect::Postgres).schema(schema).trigger("books", ["log"]).build();
    check(&said, &[("UPDATE books SET x = 1", "~books ~log"), ("INSERT INTO books (id) VALUES (1)", "+books ~log")]);
}

#[test]
fn triggers_of_our_own_are_left_out_and_rows_of_another_shape_as_well() {
    let facts = [
        trigger("books", "easy_cache_books_insert", Some("INSERT"), "EXECUTE x"),
        [Some("weather"), Some("books"), None, None, None, None, None],
    ];
    let schema = Schema::read(Dialect::MySql, facts);
    assert!(schema.unexplained().is_empty());
    let short: [[Option<&str>; 2]; 1] = [[Some("view"), Some("v")]];
    assert!(Schema::read(Dialect::MySql, short).unexplained().is_empty());
}
