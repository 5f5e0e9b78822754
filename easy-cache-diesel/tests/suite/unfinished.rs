//! Writes whose end is never told: their tags are not served until it is certain that they have ended.

use std::time::Duration;

use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_query;
use diesel::sql_types::Text;

use crate::home::{Backend, unfinished};
use crate::suite::shop::{Shop, title};

/// A value that cannot be written down: Diesel tells the beginning of such a statement, and never its end.
#[derive(AsExpression, Clone, Copy, Debug)]
#[diesel(sql_type = Text)]
pub(crate) struct Broken;

impl ToSql<Text, Backend> for Broken {
    fn to_sql<'b>(&'b self, _: &mut Output<'b, '_, Backend>) -> serialize::Result {
        Err("broken".into())
    }
}

#[test]
fn a_write_whose_end_is_never_told_is_not_served_until_the_connection_answers_again() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    shop.watch();
    unfinished(c, Broken);
    assert_eq!(shop.dropped(), "books books:1", "held");
    sql_query("SELECT 1").execute(c).unwrap();
    assert_eq!(shop.dropped(), "books books:1", "and invalidated");
    shop.watch();
}

#[test]
fn a_write_whose_end_is_never_told_counts_as_an_invalidation_when_its_deadline_has_passed() {
    let shop = Shop::new();
    let mut conn = shop.connection();
    unfinished(&mut conn, Broken);
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
            unfinished(c, Broken);
            Ok(())
        })
    });
    assert_eq!(dropped, "books books:1");
}
