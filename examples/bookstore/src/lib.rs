//! The domain of the bookstore examples: everything about books and authors, nothing about a web framework.
//!
//! The binaries on top of it (axum, actix-web) translate requests into calls to this crate and answers back. Reads and
//! writes go through one connection type that knows the cache, and none of them names a tag.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = bookstore::open("sqlite::memory:", &easy_cache_core::Cache::new()).await?;
//! let book = bookstore::query::book(&db, 1).await?;
//! assert_eq!((book.title.as_str(), book.author.as_str()), ("The Iliad", "Homer"));
//! # Ok(())
//! # }
//! ```
//!
//! | module | job |
//! |---|---|
//! | [`options`] | what a binary of this example can be told on its command line, and why a start can fail |
//! | [`front`] | the cache of the shop, and the one that may be in front of it |
//! | [`database`] | opens the database, creates the tables and fills them once |
//! | `schema`, [`catalogue`] | the tables, and the real books that they start with |
//! | [`language`] | the language codes that the shop knows |
//! | [`entity`] | the three tables as SeaORM entities |
//! | [`view`] | what reads answer: a book with its author's name, a page of books, an author, numbers |
//! | [`query`] | the reads |
//! | [`input`] | what writes take, and whether it makes sense |
//! | [`write`](mod@write) | the writes |
//! | [`page`] | the views as HTML |
//! | [`error`] | why a read or a write was refused |
//! | [`refusal`] | what a client is told of it, as JSON and as a page |
//! | [`provenance`] | where an answer came from, for the page |
//! | [`announce`](mod@announce) | what a binary prints when it listens, and how long it lets requests finish |

pub mod announce;
pub mod options;

pub mod front;

pub mod database;

pub mod catalogue;
mod schema;

pub mod entity;
pub mod language;

pub mod view;

pub mod query;

pub mod input;
pub mod write;

pub mod page;

pub mod error;
pub mod refusal;

pub mod provenance;

pub use database::{Db, open};
pub use error::{Error, ErrorKind};
pub use front::Front;
pub use options::{Options, StartError};
pub use refusal::Refusal;
