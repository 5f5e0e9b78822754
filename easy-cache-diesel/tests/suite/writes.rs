//! The table of truth: for each way to write, the tags that are invalidated, and by that the ones that are not.
// case 82

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel::{delete, insert_into, sql_query, update};

use crate::home::{Conn, QUOTED, STRANGE, sql};
use crate::suite::schema::{Book, Loan, authors, book, books, loan, loans, new_book};
use crate::suite::shop::Shop;

pub(crate) type Write = fn(&mut Conn) -> QueryResult<()>;

/// Ways to write, with the tags that each of them drops.
pub(crate) type Table = &'static [(&'static str, &'static str, Write)];

/// A write that is done, whatever it returns.
pub(crate) fn done<T>(result: QueryResult<T>) -> QueryResult<()> {
    result.map(|_| ())
}

pub(crate) fn check(table: Table) {
    let shop = Shop::new();
    let wrong = table.iter().filter_map(|(name, expected, write)| {
        shop.home.reset();
        let mut conn = shop.connection();
        let dropped = shop.dropped_by(|| write(&mut conn).unwrap());
        (dropped != *expected).then(|| format!("{name}\n  expected: {expected}\n  dropped:  {dropped}"))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

#[test]
fn inserts_drop_the_table_and_the_rows_that_they_name() {
    check(&[
        ("without a key", "books books:+", |c| done(insert_into(books::table).values(new_book("New")).execute(c))),
        ("with a key", "books books:1", |c| {
            delete(books::table.find(1)).execute(c)?;
            done(insert_into(books::table).values(book(1, "New")).execute(c))
        }),
        ("another key", "books", |c| done(insert_into(books::table).values(book(9, "New")).execute(c))),
        ("several", "books books:+", |c| {
            done(insert_into(books::table).values(vec![new_book("A"), new_book("B")]).execute(c))
        }),
        ("several with keys", "books", |c| {
            done(insert_into(books::table).values(vec![book(8, "A"), book(9, "B")]).execute(c))
        }),
        ("columns", "books books:+", |c| {
            done(insert_into(books::table).values((books::title.eq("New"), books::author_id.eq(1))).execute(c))
        }),
        ("from a query", "books books:+", |c| {
            let copy = authors::table.select((authors::name, authors::id));
            done(copy.insert_into(books::table).into_columns((books::title, books::author_id)).execute(c))
        }),
        ("composite key", "loans loans:1,5", |c| {
            delete(loans::table.find((1, 5))).execute(c)?;
            done(insert_into(loans::table).values(loan(1, 5)).execute(c))
        }),
    ]);
}

#[test]
fn updates_drop_the_table_and_the_rows_that_they_name() {
    check(&[
        ("by key", "books books:1", |c| done(update(books::table.find(1)).set(books::title.eq("New")).execute(c))),
        ("by value", "books books:2", |c| done(update(&book(2, "New")).set(books::title.eq("Newer")).execute(c))),
        ("save_changes", "books books:1", |c| done(book(1, "New").save_changes::<Book>(c))),
        ("by key with a bracket in the title", "books books:1", |c| {
            done(update(books::table.find(1)).set(books::title.eq("\", binds: [2] }")).execute(c))
        }),
        ("by key with a forged comment", "books books:1", |c| {
            done(update(books::table.find(1)).set(books::title.eq(" -- binds: [2]")).execute(c))
        }),
        ("by key and something else", "books books:1", |c| {
            let emma = books::table.filter(books::id.eq(1)).filter(books::title.eq("Emma"));
            done(update(emma).set(books::author_id.eq(2)).execute(c))
        }),
        ("by keys", "books books:1 books:2", |c| {
            done(update(books::table.filter(books::id.eq_any([1, 2]))).set(books::author_id.eq(2)).execute(c))
        }),
        ("by no keys", "books books:*", |c| {
            let none = books::table.filter(books::id.eq_any(Vec::<i32>::new()));
            done(update(none).set(books::author_id.eq(2)).execute(c))
        }),
        ("by one key or another", "books books:1 books:2", |c| {
            let either = books::table.filter(books::id.eq(1).or(books::id.eq(2)));
            done(update(either).set(books::author_id.eq(2)).execute(c))
        }),
        ("by something else", "books books:*", |c| {
            done(update(books::table.filter(books::title.eq("Emma"))).set(books::author_id.eq(2)).execute(c))
        }),
        ("all", "books books:*", |c| done(update(books::table).set(books::author_id.eq(2)).execute(c))),
        ("of the key itself", "books books:*", |c| done(update(books::table.find(1)).set(books::id.eq(7)).execute(c))),
        ("of a boxed query", "books books:1", |c| {
            done(update(books::table).filter(books::id.eq(1)).set(books::title.eq("New")).into_boxed().execute(c))
        }),
        ("of a composite key", "loans loans:1,5", |c| {
            done(update(loans::table.find((1, 5))).set(loans::days.eq(9)).execute(c))
        }),
        ("save_changes with a composite key", "loans loans:1,5", |c| done(loan(1, 5).save_changes::<Loan>(c))),
        ("of half a composite key", "loans loans:*", |c| {
            done(update(loans::table.filter(loans::book_id.eq(1))).set(loans::days.eq(9)).execute(c))
        }),
        ("that cascades", "authors authors:1 books books:*", |c| {
            done(update(authors::table.find(1)).set(authors::name.eq("Jane")).execute(c))
        }),
    ]);
}

#[test]
fn deletes_drop_the_table_and_the_rows_that_they_name() {
    check(&[
        ("by key", "books books:1", |c| done(delete(books::table.find(1)).execute(c))),
        ("by value", "books books:2", |c| done(delete(&book(2, "Persuasion")).execute(c))),
        ("by keys", "books books:2", |c| done(delete(books::table.filter(books::id.eq_any([2, 77]))).execute(c))),
        ("by something else", "books books:*", |c| {
            done(delete(books::table.filter(books::title.like("E%"))).execute(c))
        }),
        ("by what another table says", "books books:*", |c| {
            let austen = authors::table.filter(authors::name.eq("Austen")).select(authors::id);
            done(delete(books::table.filter(books::author_id.eq_any(austen))).execute(c))
        }),
        ("all", "books books:*", |c| done(delete(books::table).execute(c))),
        ("of a composite key", "loans loans:1,5", |c| done(delete(loans::table.find((1, 5))).execute(c))),
        ("that cascades", "authors authors:1 books books:*", |c| done(delete(authors::table.find(1)).execute(c))),
    ]);
}

#[test]
fn writes_by_hand_are_understood_like_all_others() {
    check(&[
        ("with bound values", "books books:1", |c| {
            let query = sql_query(sql("UPDATE books SET title = ? WHERE id = ?"));
            done(query.bind::<Text, _>("New").bind::<Integer, _>(1).execute(c))
        }),
        ("with constants", "books books:2", |c| done(sql_query("DELETE FROM books WHERE id = 2").execute(c))),
        ("with quoted names", "books books:1", |c| done(sql_query(QUOTED).execute(c))),
        ("insert", "books", |c| {
            done(sql_query("INSERT INTO books (id, title, author_id) VALUES (7, 'New', 1)").execute(c))
        }),
        ("batch", "books books:*", |c| c.batch_execute("UPDATE books SET author_id = 2")),
        ("batch of two", "authors authors:1 books books:2 books:*", |c| {
            c.batch_execute("UPDATE authors SET name = 'Jane' WHERE id = 1; DELETE FROM books WHERE id = 2")
        }),
        ("by a statement that only reads", "", |c| done(books::table.load::<Book>(c))),
        ("of nothing", "books books:1", |c| done(sql_query("UPDATE books SET title = title WHERE id = 1").execute(c))),
        ("of a definition", "books books:*", |c| c.batch_execute("ALTER TABLE books ADD COLUMN pages INTEGER")),
        ("of an index", "books books:*", |c| c.batch_execute("CREATE INDEX by_title ON books (title)")),
    ]);
}

#[test]
fn what_nobody_understands_drops_everything() {
    let everything = "authors authors:1 authors:* authors:+ books books:1 books:2 books:* books:+ loans loans:1,5 \
                      loans:* loans:+";
    let shop = Shop::new();
    let mut conn = shop.connection();
    for text in STRANGE {
        // Nobody would notice what it does, whether it is refused or not.
        assert_eq!(shop.dropped_by(|| conn.batch_execute(text)), everything, "{text}");
    }
}

#[test]
fn writes_behind_the_cache_drop_nothing() {
    let shop = Shop::new();
    let dropped =
        shop.dropped_by(|| update(books::table).set(books::author_id.eq(2)).execute(&mut shop.behind()).unwrap());
    assert_eq!(dropped, "");
}
