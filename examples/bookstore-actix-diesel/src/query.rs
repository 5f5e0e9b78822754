//! The reads. Each is a cached function: its attribute says under which key, and nobody says which tags. Those come from the tables
//! and rows that the function reads.

use bookstore::Error;
use bookstore::input::BookFilter;
use bookstore::query::{PAGE_SIZE, TOP_AUTHORS};
use bookstore::view::{Author, AuthorCount, AuthorName, Book, BookPage, LanguageCount, Stats};
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::sql_types::Text;
use easy_cache_core::ecached;

use crate::connection::Backend;
use crate::refused::Refused;
use crate::schema::{authors, books, transfers};
use crate::{AnyConnection, Database};

/// A row of the table.
type BookRow = (i32, String, i32, i32, String);

/// One book. It is read by its number, and its author by theirs: two rows, whatever else changes in the shop.
///
/// # Errors
///
/// [`NotFound`](bookstore::ErrorKind::NotFound) if there is no such book.
#[ecached("book:{id}", cache = db.cache())]
pub fn book(db: &Database, id: i32) -> Result<Book, Refused> {
    find_book(&mut *db.connection()?, id)
}

/// The same for writers, who read inside their transaction.
pub(crate) fn find_book(conn: &mut AnyConnection, id: i32) -> Result<Book, Refused> {
    let row = books::table.find(id).first(conn).optional()?;
    with_author(conn, row.ok_or_else(|| Error::no_book(id))?)
}

/// Adds the author's name to a book.
fn with_author(conn: &mut AnyConnection, row: BookRow) -> Result<Book, Refused> {
    let (id, title, author_id, year, language) = row;
    let author = authors::table.find(author_id).select(authors::name).first(conn).optional()?;
    let author = author.ok_or_else(|| Error::no_author(author_id))?;
    Ok(Book { id, title, author_id, author, year, language })
}

/// One page of the books that the filter lets through, oldest first. A page past the end is empty.
///
/// # Errors
///
/// [`Invalid`](bookstore::ErrorKind::Invalid) for a page 0.
#[ecached("books:{filter.author}:{filter.page}:{filter.q}", cache = db.cache())]
pub fn books(db: &Database, filter: &BookFilter) -> Result<BookPage, Refused> {
    type Row = (i32, String, i32, String, i32, String);

    let page = u64::from(filter.page()?);
    let conn = &mut *db.connection()?;
    let total = matching(filter).count().get_result::<i64>(conn)?.unsigned_abs();
    let rows = matching(filter)
        .select((books::id, books::title, books::author_id, authors::name, books::year, books::language))
        .order((books::year, books::title, books::id))
        .limit(PAGE_SIZE as i64)
        .offset(((page - 1) * PAGE_SIZE) as i64)
        .load::<Row>(conn)?;
    let book = |(id, title, author_id, author, year, language)| Book { id, title, author_id, author, year, language };
    let books = rows.into_iter().map(book).collect();
    Ok(BookPage { books, total, page, pages: total.div_ceil(PAGE_SIZE).max(1), page_size: PAGE_SIZE })
}

#[diesel::dsl::auto_type]
fn joined() -> _ {
    books::table.inner_join(authors::table)
}

fn matching(filter: &BookFilter) -> diesel::helper_types::IntoBoxed<'_, joined, Backend> {
    let mut list = joined().into_boxed();
    if let Some(author_id) = filter.author {
        list = list.filter(books::author_id.eq(author_id));
    }
    if let Some(text) = filter.text() {
        let pattern = containing(text);
        let title = lower(books::title).like(lower(pattern.clone())).escape('!');
        list = list.filter(title.or(lower(authors::name).like(lower(pattern)).escape('!')));
    }
    list
}

/// A pattern for `LIKE` in which `%` and `_` of the text mean themselves. (A backslash would mean more than that to some databases.)
fn containing(text: &str) -> String {
    format!("%{}%", text.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// In lower case: `LIKE` tells cases apart in some databases, and not in others.
    fn lower(text: Text) -> Text;
}

/// An author, with the number of books and the years of the first and the last.
///
/// # Errors
///
/// [`NotFound`](bookstore::ErrorKind::NotFound) if there is no such author.
#[ecached("author:{id}", cache = db.cache())]
pub fn author(db: &Database, id: i32) -> Result<Author, Refused> {
    let conn = &mut *db.connection()?;
    let name = authors::table.find(id).select(authors::name).first(conn).optional()?;
    let name = name.ok_or_else(|| Error::no_author(id))?;
    let numbers = (count_star(), min(books::year), max(books::year));
    let (books, first_year, last_year) = books::table.filter(books::author_id.eq(id)).select(numbers).first(conn)?;
    Ok(Author { id, name, books, first_year, last_year })
}

/// All authors by name, to choose from.
///
/// # Errors
///
/// Only those of the database.
#[ecached("authors", cache = db.cache())]
pub fn authors(db: &Database) -> Result<Vec<AuthorName>, Refused> {
    let rows = authors::table.order(authors::name).load(&mut *db.connection()?)?;
    Ok(rows.into_iter().map(|(id, name)| AuthorName { id, name }).collect())
}

/// Numbers about all tables.
///
/// # Errors
///
/// Only those of the database.
#[ecached("stats", cache = db.cache())]
pub fn stats(db: &Database) -> Result<Stats, Refused> {
    let conn = &mut *db.connection()?;
    let totals = books::table.select((count_star(), min(books::year), max(books::year)));
    let (books, first_year, last_year) = totals.first(conn)?;
    Ok(Stats {
        books,
        authors: authors::table.count().get_result::<i64>(conn)?.unsigned_abs(),
        transfers: transfers::table.count().get_result::<i64>(conn)?.unsigned_abs(),
        first_year,
        last_year,
        languages: language_counts(conn)?,
        top_authors: top_authors(conn)?,
    })
}

fn language_counts(conn: &mut AnyConnection) -> Result<Vec<LanguageCount>, Refused> {
    let rows = books::table
        .group_by(books::language)
        .select((books::language, count_star()))
        .order((count_star().desc(), books::language.asc()))
        .load(conn)?;
    Ok(rows.into_iter().map(|(language, books)| LanguageCount { language, books }).collect())
}

fn top_authors(conn: &mut AnyConnection) -> Result<Vec<AuthorCount>, Refused> {
    let rows = books::table
        .inner_join(authors::table)
        .group_by((authors::id, authors::name))
        .select((authors::id, authors::name, count_star()))
        .order((count_star().desc(), authors::name.asc()))
        .limit(TOP_AUTHORS as i64)
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, name, books)| AuthorCount { id, name, books }).collect())
}
