//! Queries that are answered from the cache.

use std::fmt;
use std::time::Duration;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use diesel::{delete, insert_into, sql_query, update};
use easy_cache_core::{Scope, Tag};
use easy_cache_diesel::{CachedDb, CachedQuery};

use crate::home::{Backend, Conn, sql};
use crate::suite::schema::{Book, book, books, loans, new_book};
use crate::suite::shop::Shop;

#[test]
fn a_list_is_loaded_once_until_its_table_changes() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let list = || books::table.order(books::id);
    assert_eq!(list().load_cached::<Book, _>(c).unwrap().len(), 2);
    assert_eq!(shop.statements_of(|| list().load_cached::<Book, _>(c)), 0);
    insert_into(books::table).values(new_book("Third")).execute(c).unwrap();
    assert_eq!(list().load_cached::<Book, _>(c).unwrap()[2].title, "Third");
}

#[test]
fn a_row_is_found_once_until_it_changes() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(books::table.find_cached::<Book, _, _>(1, c).unwrap().title, "Emma");
    update(books::table.find(2)).set(books::title.eq("Other")).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| books::table.find_cached::<Book, _, _>(1, c)), 0);
    assert_eq!(shop.statements_of(|| books::table.find_cached::<Book, _, _>(2, c)), 1, "another key, another entry");
    update(books::table.find(1)).set(books::title.eq("Changed")).execute(c).unwrap();
    assert_eq!(books::table.find_cached::<Book, _, _>(1, c).unwrap().title, "Changed");
}

#[test]
fn a_row_that_was_found_does_not_mind_inserts() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let both = || books::table.filter(books::id.eq_any([1, 2]));
    assert_eq!(books::table.find_cached::<Book, _, _>(1, c).unwrap().title, "Emma");
    assert_eq!(both().load_cached::<Book, _>(c).unwrap().len(), 2);
    insert_into(books::table).values(new_book("Third")).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| books::table.find_cached::<Book, _, _>(1, c)), 0);
    assert_eq!(shop.statements_of(|| both().load_cached::<Book, _>(c)), 0);
}

#[test]
fn a_list_of_rows_of_which_one_was_not_found_gets_it_when_it_is_added() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let rows = |c: &mut Conn| books::table.filter(books::id.eq_any([1, 3])).load_cached::<Book, _>(c).unwrap();
    assert_eq!(rows(c).len(), 1);
    insert_into(books::table).values(new_book("Third")).execute(c).unwrap();
    assert_eq!(rows(c).len(), 2);
}

#[test]
fn that_nothing_was_found_is_an_error_and_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let find = |c: &mut Conn| books::table.find_cached::<Book, _, _>(9, c).optional().unwrap();
    assert_eq!(find(c), None);
    insert_into(books::table).values(book(9, "Ninth")).execute(&mut shop.behind()).unwrap();
    assert_eq!(find(c).unwrap().title, "Ninth");
}

#[test]
fn a_count_and_a_single_result_are_cached_apart_from_the_list() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(loans::table.count_cached(c).unwrap(), 2);
    assert_eq!(shop.statements_of(|| loans::table.count_cached(c)), 0);
    let emma = || books::table.filter(books::title.eq("Emma")).select(books::id);
    assert_eq!(*emma().load_cached::<i32, _>(c).unwrap(), [1]);
    assert_eq!(*emma().get_result_cached::<i32, _>(c).unwrap(), 1);
    assert_eq!(*emma().first_cached::<i32, _>(c).unwrap(), 1);
    delete(loans::table).execute(c).unwrap();
    assert_eq!(loans::table.count_cached(c).unwrap(), 0);
}

