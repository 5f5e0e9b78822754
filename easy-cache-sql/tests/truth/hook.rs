//! What the integrations ask about a statement before they run it, and what a scope learns from it.

use std::time::Duration;

use easy_cache_core::{Cache, Scope};
use easy_cache_sql::hook::{Begun, Hook, Pending, Plan};
use easy_cache_sql::{Analyzer, Bind, Dialect, KeyColumn};

fn hook(dialect: Dialect) -> Hook {
    let analyzer = Analyzer::builder(dialect).primary_key("books", [KeyColumn::integer("id")]).build();
    Hook::new(analyzer, Cache::new(), Duration::from_secs(30))
}

fn plan(dialect: Dialect, sql: &str) -> Plan {
    hook(dialect).plan(sql, &[] as &[Bind<'_>])
}

#[test]
fn only_some_texts_may_end_a_transaction() {
    use Dialect::{MySql, Postgres, Sqlite};
    for dialect in [MySql, Postgres, Sqlite] {
        for text in ["COMMIT", "ROLLBACK", "SAVEPOINT a; COMMIT; BEGIN", "CALL anything()"] {
            assert!(plan(dialect, text).may_end_transaction(), "{dialect:?}: {text}");
        }
        for text in ["SAVEPOINT a", "RELEASE SAVEPOINT a", "ROLLBACK TO SAVEPOINT a", "SELECT 1", "DELETE FROM books"] {
            assert!(!plan(dialect, text).may_end_transaction(), "{dialect:?}: {text}");
        }
    }
    for (text, ends) in [("BEGIN", true), ("CREATE TABLE t (a INT)", true), ("LOCK TABLES books WRITE", true)] {
        assert_eq!(plan(MySql, text).may_end_transaction(), ends, "{text}");
    }
    assert!(!plan(Postgres, "BEGIN").may_end_transaction());
    assert!(!plan(Sqlite, "CREATE TABLE t (a INT)").may_end_transaction());
}

#[test]
fn a_transaction_begun_as_text_is_open_until_it_is_certainly_over() {
    let transaction = || Some(Begun::Transaction);
    let savepoint = |name: &str| Some(Begun::Savepoint(name.to_owned()));
    for (before, text, after) in [
        (None, "BEGIN", transaction()),
        (None, "BEGIN; DELETE FROM books; COMMIT", None),
        (None, "SAVEPOINT a", savepoint("a")),
        (None, "DELETE FROM books", None),
        (transaction(), "SAVEPOINT a; RELEASE a", transaction()),
        (transaction(), "ROLLBACK TO SAVEPOINT a", transaction()),
        (transaction(), "nobody understands this", transaction()),
        (transaction(), "ROLLBACK", None),
        (savepoint("a"), "SAVEPOINT b; RELEASE b", savepoint("a")),
        (savepoint("a"), "RELEASE a", None),
        (savepoint("a"), "COMMIT", None),
    ] {
        assert_eq!(plan(Dialect::Sqlite, text).transaction_after(before), after, "{text}");
    }
    assert_eq!(plan(Dialect::MySql, "CREATE TABLE t (a INT)").transaction_after(transaction()), None);
    assert!(plan(Dialect::Sqlite, "DELETE FROM books; BEGIN").begins_transaction());
}

#[test]
fn an_error_means_that_nothing_happened_only_of_one_statement_that_is_understood() {
    assert!(plan(Dialect::Postgres, "DELETE FROM books;").is_all_or_nothing());
    for text in ["DELETE FROM books; DELETE FROM loans", "CALL anything()", "DO $$ BEGIN COMMIT; END $$"] {
        assert!(!plan(Dialect::Postgres, text).is_all_or_nothing(), "{text}");
    }
}

#[test]
fn a_read_has_nothing_pending_and_what_is_not_understood_has_everything() {
    assert_eq!(plan(Dialect::Sqlite, "SELECT * FROM books").pending(), None);
    assert_eq!(plan(Dialect::Sqlite, "FROBNICATE books").pending(), Some(Pending::everything()));
    let pending = plan(Dialect::Sqlite, "DELETE FROM books WHERE id = 7").pending().unwrap();
    assert_eq!(pending.tags().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(), ["books", "books:7"]);
}

#[test]
fn pending_writes_merge_and_everything_swallows_the_rest() {
    let delete = |table: &str| plan(Dialect::Sqlite, &format!("DELETE FROM {table}")).pending().unwrap_or_default();
    let mut all = delete("books");
    all.merge(delete("loans"));
    assert_eq!(all.tags().unwrap().len(), 4);
    all.merge(Pending::everything());
    all.merge(delete("books"));
    assert_eq!(all, Pending::everything());
}

#[test]
fn the_plan_of_a_read_that_was_made_outside_of_a_scope_taints_inside_of_one() {
    let hook = hook(Dialect::Sqlite);
    let read = "SELECT * FROM books WHERE id = 7";
    let outside = hook.plan(read, &[] as &[Bind<'_>]);
    let mut scope = Scope::new();
    scope.run(|| hook.observe(&outside).returned(Some(1)));
    assert!(scope.is_tainted(), "nobody looked for what it reads");

    let mut scope = Scope::new();
    scope.run(|| hook.observe(&hook.plan(read, &[] as &[Bind<'_>])).returned(Some(1)));
    assert!(!scope.is_tainted());
    assert_eq!(scope.tags().iter().map(ToString::to_string).collect::<Vec<_>>(), ["books:*", "books:7"]);
}

#[test]
fn a_reading_that_is_dropped_depends_on_the_table() {
    let hook = hook(Dialect::Sqlite);
    let mut scope = Scope::new();
    scope.run(|| drop(hook.observe(&hook.plan("SELECT * FROM books WHERE id = 7", &[] as &[Bind<'_>]))));
    assert_eq!(scope.tags().iter().map(ToString::to_string).collect::<Vec<_>>(), ["books"]);
}
