//! The tables of the shop, and what is loaded from them.

use diesel::prelude::*;

diesel::table! {
    authors {
        id -> Integer,
        name -> Text,
    }
}

diesel::table! {
    books {
        id -> Integer,
        title -> Text,
        author_id -> Integer,
    }
}

diesel::table! {
    loans (book_id, member) {
        book_id -> Integer,
        member -> Text,
        days -> Integer,
    }
}

diesel::joinable!(books -> authors (author_id));
diesel::allow_tables_to_appear_in_same_query!(authors, books, loans);

pub(crate) const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE books (
        id INTEGER PRIMARY KEY,
        title TEXT NOT NULL UNIQUE,
        author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TABLE loans (
        book_id INTEGER NOT NULL,
        member TEXT NOT NULL,
        days INTEGER NOT NULL CHECK (days > 0),
        PRIMARY KEY (book_id, member)
    );
    CREATE VIEW novels AS SELECT * FROM books;
    INSERT INTO authors VALUES (1, 'Austen'), (2, 'Eliot');
    INSERT INTO books VALUES (1, 'Emma', 1), (2, 'Persuasion', 1);
    INSERT INTO loans VALUES (1, 'anna', 7), (2, 'ben', 7);
";

#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, PartialEq, Queryable, Selectable)]
#[diesel(table_name = books)]
pub(crate) struct Book {
    pub(crate) id: i32,
    pub(crate) title: String,
    pub(crate) author_id: i32,
}

/// A book that the database gives its number.
#[derive(Insertable)]
#[diesel(table_name = books)]
pub(crate) struct NewBook<'a> {
    pub(crate) title: &'a str,
    pub(crate) author_id: i32,
}

#[derive(AsChangeset, Debug, Identifiable, Insertable, PartialEq, Queryable)]
#[diesel(table_name = loans, primary_key(book_id, member))]
pub(crate) struct Loan {
    pub(crate) book_id: i32,
    pub(crate) member: String,
    pub(crate) days: i32,
}

pub(crate) fn book(id: i32, title: &str) -> Book {
    Book { id, title: title.to_owned(), author_id: 1 }
}

pub(crate) fn new_book(title: &str) -> NewBook<'_> {
    NewBook { title, author_id: 1 }
}

pub(crate) fn loan(book_id: i32, member: &str) -> Loan {
    Loan { book_id, member: member.to_owned(), days: 3 }
}
