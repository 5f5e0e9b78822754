//! What a value depends on that was computed from reads over a followed connection, and what is not kept at all.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel::{delete, insert_into, sql_query, update};
use easy_cache_core::{Scope, Tag};

use crate::home::{SETTING, TUNING, VOLATILE, sql};
use crate::suite::schema::{Book, Loan, authors, book, books, loans, new_book};
use crate::suite::shop::{Shop, title, titles};

/// The tags of what a piece of work reads, as text.
fn read_by<T>(work: impl FnOnce() -> T) -> String {
    let mut scope = Scope::new();
    scope.run(work);
    assert!(!scope.is_tainted());
    scope.tags().iter().map(Tag::name).collect::<Vec<_>>().join(" ")
}

/// Whether what a piece of work computes may be kept.
pub(crate) fn is_kept<T>(work: impl FnOnce() -> T) -> bool {
    let mut scope = Scope::new();
    scope.run(work);
    !scope.is_tainted()
}

#[test]
fn a_value_depends_on_the_rows_that_were_read_by_key() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(read_by(|| books::table.find(1).first::<Book>(c)), "books:* books:+ books:1");
    assert_eq!(read_by(|| books::table.find(9).first::<Book>(c).optional()), "books:* books:+ books:9");
    let two = books::table.filter(books::id.eq_any([1, 2]));
    assert_eq!(read_by(|| two.load::<Book>(c)), "books:* books:+ books:1 books:2");
    assert_eq!(read_by(|| loans::table.find((1, 5)).first::<Loan>(c)), "loans:* loans:+ loans:1,5");
    let by_hand = sql_query(sql("SELECT count(*) AS id FROM books WHERE id = ?")).bind::<Integer, _>(1);
    assert_eq!(read_by(|| by_hand.execute(c)), "books", "a count is a row also when there is none");
}

#[test]
fn a_value_depends_on_every_table_that_was_read_otherwise() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(read_by(|| books::table.load::<Book>(c)), "books");
    assert_eq!(read_by(|| books::table.filter(books::title.eq("Emma")).first::<Book>(c)), "books");
    assert_eq!(read_by(|| books::table.count().get_result::<i64>(c)), "books");
    let joined = books::table.inner_join(authors::table).filter(books::id.eq(1)).select((books::title, authors::name));
    assert_eq!(read_by(|| joined.load::<(String, String)>(c)), "authors books");
    let lent = loans::table.select(loans::book_id);
    assert_eq!(read_by(|| books::table.filter(books::id.eq_any(lent)).load::<Book>(c)), "books loans");
    assert_eq!(read_by(|| sql_query("SELECT * FROM novels").execute(c)), "books novels");
    assert_eq!(read_by(|| books::table.into_boxed().filter(books::author_id.gt(0)).load::<Book>(c)), "books");
}

#[test]
fn rows_that_are_read_one_by_one_are_a_dependency() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    let read = read_by(|| books::table.load_iter::<Book, DefaultLoadingMode>(c).unwrap().next());
    assert_eq!(read, "books");
}

#[test]
fn a_value_lives_until_its_own_row_is_changed() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(title(&shop, c, 1), "Emma");
    update(books::table.find(2)).set(books::title.eq("Other")).execute(c).unwrap();
    delete(books::table.find(2)).execute(c).unwrap();
    insert_into(books::table).values(book(7, "New")).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
    update(books::table.find(1)).set(books::title.eq("Changed")).execute(c).unwrap();
    assert_eq!(title(&shop, c, 1), "Changed");
    update(books::table.filter(books::author_id.eq(1))).set(books::author_id.eq(2)).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 1);
}

#[test]
fn a_row_that_was_not_found_is_found_after_an_insert_with_or_without_its_key() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(title(&shop, c, 3), "none");
    assert_eq!(shop.statements_of(|| title(&shop, c, 3)), 0, "that there is none is kept");
    insert_into(books::table).values(new_book("Third")).execute(c).unwrap();
    assert_eq!(title(&shop, c, 3), "Third");
    assert_eq!(title(&shop, c, 9), "none");
    insert_into(books::table).values(book(9, "Ninth")).execute(c).unwrap();
    assert_eq!(title(&shop, c, 9), "Ninth");
}

#[test]
fn a_list_changes_with_every_write_to_its_table_and_with_no_other() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(titles(&shop, c), ["Emma", "Persuasion"]);
    update(loans::table.find((1, 5))).set(loans::days.eq(9)).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| titles(&shop, c)), 0);
    insert_into(books::table).values(new_book("Third")).execute(c).unwrap();
    assert_eq!(titles(&shop, c), ["Emma", "Persuasion", "Third"]);
}

#[test]
fn a_column_with_the_name_of_a_write_is_no_write() {
    // case 83
    let shop = Shop::new();
    let c = &mut shop.connection();
    let dropped = shop.dropped_by(|| sql_query("SELECT 'x' AS updated_at, id AS deleted FROM books").execute(c));
    assert_eq!(dropped, "");
}

#[test]
fn what_changes_without_a_write_is_not_kept() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert!(is_kept(|| sql_query("SELECT title FROM books").execute(c)));
    for query in VOLATILE {
        assert!(!is_kept(|| sql_query(query).execute(c)), "{query}");
    }
}

#[test]
fn a_session_with_a_state_of_its_own_ends_caching_and_tuning_does_not() {
    let shop = Shop::new();
    let c = &mut shop.connection();
    assert_eq!(title(&shop, c, 1), "Emma");
    sql_query(TUNING).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 0);
    sql_query(SETTING).execute(c).unwrap();
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 1, "what was kept before is dropped");
    assert_eq!(shop.statements_of(|| title(&shop, c, 1)), 1, "and nothing is kept after");
}
