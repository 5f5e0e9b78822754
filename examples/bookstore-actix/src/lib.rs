//! The bookstore on actix-web: routes, forms, JSON and statuses around the domain of the `bookstore` crate, on SeaORM or on whatever
//! else implements [`Shop`].
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = bookstore_actix::Options::default(); // a free port, a database in memory
//! bookstore_actix::run(&options).await?; // prints `listening on http://127.0.0.1:54321`, ends on Ctrl-C or SIGTERM
//! # Ok(())
//! # }
//! ```
//!
//! | module | job |
//! |---|---|
//! | [`server`] | starts, announces the address, ends cleanly |
//! | [`routes`](mod@routes) | which route leads to which handler, and what is around them |
//! | [`shop`] | what the handlers ask of a shop, and SeaORM's |
//! | `api`, `pages` | the handlers, for programs and for people |
//! | `extract` | bodies, queries and paths, refused in words |
//! | `error` | refusals as JSON and as pages |
//! | `provenance` | tells the page where it came from |

pub mod server;

pub mod routes;

pub mod shop;

mod api;
mod pages;

mod error;
mod extract;
mod provenance;

pub use bookstore::{Options, StartError};
pub use server::{run, run_shop, serve, serve_shop};
pub use shop::{Opened, Shop};
