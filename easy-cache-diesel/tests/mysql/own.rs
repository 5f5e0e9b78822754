//! What only MySQL and MariaDB do: definitions that commit, errors that roll everything back, and transactions that begin by themselves.

use std::sync::Barrier;
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::dsl::DuplicatedKeys;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{delete, insert_into, sql_query, update};

use crate::home::Conn;
use crate::suite::control::{FIRST, SECOND, dropped_by_each};
use crate::suite::schema::{book, books, loans};
use crate::suite::shop::{Shop, title};
use crate::suite::writes::{check, done};

#[test]
fn an_upsert_drops_every_row() {
    check(&[
        ("on duplicate key", "books books:*", |c| {
            let insert = insert_into(books::table).values(book(1, "New")).on_conflict(DuplicatedKeys);
            done(insert.do_update().set(books::title.eq("Newer")).execute(c))
        }),
        ("of nothing", "books books:*", |c| {
            done(insert_into(books::table).values(book(1, "New")).on_conflict_do_nothing().execute(c))
        }),
        ("several tables", "authors authors:* books books:*", |c| {
            let text = "UPDATE books JOIN authors ON authors.id = books.author_id SET books.title = 'New', authors.name = 'Jane' WHERE books.id = 1";
            done(sql_query(text).execute(c))
        }),
    ]);
}

#[test]
fn a_definition_commits_what_was_written_before_it() {
    let definition = "CREATE TABLE unrelated (id INTEGER PRIMARY KEY)";
    let [_, _, defined, second, rollback] = dropped_by_each(["BEGIN", FIRST, definition, SECOND, "ROLLBACK"]);
    assert!(defined.starts_with("books books:1"), "{defined}");
    assert_eq!((second.as_str(), rollback.as_str()), ("books books:2", ""));
}

#[test]
fn a_transaction_commits_the_one_before() {
    let begun = dropped_by_each(["BEGIN", FIRST, "START TRANSACTION", SECOND, "ROLLBACK"]);
    assert_eq!(begun, ["", "", "books books:1", "", ""]);
}

#[test]
fn a_session_without_autocommit_is_told_at_once_and_at_its_commit() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute("SET autocommit = 0").unwrap();
    assert_eq!(shop.dropped_by(|| update(books::table.find(1)).set(books::title.eq("A")).execute(c)), "books books:1");
    assert_eq!(title(&shop, &mut shop.connection(), 1), "Emma");
    c.batch_execute("COMMIT").unwrap();
    assert_eq!(title(&shop, &mut shop.connection(), 1), "A");
}

/// Two transactions that wait for each other: the database rolls one of them back, and answers it with an error.
fn deadlock(shop: &Shop, conn: &mut Conn) {
    let other = &mut shop.behind();
    let both = Barrier::new(2);
    thread::scope(|threads| {
        threads.spawn(|| {
            // Who has written more is not the victim.
            other
                .batch_execute("BEGIN; UPDATE authors SET name = concat(name, '!'); UPDATE loans SET days = 5")
                .unwrap();
            other.batch_execute("UPDATE books SET author_id = 2 WHERE id = 2").unwrap();
            both.wait();
            other.batch_execute("UPDATE books SET author_id = 2 WHERE id = 1").unwrap();
            other.batch_execute("ROLLBACK").unwrap();
        });
        update(books::table.find(1)).set(books::title.eq("Never")).execute(conn).unwrap();
        both.wait();
        let refused = update(books::table.find(2)).set(books::title.eq("Never")).execute(conn);
        assert!(
            matches!(refused, Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _))),
            "{refused:?}"
        );
    });
}

#[test]
fn what_is_written_after_a_deadlock_is_told_at_once_since_the_transaction_is_gone() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute("BEGIN").unwrap();
    deadlock(&shop, c);
    assert_eq!(title(&shop, &mut shop.connection(), 1), "Emma");
    let dropped = shop.dropped_by(|| update(books::table.find(1)).set(books::title.eq("New")).execute(c).unwrap());
    assert_eq!(dropped, "books books:1", "an autocommit write");
    assert_eq!(title(&shop, &mut shop.connection(), 1), "New");
}

#[test]
fn a_transaction_of_diesel_is_over_after_a_deadlock() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        c.transaction::<(), Error, _>(|c| {
            deadlock(&shop, c);
            Err(Error::RollbackTransaction)
        })
    });
    assert_eq!(dropped, "");
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
    assert_eq!(shop.dropped_by(|| delete(loans::table).execute(c).unwrap()), "loans loans:*");
}

#[test]
fn a_refusal_that_has_no_name_is_not_served_until_the_connection_answers_again() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    update(loans::table.find((1, 5))).set(loans::days.eq(0)).execute(c).unwrap_err();
    assert_eq!(shop.dropped(), "loans loans:1,5", "MariaDB's check has a number that Diesel does not know");
    sql_query("SELECT 1").execute(c).unwrap();
    shop.watch();
}

#[test]
fn a_connection_that_is_killed_in_a_transaction_takes_back_what_it_wrote() {
    let shop = Shop::new();
    let mut conn = shop.connection();
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = diesel::sql_types::Unsigned<diesel::sql_types::BigInt>)]
        id: u64,
    }
    let id = sql_query("SELECT connection_id() AS id").get_result::<Id>(&mut conn).unwrap().id;
    let dropped = shop.dropped_by(|| {
        let broken = conn.transaction::<(), Error, _>(|c| {
            update(books::table.find(1)).set(books::title.eq("Never")).execute(c)?;
            shop.behind().batch_execute(&format!("KILL {id}")).unwrap();
            delete(loans::table).execute(c).map(drop)
        });
        assert!(broken.is_err());
    });
    assert!(dropped.is_empty() || dropped.contains("loans"), "{dropped}");
    assert_eq!(title(&shop, &mut shop.connection(), 1), "Emma");
}
