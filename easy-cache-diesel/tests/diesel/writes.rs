//! The table of truth: for each way to write, the tags that are invalidated, and by that the ones that are not.
// case 82

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel::upsert::excluded;
use diesel::{delete, insert_into, insert_or_ignore_into, replace_into, sql_query, update};

use crate::schema::{Book, Loan, authors, book, books, loan, loans, new_book};
use crate::shop::Shop;

type Write = fn(&mut SqliteConnection) -> QueryResult<()>;

/// Ways to write, with the tags that each of them drops.
type Table = &'static [(&'static str, &'static str, Write)];

/// A write that is done, whatever it returns.
fn done<T>(result: QueryResult<T>) -> QueryResult<()> {
    result.map(|_| ())
}

fn check(table: Table) {
    let wrong = table.iter().filter_map(|(name, expected, write)| {
        let shop = Shop::new();
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
        ("returning", "books books:+", |c| {
            done(insert_into(books::table).values(new_book("New")).get_result::<Book>(c))
        }),
        ("several returning", "books books:+", |c| {
            done(insert_into(books::table).values(vec![new_book("A"), new_book("B")]).get_results::<Book>(c))
        }),
        ("returning a column", "books books:+", |c| {
            done(insert_into(books::table).values(new_book("New")).returning(books::id).get_result::<i32>(c))
        }),
        ("columns", "books books:+", |c| {
            done(insert_into(books::table).values((books::title.eq("New"), books::author_id.eq(1))).execute(c))
        }),
        ("from a query", "books books:+", |c| {
            let copy = authors::table.select((authors::name, authors::id));
            done(copy.insert_into(books::table).into_columns((books::title, books::author_id)).execute(c))
        }),
        ("or ignore", "books books:+", |c| {
            done(insert_or_ignore_into(books::table).values(new_book("Emma")).execute(c))
        }),
        ("composite key", "loans loans:1,anna", |c| {
            delete(loans::table.find((1, "anna"))).execute(c)?;
            done(insert_into(loans::table).values(loan(1, "anna")).execute(c))
        }),
        ("on conflict do nothing", "books books:+", |c| {
            done(insert_into(books::table).values(new_book("Emma")).on_conflict_do_nothing().execute(c))
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
        ("returning", "books books:1", |c| {
            done(update(books::table.find(1)).set(books::title.eq("New")).get_result::<Book>(c))
        }),
        ("of a boxed query", "books books:1", |c| {
            done(update(books::table).filter(books::id.eq(1)).set(books::title.eq("New")).into_boxed().execute(c))
        }),
        ("of a composite key", "loans loans:1,anna", |c| {
            done(update(loans::table.find((1, "anna"))).set(loans::days.eq(9)).execute(c))
        }),
        ("save_changes with a composite key", "loans loans:1,anna", |c| done(loan(1, "anna").save_changes::<Loan>(c))),
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
        ("returning", "books books:1", |c| done(delete(books::table.find(1)).get_result::<Book>(c))),
        ("of a composite key", "loans loans:1,anna", |c| done(delete(loans::table.find((1, "anna"))).execute(c))),
        ("that cascades", "authors authors:1 books books:*", |c| done(delete(authors::table.find(1)).execute(c))),
    ]);
}

#[test]
fn writes_that_replace_drop_every_row_and_upserts_by_key_theirs() {
    check(&[
        ("replace", "books books:*", |c| done(replace_into(books::table).values(book(1, "New")).execute(c))),
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
fn writes_by_hand_are_understood_like_all_others() {
    check(&[
        ("with bound values", "books books:1", |c| {
            let query = sql_query("UPDATE books SET title = ? WHERE id = ?");
            done(query.bind::<Text, _>("New").bind::<Integer, _>(1).execute(c))
        }),
        ("with constants", "books books:2", |c| done(sql_query("DELETE FROM books WHERE id = 2").execute(c))),
        ("with too few values", "books books:*", |c| {
            let query = sql_query("UPDATE books SET title = ? || coalesce(?, '') WHERE id = 1 + 0");
            done(query.bind::<Text, _>("New").execute(c))
        }),
        ("with quoted names", "books books:1", |c| {
            done(sql_query("update [main].\"Books\" SET `title` = 'New' where \"ID\" = 1").execute(c))
        }),
        ("insert", "books", |c| {
            done(sql_query("INSERT INTO books (id, title, author_id) VALUES (7, 'New', 1)").execute(c))
        }),
        ("batch", "books books:*", |c| c.batch_execute("UPDATE books SET author_id = 2")),
        ("batch of two", "authors authors:1 books books:2 books:*", |c| {
            c.batch_execute("UPDATE authors SET name = 'Jane' WHERE id = 1; DELETE FROM books WHERE id = 2")
        }),
        ("with a query before it", "books books:1", |c| {
            done(sql_query("WITH one AS (SELECT 1 AS id) UPDATE books SET title = 'New' WHERE id = 1").execute(c))
        }),
        ("by a statement that only reads", "", |c| done(books::table.load::<Book>(c))),
        ("of nothing", "books books:1", |c| done(sql_query("UPDATE books SET title = title WHERE id = 1").execute(c))),
        ("of a definition", "books books:*", |c| c.batch_execute("ALTER TABLE books ADD COLUMN pages INTEGER")),
        ("of an index", "books books:*", |c| c.batch_execute("CREATE INDEX by_title ON books (title)")),
    ]);
}

#[test]
fn what_nobody_understands_drops_everything() {
    let everything = "authors authors:1 authors:* authors:+ books books:1 books:2 books:* books:+ loans loans:1,anna \
                      loans:* loans:+";
    let shop = Shop::new();
    let mut conn = shop.connection();
    // A statement that SQLite knows and the analysis does not: nobody else would notice what it does.
    let dropped = shop.dropped_by(|| conn.batch_execute("VACUUM").and_then(|()| conn.batch_execute("DETACH x")));
    assert_eq!(dropped, everything);
}

#[test]
fn writes_behind_the_cache_drop_nothing() {
    let shop = Shop::new();
    let dropped =
        shop.dropped_by(|| update(books::table).set(books::author_id.eq(2)).execute(&mut shop.behind()).unwrap());
    assert_eq!(dropped, "");
}
