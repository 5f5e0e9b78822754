//! The page that applications cache: twenty rows of a database in memory, by a statement that is prepared already, as JSON. About
//! the least that a handler with a database does.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

diesel::table! {
    books (id) {
        id -> Integer,
        title -> Text,
        author_id -> Integer,
        year -> Integer,
        language -> Text,
    }
}

#[derive(Queryable, serde::Serialize)]
struct Book {
    id: i32,
    title: String,
    author_id: i32,
    year: i32,
    language: String,
}

/// How the page ends.
pub(crate) const END: &str = "\"language\":\"el\"}]";

/// One connection, as the pool of SQLite in memory has it.
#[derive(Clone)]
pub(crate) struct Books(Arc<Mutex<SqliteConnection>>);

impl Books {
    pub(crate) fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let mut connection = SqliteConnection::establish(":memory:")?;
        connection.batch_execute(
            "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER NOT NULL,
                year INTEGER NOT NULL, language TEXT NOT NULL);
             CREATE INDEX books_of_author ON books (author_id);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO books SELECT i, 'A book with the number ' || i, i % 50, 1900 + i % 100, 'el' FROM n;",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Twenty books of one author.
    pub(crate) fn page(&self) -> Result<Bytes, Box<dyn std::error::Error>> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let page = books::table.filter(books::author_id.eq(7)).order(books::id).limit(20);
        let rows: Vec<Book> = page.load(&mut *connection)?;
        drop(connection);
        Ok(serde_json::to_vec(&rows)?.into())
    }
}
