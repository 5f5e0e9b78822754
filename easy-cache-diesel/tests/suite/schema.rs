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
        member -> Integer,
        days -> Integer,
    }
}

diesel::table! {
    shelves (room, name) {
        room -> Integer,
        name -> Text,
    }
}

diesel::joinable!(books -> authors (author_id));
diesel::allow_tables_to_appear_in_same_query!(authors, books, loans);

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
    pub(crate) member: i32,
    pub(crate) days: i32,
}

pub(crate) fn book(id: i32, title: &str) -> Book {
    Book { id, title: title.to_owned(), author_id: 1 }
}

pub(crate) fn new_book(title: &str) -> NewBook<'_> {
    NewBook { title, author_id: 1 }
}

pub(crate) fn loan(book_id: i32, member: i32) -> Loan {
    Loan { book_id, member, days: 3 }
}
