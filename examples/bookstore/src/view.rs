//! What reads answer. Each type is the JSON of the API as well as what the pages show.

use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

/// A book with its author's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct Book {
    /// The number of the book.
    pub id: i32,
    /// Its title.
    pub title: String,
    /// The number of its author.
    pub author_id: i32,
    /// The name of its author.
    pub author: String,
    /// The year of its first publication; before the common era negative.
    pub year: i32,
    /// The code of its original language.
    pub language: String,
}

/// One page of a list of books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookPage {
    /// The books on this page, oldest first.
    pub books: Vec<Book>,
    /// How many books the whole list has.
    pub total: u64,
    /// The number of this page, from 1.
    pub page: u64,
    /// How many pages the list has; an empty list has one.
    pub pages: u64,
    /// How many books are on a full page.
    pub page_size: u64,
}

/// An author and the extent of the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct Author {
    /// The number of the author.
    pub id: i32,
    /// The name.
    pub name: String,
    /// How many books of the author the shop has.
    pub books: i64,
    /// The year of the oldest one, if there is any.
    pub first_year: Option<i32>,
    /// The year of the newest one, if there is any.
    pub last_year: Option<i32>,
}

/// An author to choose from a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct AuthorName {
    /// The number of the author.
    pub id: i32,
    /// The name.
    pub name: String,
}

/// Numbers about the whole shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// How many books there are.
    pub books: i64,
    /// How many authors there are.
    pub authors: u64,
    /// How many times a book was moved to another author.
    pub transfers: u64,
    /// The year of the oldest book, if there is any.
    pub first_year: Option<i32>,
    /// The year of the newest book, if there is any.
    pub last_year: Option<i32>,
    /// The books of each language, most first.
    pub languages: Vec<LanguageCount>,
    /// The ten authors with the most books, most first.
    pub top_authors: Vec<AuthorCount>,
}

/// How many books were written in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct LanguageCount {
    /// The code of the language.
    pub language: String,
    /// The number of books.
    pub books: i64,
}

/// How many books an author has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct AuthorCount {
    /// The number of the author.
    pub id: i32,
    /// The name.
    pub name: String,
    /// The number of books.
    pub books: i64,
}

/// How many titles a bulk write changed.
#[derive(Clone, Debug, Serialize)]
pub struct Retitled {
    /// Whose.
    pub author_id: i32,
    /// How many.
    pub updated: u64,
}
