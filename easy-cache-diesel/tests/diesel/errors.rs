//! Statements that fail: what the database refused costs no hit, and what nobody knows is not served.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::{delete, insert_into, sql_query, update};

use crate::schema::{book, books, loan, loans};
use crate::shop::{Shop, title};

#[test]
fn a_refused_write_drops_nothing() {
    // case 77
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        let twice = insert_into(books::table).values(book(7, "Emma")).execute(c);
        assert!(matches!(twice, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))));
        let no_days = update(loans::table.find((1, "anna"))).set(loans::days.eq(0)).execute(c);
        assert!(matches!(no_days, Err(Error::DatabaseError(DatabaseErrorKind::CheckViolation, _))));
    });
    assert_eq!(dropped, "");
}

#[test]
fn the_first_statement_of_a_text_may_have_run_when_the_second_is_refused() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        let text = "UPDATE books SET author_id = 2 WHERE id = 1; UPDATE books SET title = 'Emma' WHERE id = 2";
        c.batch_execute(text).unwrap_err();
    });
    assert_eq!(dropped, "books books:1 books:2");
}

#[test]
fn what_a_refused_statement_leaves_behind_is_dropped() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let text = "INSERT OR FAIL INTO books (title, author_id) VALUES ('New', 1), ('Emma', 1)";
    assert!(shop.dropped_by(|| sql_query(text).execute(c).unwrap_err()).starts_with("books "));
}

#[test]
fn an_error_in_a_transaction_may_have_ended_it() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute("BEGIN").unwrap();
    delete(loans::table).execute(c).unwrap();
    sql_query("UPDATE OR ROLLBACK books SET title = 'Emma'").execute(c).unwrap_err();
    let dropped = shop.dropped_by(|| update(books::table.find(1)).set(books::author_id.eq(2)).execute(c).unwrap());
    assert_eq!(dropped, "books books:1", "SQLite has rolled back, so this was an autocommit write");
    assert_eq!(shop.dropped_by(|| c.batch_execute("COMMIT").unwrap_err()), "books books:1 books:* loans loans:*");
    assert_eq!(shop.dropped_by(|| delete(loans::table).execute(c)), "loans loans:*");
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0, "SQLite said that there is no transaction any more");
}

#[test]
fn a_new_transaction_proves_that_the_one_before_was_rolled_back() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute("BEGIN").unwrap();
    delete(loans::table).execute(c).unwrap();
    sql_query("UPDATE OR ROLLBACK books SET title = 'Emma'").execute(c).unwrap_err();
    let dropped = shop.dropped_by(|| {
        c.batch_execute("BEGIN").unwrap();
        update(books::table.find(1)).set(books::author_id.eq(2)).execute(c).unwrap();
        assert_eq!(shop.dropped(), "", "there is no doubt any more");
        c.batch_execute("COMMIT").unwrap();
    });
    assert_eq!(dropped, "books books:1");
}

#[test]
fn an_error_that_was_caught_in_a_savepoint_is_forgotten_with_it() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    c.transaction::<_, Error, _>(|c| {
        let refused = c.transaction(|c| insert_into(books::table).values(book(7, "Emma")).execute(c));
        assert!(refused.is_err());
        insert_into(loans::table).values(loan(2, "cleo")).execute(c)?;
        assert_eq!(shop.dropped(), "", "the transaction is still open");
        Ok(())
    })
    .unwrap();
    assert_eq!(shop.dropped(), "loans");
}

#[test]
fn a_refused_commit_drops_nothing_and_the_transaction_goes_on() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    c.batch_execute("BEGIN").unwrap();
    sql_query("UPDATE books SET author_id = 77 WHERE id = 1").execute(c).unwrap();
    c.batch_execute("COMMIT").unwrap_err();
    assert_eq!(shop.dropped(), "", "there is no such author");
    sql_query("UPDATE books SET author_id = 2 WHERE id = 1").execute(c).unwrap();
    c.batch_execute("COMMIT").unwrap();
    assert_eq!(shop.dropped(), "books books:1");
}

#[test]
fn a_begin_that_finds_the_database_locked_begins_nothing() {
    let shop = Shop::new();
    let (c, other) = (&mut shop.connection(), &mut shop.behind());
    c.batch_execute("PRAGMA busy_timeout = 0").unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    c.batch_execute("BEGIN IMMEDIATE").unwrap_err();
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
    assert_eq!(shop.dropped_by(|| delete(books::table).execute(c)), "books books:*");
}

/// A value that cannot be written down: Diesel tells the beginning of such a statement, and never its end.
#[derive(AsExpression, Debug)]
#[diesel(sql_type = Text)]
struct Broken;

impl ToSql<Text, Sqlite> for Broken {
    fn to_sql<'b>(&'b self, _: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        Err("broken".into())
    }
}

fn start(c: &mut SqliteConnection) {
    update(books::table.find(1)).set(books::title.eq(Broken)).execute(c).unwrap_err();
}

#[test]
fn a_write_whose_end_is_never_told_is_not_served_until_the_connection_answers_again() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    start(c);
    assert_eq!(shop.dropped(), "books books:1", "held");
    sql_query("SELECT 1").execute(c).unwrap();
    assert_eq!(shop.dropped(), "books books:1", "and invalidated");
    shop.watch();
}

#[test]
fn a_write_whose_end_is_never_told_counts_as_an_invalidation_when_its_deadline_has_passed() {
    let shop = Shop::new();
    let mut conn = shop.connection();
    start(&mut conn);
    drop(conn);
    let c = &mut shop.connection();
    assert_eq!(
        shop.statements_of(|| (title(&shop, c, 1), title(&shop, c, 1))),
        2,
        "nothing is served while it is held"
    );
    shop.clock.advance(Duration::from_secs(31));
    assert_eq!(shop.statements_of(|| (title(&shop, c, 1), title(&shop, c, 1))), 1);
}

#[test]
fn a_write_whose_end_is_never_told_is_told_with_the_transaction_around_it() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.transaction::<_, Error, _>(|c| {
            start(c);
            Ok(())
        })
    });
    assert_eq!(dropped, "books books:1");
}

/// A value that must not be looked at.
#[derive(AsExpression)]
#[diesel(sql_type = Text)]
struct Shy;

impl std::fmt::Debug for Shy {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a value that must not be looked at")
    }
}

impl ToSql<Text, Sqlite> for Shy {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value("shy");
        Ok(serialize::IsNull::No)
    }
}

#[test]
fn a_panic_while_a_statement_is_read_reaches_nobody_and_drops_everything() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(title(&shop, c, 1), "Emma");
    shop.watch();
    update(books::table.find(1)).set(books::title.eq(Shy)).execute(c).unwrap();
    assert!(!shop.serves("books:1") && !shop.serves("authors"));
    assert_eq!(title(&shop, &mut shop.connection(), 1), "shy");
    sql_query("SELECT 1").execute(c).unwrap();
    assert_eq!(shop.dropped_by(|| delete(loans::table).execute(c).unwrap()), "loans loans:*", "writes are still told");
    assert_eq!(shop.statements_of(|| (title(&shop, c, 2), title(&shop, c, 2))), 2, "but its reads are not trusted");
}
