//! The reads. Each is a cached function: its attribute says under which key, and nobody says which tags. Those come from
//! the tables and rows that the function reads.

use easy_cache_core::ecached;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait, Select, sea_query::LikeExpr,
};

use crate::{
    Db,
    entity::{author, book, transfer},
    error::Error,
    input::BookFilter,
    view::{Author, AuthorCount, AuthorName, Book, BookPage, LanguageCount, Stats},
};

/// How many books are on a full page.
pub const PAGE_SIZE: u64 = 20;

/// How many authors the numbers name.
pub const TOP_AUTHORS: u64 = 10;

/// One book. It is read by its number, and its author by theirs: two rows, whatever else changes in the shop.
///
/// # Errors
///
/// [`NotFound`](crate::ErrorKind::NotFound) if there is no such book.
#[ecached("book:{id}", cache = db.cache())]
pub async fn book(db: &Db, id: i32) -> Result<Book, Error> {
    find_book(db, id).await
}

/// The same for writers, who read inside their transaction.
pub(crate) async fn find_book<C: ConnectionTrait>(db: &C, id: i32) -> Result<Book, Error> {
    let row = book::Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::no_book(id))?;
    with_author(db, row).await
}

/// Adds the author's name to a book.
pub(crate) async fn with_author<C: ConnectionTrait>(db: &C, row: book::Model) -> Result<Book, Error> {
    let author_id = row.author_id;
    let author = author::Entity::find_by_id(author_id).one(db).await?.ok_or_else(|| Error::no_author(author_id))?;
    Ok(Book { id: row.id, title: row.title, author_id, author: author.name, year: row.year, language: row.language })
}

/// One page of the books that the filter lets through, oldest first. A page past the end is empty.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid) for a page 0.
#[ecached("books:{filter.author}:{filter.page}:{filter.q}", cache = db.cache())]
pub async fn books(db: &Db, filter: &BookFilter) -> Result<BookPage, Error> {
    let page = u64::from(filter.page()?);
    let list = matching(filter);
    let total = list.clone().count(db).await?;
    let books = list
        .select_only()
        .columns([book::Column::Id, book::Column::Title, book::Column::AuthorId])
        .columns([book::Column::Year, book::Column::Language])
        .column_as(author::Column::Name, "author")
        .order_by_asc(book::Column::Year)
        .order_by_asc(book::Column::Title)
        .order_by_asc(book::Column::Id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
        .into_model()
        .all(db)
        .await?;
    Ok(BookPage { books, total, page, pages: total.div_ceil(PAGE_SIZE).max(1), page_size: PAGE_SIZE })
}

fn matching(filter: &BookFilter) -> Select<book::Entity> {
    let mut list = book::Entity::find().join(JoinType::InnerJoin, book::Relation::Author.def());
    if let Some(author_id) = filter.author {
        list = list.filter(book::Column::AuthorId.eq(author_id));
    }
    if let Some(text) = filter.text() {
        let pattern = containing(text);
        list = list.filter(
            Condition::any().add(book::Column::Title.like(pattern.clone())).add(author::Column::Name.like(pattern)),
        );
    }
    list
}

/// A pattern for `LIKE` in which `%` and `_` of the text mean themselves.
fn containing(text: &str) -> LikeExpr {
    let literal = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    LikeExpr::new(format!("%{literal}%")).escape('\\')
}

/// An author, with the number of books and the years of the first and the last.
///
/// # Errors
///
/// [`NotFound`](crate::ErrorKind::NotFound) if there is no such author.
#[ecached("author:{id}", cache = db.cache())]
pub async fn author(db: &Db, id: i32) -> Result<Author, Error> {
    author::Entity::find_by_id(id)
        .join(JoinType::LeftJoin, author::Relation::Books.def())
        .select_only()
        .columns([author::Column::Id, author::Column::Name])
        .column_as(book::Column::Id.count(), "books")
        .column_as(book::Column::Year.min(), "first_year")
        .column_as(book::Column::Year.max(), "last_year")
        .group_by(author::Column::Id)
        .into_model()
        .one(db)
        .await?
        .ok_or_else(|| Error::no_author(id))
}

/// All authors by name, to choose from.
///
/// # Errors
///
/// Only those of the database.
#[ecached("authors", cache = db.cache())]
pub async fn authors(db: &Db) -> Result<Vec<AuthorName>, Error> {
    Ok(author::Entity::find().order_by_asc(author::Column::Name).into_model().all(db).await?)
}

/// Numbers about all tables.
///
/// # Errors
///
/// Only those of the database.
#[ecached("stats", cache = db.cache())]
pub async fn stats(db: &Db) -> Result<Stats, Error> {
    let books = book_totals(db).await?;
    Ok(Stats {
        books: books.books,
        authors: author::Entity::find().count(db).await?,
        transfers: transfer::Entity::find().count(db).await?,
        first_year: books.first_year,
        last_year: books.last_year,
        languages: language_counts(db).await?,
        top_authors: top_authors(db).await?,
    })
}

/// The numbers of a shop whose books are counted; without any book the years are missing.
#[derive(Default, FromQueryResult)]
struct BookTotals {
    books: i64,
    first_year: Option<i32>,
    last_year: Option<i32>,
}

async fn book_totals(db: &Db) -> Result<BookTotals, Error> {
    let totals = book::Entity::find()
        .select_only()
        .column_as(book::Column::Id.count(), "books")
        .column_as(book::Column::Year.min(), "first_year")
        .column_as(book::Column::Year.max(), "last_year")
        .into_model()
        .one(db)
        .await?;
    Ok(totals.unwrap_or_default())
}

async fn language_counts(db: &Db) -> Result<Vec<LanguageCount>, Error> {
    let counts = book::Entity::find()
        .select_only()
        .column(book::Column::Language)
        .column_as(book::Column::Id.count(), "books")
        .group_by(book::Column::Language)
        .order_by_desc(book::Column::Id.count())
        .order_by_asc(book::Column::Language)
        .into_model()
        .all(db)
        .await?;
    Ok(counts)
}

async fn top_authors(db: &Db) -> Result<Vec<AuthorCount>, Error> {
    let counts = author::Entity::find()
        .join(JoinType::InnerJoin, author::Relation::Books.def())
        .select_only()
        .columns([author::Column::Id, author::Column::Name])
        .column_as(book::Column::Id.count(), "books")
        .group_by(author::Column::Id)
        .order_by_desc(book::Column::Id.count())
        .order_by_asc(author::Column::Name)
        .limit(TOP_AUTHORS)
        .into_model()
        .all(db)
        .await?;
    Ok(counts)
}