#[test]
fn raw_and_boxed_queries_are_cached_with_their_values() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    #[derive(QueryableByName)]
    struct Title {
        #[diesel(sql_type = Text)]
        title: String,
    }
    let raw = |title: &str| sql_query(sql("SELECT title FROM books WHERE title = ?")).bind::<Text, _>(title.to_owned());
    assert_eq!(raw("Emma").load_cached::<Title, _>(c).unwrap()[0].title, "Emma");
    assert_eq!(raw("Nothing").load_cached::<Title, _>(c).unwrap().len(), 0);
    assert_eq!(shop.statements_of(|| raw("Emma").load_cached::<Title, _>(c)), 0);
    let boxed = |id: i32| books::table.filter(books::id.gt(id)).into_boxed();
    assert_eq!(boxed(1).load_cached::<Book, _>(c).unwrap().len(), 1);
    assert_eq!(boxed(0).load_cached::<Book, _>(c).unwrap().len(), 2);
}

#[test]
fn the_tags_of_a_cached_query_flow_outward_also_on_a_hit() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    for _ in 0..2 {
        let mut scope = Scope::new();
        scope.run(|| books::table.find_cached::<Book, _, _>(1, c)).unwrap();
        assert!(scope.tags().contains(&Tag::row("books", 1)));
    }
}

#[test]
fn a_query_in_a_transaction_sees_the_transaction_and_is_kept_by_nobody() {
    // case 79 and 80
    let shop = Shop::new();
    let c = &mut shop.connection();
    let count = |c: &mut Conn| books::table.count_cached(c).unwrap();
    assert_eq!(count(c), 2);
    let rolled_back = c.transaction::<(), diesel::result::Error, _>(|c| {
        assert_eq!(count(c), 2);
        insert_into(books::table).values(new_book("Third")).execute(c)?;
        assert_eq!(count(c), 3);
        Err(diesel::result::Error::RollbackTransaction)
    });
    assert!(rolled_back.is_err());
    assert_eq!(shop.statements_of(|| assert_eq!(count(c), 2)), 0, "the value from before is still right");
}

#[test]
fn a_query_on_a_connection_that_nobody_follows_is_not_cached() {
    let shop = Shop::new();
    let mut stranger = shop.behind();
    assert_eq!(books::table.count_cached(&mut stranger).unwrap(), 2);
    delete(books::table).execute(&mut stranger).unwrap();
    assert_eq!(books::table.count_cached(&mut stranger).unwrap(), 0);
}

#[test]
fn two_databases_that_share_a_cache_do_not_share_queries() {
    // case 84
    let (first, second) = (Shop::new(), Shop::new());
    let beside = CachedDb::<Backend>::new(&first.cache);
    let (mut one, mut other) = (first.connection(), second.behind());
    beside.instrument(&mut other);
    delete(books::table.find(1)).execute(&mut other).unwrap();
    assert_eq!(books::table.count_cached(&mut one).unwrap(), 2);
    assert_eq!(books::table.count_cached(&mut other).unwrap(), 1);
}

#[test]
fn a_result_is_fresh_for_as_long_as_the_database_says() {
    let shop = Shop::new();
    let db = CachedDb::<Backend>::builder(&shop.cache).query_ttl(Duration::from_secs(60)).build();
    let mut conn = shop.behind();
    db.instrument(&mut conn);
    assert_eq!(books::table.count_cached(&mut conn).unwrap(), 2);
    delete(books::table).execute(&mut shop.behind()).unwrap();
    shop.clock.advance(Duration::from_secs(59));
    assert_eq!(books::table.count_cached(&mut conn).unwrap(), 2);
    shop.clock.advance(Duration::from_secs(2));
    assert_eq!(books::table.count_cached(&mut conn).unwrap(), 0);
}

/// A text that does not show what it is.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl ToSql<Text, Backend> for Secret {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Backend>) -> serialize::Result {
        ToSql::<Text, Backend>::to_sql(&self.0, out)
    }
}

#[test]
fn values_that_do_not_show_themselves_never_share_an_entry() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let with = |title: &str| books::table.filter(books::title.eq(Secret(title.into()))).select(books::id);
    assert_eq!(*with("Emma").first_cached::<i32, _>(c).unwrap(), 1);
    assert_eq!(*with("Persuasion").first_cached::<i32, _>(c).unwrap(), 2);
}
