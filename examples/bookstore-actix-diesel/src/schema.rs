//! The three tables as Diesel knows them. Creates and fills them, once and in one transaction.

use std::collections::HashMap;

use bookstore::catalogue::{self, Record};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::refused::Refused;

diesel::table! {
    authors (id) {
        id -> Integer,
        name -> Text,
    }
}

diesel::table! {
    books (id) {
        id -> Integer,
        title -> Text,
        author_id -> Integer,
        year -> Integer,
        language -> Text,
    }
}

diesel::table! {
    transfers (id) {
        id -> Integer,
        book_id -> Integer,
        from_author_id -> Integer,
        to_author_id -> Integer,
    }
}

diesel::joinable!(books -> authors (author_id));
diesel::allow_tables_to_appear_in_same_query!(authors, books);
diesel::allow_columns_to_appear_in_same_group_by_clause!(authors::id, authors::name);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS authors (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS books (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        author_id INTEGER NOT NULL REFERENCES authors (id),
        year INTEGER NOT NULL,
        language TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS books_author_id ON books (author_id);
    CREATE TABLE IF NOT EXISTS transfers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        book_id INTEGER NOT NULL,
        from_author_id INTEGER NOT NULL,
        to_author_id INTEGER NOT NULL
    );
";

/// Creates what is missing, and fills the tables if no author is in them yet (no route of the shop removes authors).
pub(crate) fn prepare(conn: &mut SqliteConnection) -> Result<(), Refused> {
    conn.immediate_transaction(|conn| {
        conn.batch_execute(TABLES)?;
        if authors::table.count().get_result::<i64>(conn)? == 0 {
            fill(conn, &catalogue::records().map_err(bookstore::Error::database)?)?;
        }
        Ok(())
    })
}

/// Authors and books are numbered from 1 in the order of the catalogue, so that the first book is number 1 everywhere.
fn fill(conn: &mut SqliteConnection, records: &[Record]) -> Result<(), Refused> {
    let mut numbers = HashMap::new();
    for (record, id) in records.iter().zip(1..) {
        let next = numbers.len() as i32 + 1;
        let author_id = *numbers.entry(record.author.as_str()).or_insert(next);
        if author_id == next {
            let author = (authors::id.eq(author_id), authors::name.eq(&record.author));
            diesel::insert_into(authors::table).values(author).execute(conn)?;
        }
        let book = (
            books::id.eq(id),
            books::title.eq(&record.title),
            books::author_id.eq(author_id),
            books::year.eq(record.year),
            books::language.eq(&record.language),
        );
        diesel::insert_into(books::table).values(book).execute(conn)?;
    }
    Ok(())
}
