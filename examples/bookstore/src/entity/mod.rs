//! The three tables as SeaORM entities: authors, their books, and the log of books that changed hands.

pub mod author;
pub mod book;
pub mod transfer;
