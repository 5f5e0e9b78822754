//! What SQLite and PostgreSQL have and MySQL has not, or not in Diesel: writes that return rows, upserts by a named key, and refusals
//! by a check that says what it is.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::upsert::excluded;
use diesel::{delete, insert_into, sql_query, update};

use crate::suite::reads::is_kept;
use crate::suite::schema::{Book, book, books, loans, new_book};
use crate::suite::shop::Shop;
use crate::suite::writes::{check, done};

#[test]
fn writes_that_return_rows_drop_what_they_would_drop_without() {
    check(&[
        ("an insert", "books books:+", |c| {
            done(insert_into(books::table).values(new_book("New")).get_result::<Book>(c))
        }),
        ("of several", "books books:+", |c| {
            done(insert_into(books::table).values(vec![new_book("A"), new_book("B")]).get_results::<Book>(c))
        }),
        ("of a column", "books books:+", |c| {
            done(insert_into(books::table).values(new_book("New")).returning(books::id).get_result::<i32>(c))
        }),
        ("an update", "books books:1", |c| {
            done(update(books::table.find(1)).set(books::title.eq("New")).get_result::<Book>(c))
        }),
        ("a delete", "books books:1", |c| done(delete(books::table.find(1)).get_result::<Book>(c))),
    ]);
}

#[test]
fn a_write_behind_a_query_is_one() {
    check(&[("with a query before it", "books books:1", |c| {
        done(sql_query("WITH one AS (SELECT 1 AS id) UPDATE books SET title = 'New' WHERE id = 1").execute(c))
    })]);
}

#[test]
fn upserts_drop_the_row_of_their_key_or_all() {
    check(&[
        ("on conflict do nothing", "books books:+", |c| {
            done(insert_into(books::table).values(new_book("Emma")).on_conflict_do_nothing().execute(c))
        }),
        ("upsert", "books books:1", |c| {
            let insert = insert_into(books::table).values(book(1, "New")).on_conflict(books::id);
            done(insert.do_update().set(books::title.eq(excluded(books::title))).execute(c))
        }),
        ("upsert without a key", "books books:*", |c| {
            let insert = insert_into(books::table).values(new_book("Emma")).on_conflict(books::title);
            done(insert.do_update().set(books::author_id.eq(2)).execute(c))
        }),
    ]);
}

#[test]
fn what_a_write_returns_is_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert!(!is_kept(|| update(books::table.find(1)).set(books::author_id.eq(2)).get_result::<Book>(c)));
}

#[test]
fn a_violated_check_drops_nothing() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        let no_days = update(loans::table.find((1, 5))).set(loans::days.eq(0)).execute(c);
        assert!(matches!(no_days, Err(Error::DatabaseError(DatabaseErrorKind::CheckViolation, _))));
    });
    assert_eq!(dropped, "");
}
