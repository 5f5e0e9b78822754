//! The bookstore on actix-web and Diesel: the same routes, pages and promises as `bookstore-actix`, with reads and writes of Diesel's
//! under them. Nobody names a tag here either.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = bookstore_actix_diesel::Options::default(); // a free port, a database in memory
//! bookstore_actix_diesel::run(&options).await?; // prints `listening on http://127.0.0.1:54321`
//! # Ok(())
//! # }
//! ```
//!
//! `--database postgres://…` and `mysql://…` need the feature of that name, and the client library of that database.
//!
//! | module | job |
//! |---|---|
//! | [`connection`] | a connection to SQLite, PostgreSQL or MySQL, and what each says in its own words |
//! | [`database`] | makes the pool, and connects it to the cache: the one place that knows of both |
//! | `schema` | the tables, created and filled once |
//! | [`query`] | the reads: each is a cached function |
//! | [`write`](mod@write) | the writes |
//! | [`refused`] | why one of them was refused |
//! | [`shop`] | what the handlers of `bookstore-actix` ask, done on threads that may block |

pub mod connection;
pub mod database;

mod schema;

pub mod query;
pub mod write;

pub mod refused;
pub mod shop;

pub use bookstore::{Options, StartError};
pub use connection::AnyConnection;
pub use database::Database;
pub use shop::{run, serve};
