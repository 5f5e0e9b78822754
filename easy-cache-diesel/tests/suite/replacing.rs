//! What SQLite and MySQL have and PostgreSQL has not: `REPLACE`, `INSERT` that ignores what is there, and transactions that outlive an
//! error.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{insert_or_ignore_into, replace_into};

use crate::suite::control::FIRST;
use crate::suite::schema::{book, books, new_book};
use crate::suite::shop::{Shop, title};
use crate::suite::writes::{check, done};

#[test]
fn a_write_that_replaces_drops_every_row_and_one_that_ignores_what_it_may_add() {
    check(&[
        ("replace", "books books:*", |c| done(replace_into(books::table).values(book(1, "New")).execute(c))),
        ("or ignore", "books books:+", |c| {
            done(insert_or_ignore_into(books::table).values(new_book("Emma")).execute(c))
        }),
    ]);
}

#[test]
fn a_text_that_fails_half_way_may_leave_a_transaction_open() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute(&format!("BEGIN; {FIRST}; UPDATE books SET title = 'A' WHERE id = 2")).unwrap_err();
    assert_eq!(title(&shop, c, 1), "A");
    assert!(!shop.cache.contains("title:1").wait(), "nobody else sees this");
    assert_eq!(shop.dropped_by(|| c.batch_execute("COMMIT").unwrap()), "books books:1 books:2");
    assert_eq!(title(&shop, c, 1), "A");
    assert!(shop.cache.contains("title:1").wait());
}
