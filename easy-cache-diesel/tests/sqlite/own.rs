//! What only SQLite does: transactions that begin with a savepoint, errors that roll everything back, and a lock for the whole file.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Text;
use diesel::{delete, sql_query, update};

use crate::suite::control::{FIRST, SECOND, dropped_by_each};
use crate::suite::schema::{books, loans};
use crate::suite::shop::{Shop, title};

#[test]
fn a_savepoint_outside_of_a_transaction_is_one() {
    assert_eq!(
        dropped_by_each(["SAVEPOINT a", FIRST, "RELEASE a", SECOND]),
        ["", "", "books books:1", "books books:2"]
    );
    assert_eq!(dropped_by_each(["SAVEPOINT a", FIRST, "ROLLBACK TO a", "RELEASE a"]), ["", "", "", ""]);
    assert_eq!(dropped_by_each(["SAVEPOINT a", FIRST, "COMMIT"]), ["", "", "books books:1"]);
}

#[test]
fn a_text_that_nobody_understands_may_have_begun_a_transaction() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    // SQLite lets a comment end with the text.
    c.batch_execute("BEGIN /* never closed").unwrap();
    sql_query(FIRST).execute(c).unwrap();
    assert_eq!(title(&shop, c, 1), "A");
    c.batch_execute("ROLLBACK").unwrap();
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
    c.batch_execute("UPDATE books SETT title = 1").unwrap_err();
    title(&shop, c, 1);
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0, "but no statement that fails alone has");
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

#[test]
fn sqlite_has_more_ways_to_begin() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.exclusive_transaction::<(), Error, _>(|c| {
            update(books::table.find(2)).set(books::title.eq("B")).execute(c)?;
            Err(Error::RollbackTransaction)
        })
    });
    assert_eq!(dropped, "");
    let dropped = shop.dropped_by(|| {
        c.exclusive_transaction::<_, Error, _>(|c| update(books::table.find(2)).set(books::title.eq("B")).execute(c))
    });
    assert_eq!(dropped, "books books:2");
}

#[test]
fn a_value_that_is_not_bound_is_nobodys_key() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let query = sql_query("UPDATE books SET title = ? || coalesce(?, '') WHERE id = 1 + 0");
    assert_eq!(shop.dropped_by(|| query.bind::<Text, _>("New").execute(c).unwrap()), "books books:*");
}

#[test]
fn a_column_may_be_named_like_a_write_and_a_table_in_any_quotes() {
    // case 83
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| sql_query("SELECT 'x' AS updated_at, id AS \"delete\" FROM books").execute(c));
    assert_eq!(dropped, "");
}
