//! Statements that fail: what the database refused costs no hit, and what nobody knows is not served.

use diesel::connection::SimpleConnection;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use diesel::{delete, insert_into, sql_query, update};

use crate::home::Backend;
use crate::suite::schema::{book, books, loan, loans};
use crate::suite::shop::{Shop, title};

#[test]
fn a_refused_write_drops_nothing() {
    // case 77
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| {
        let twice = insert_into(books::table).values(book(7, "Emma")).execute(c);
        assert!(matches!(twice, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))));
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
fn an_error_that_was_caught_in_a_savepoint_is_forgotten_with_it() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    c.transaction::<_, Error, _>(|c| {
        let refused = c.transaction(|c| insert_into(books::table).values(book(7, "Emma")).execute(c));
        assert!(refused.is_err());
        insert_into(loans::table).values(loan(2, 8)).execute(c)?;
        assert_eq!(shop.dropped(), "", "the transaction is still open");
        Ok(())
    })
    .unwrap();
    assert_eq!(shop.dropped(), "loans");
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

impl ToSql<Text, Backend> for Shy {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Backend>) -> serialize::Result {
        ToSql::<Text, Backend>::to_sql("shy", out)
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

#[test]
fn a_connection_that_breaks_in_a_transaction_drops_nothing_while_that_is_open() {
    let shop = Shop::new();
    let mut conn = shop.connection();
    shop.watch();
    conn.batch_execute("BEGIN").unwrap();
    delete(loans::table).execute(&mut conn).unwrap();
    drop(conn);
    assert_eq!(shop.dropped(), "", "what was open is rolled back");
    assert_eq!(loans::table.count().get_result(&mut shop.behind()), Ok(2));
}
