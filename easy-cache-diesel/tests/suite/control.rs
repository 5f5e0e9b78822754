//! Transactions as text: what is followed is what the statements say, whoever sends them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;

use crate::home::{BEGINNINGS, ENDINGS};
use crate::suite::schema::books;
use crate::suite::shop::{Shop, title};

/// The tags that are dropped by each of these texts, one after the other.
pub(crate) fn dropped_by_each<const N: usize>(texts: [&str; N]) -> [String; N] {
    let shop = Shop::new();
    let mut conn = shop.connection();
    texts.map(|text| shop.dropped_by(|| conn.batch_execute(text).unwrap()))
}

pub(crate) const FIRST: &str = "UPDATE books SET title = 'A' WHERE id = 1";
pub(crate) const SECOND: &str = "UPDATE books SET title = 'B' WHERE id = 2";

#[test]
fn a_transaction_is_told_when_it_is_committed() {
    for begin in BEGINNINGS {
        for end in ENDINGS {
            assert_eq!(
                dropped_by_each([begin, FIRST, SECOND, end]),
                ["", "", "", "books books:1 books:2"],
                "{begin} {end}"
            );
        }
    }
    assert_eq!(dropped_by_each(["BEGIN", FIRST, "ROLLBACK", SECOND]), ["", "", "", "books books:2"]);
}

#[test]
fn prepared_statements_control_transactions_too() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    for text in ["BEGIN", FIRST] {
        sql_query(text).execute(c).unwrap();
        assert_eq!(shop.dropped(), "");
    }
    sql_query("COMMIT").execute(c).unwrap();
    assert_eq!(shop.dropped(), "books books:1");
}

#[test]
fn savepoints_are_found_by_their_names() {
    let outer = dropped_by_each(["BEGIN", "SAVEPOINT a", FIRST, "SAVEPOINT b", SECOND, "ROLLBACK TO a", "COMMIT"]);
    assert_eq!(outer.last().unwrap(), "");
    let inner = dropped_by_each(["BEGIN", "SAVEPOINT a", FIRST, "SAVEPOINT b", SECOND, "ROLLBACK TO B", "COMMIT"]);
    assert_eq!(inner.last().unwrap(), "books books:1");
    let released = dropped_by_each(["BEGIN", "SAVEPOINT a", FIRST, "RELEASE SAVEPOINT a", SECOND, "ROLLBACK"]);
    assert_eq!(released.concat(), "");
    let twice = dropped_by_each([
        "BEGIN",
        "SAVEPOINT a",
        FIRST,
        "SAVEPOINT a",
        SECOND,
        "ROLLBACK TO a",
        "RELEASE SAVEPOINT a",
        "COMMIT",
    ]);
    assert_eq!(twice.last().unwrap(), "books books:1");
    let again =
        dropped_by_each(["BEGIN", "SAVEPOINT a", FIRST, "ROLLBACK TO a", SECOND, "RELEASE SAVEPOINT a", "COMMIT"]);
    assert_eq!(again.last().unwrap(), "books books:2");
}

#[test]
fn a_text_of_several_statements_is_told_at_its_end_or_with_the_transaction_that_it_leaves_open() {
    let whole = format!("BEGIN; {FIRST}; COMMIT");
    assert_eq!(dropped_by_each([whole.as_str(), SECOND]), ["books books:1", "books books:2"]);
    let open = format!("BEGIN; {FIRST}");
    let [_, second, commit] = dropped_by_each([open.as_str(), SECOND, "COMMIT"]);
    assert_eq!((second.as_str(), commit.as_str()), ("", "books books:1 books:2"));
}

#[test]
fn reads_in_a_transaction_begun_as_text_are_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    c.batch_execute("BEGIN").unwrap();
    sql_query(FIRST).execute(c).unwrap();
    assert_eq!(title(&shop, c, 1), "A");
    c.batch_execute("ROLLBACK").unwrap();
    assert_eq!(title(&shop, c, 1), "Emma");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
}

#[test]
fn a_connection_that_is_followed_in_the_middle_of_a_transaction_is_not_trusted_until_it_ends() {
    let shop = Shop::new();
    let mut conn = shop.behind();
    let c = &mut conn;
    let result = c.transaction::<(), diesel::result::Error, _>(|c| {
        sql_query(SECOND).execute(c)?;
        shop.db.instrument(c);
        assert_eq!(title(&shop, c, 2), "B");
        shop.watch();
        sql_query(FIRST).execute(c)?;
        assert_eq!(shop.dropped(), "books books:1", "it may have been an autocommit write");
        shop.watch();
        Ok(())
    });
    result.unwrap();
    assert_eq!(shop.dropped(), "books books:1", "or may be visible only now");
    assert_eq!(title(&shop, c, 2), "B");
    assert_eq!(books::table.count().get_result::<i64>(c).unwrap(), 2);
}
