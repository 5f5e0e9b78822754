//! A caching reverse proxy: the response cache of `easy-cache-tower` in front of a client of hyper. The way to try the cache
//! on any HTTP server:
//!
//! ```text
//! cargo run --release -p reverse-proxy -- --listen 127.0.0.1:8010 --origin http://127.0.0.1:8000
//! ```
//!
//! Every method, path and query goes through; bodies stream in both directions; WebSockets pass. What a proxy may not pass on
//! (RFC 9110 §7.6.1) stays behind, interim responses (103) go ahead of the final one, and a request is tried again only
//! where that cannot do anything twice.
//!
//! # Example: a proxy inside a program
//! ```no_run
//! use reverse_proxy::{Options, serve};
//! use tokio::net::TcpListener;
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options { origin: "http://127.0.0.1:8000".parse()?, ..Options::default() };
//! let listener = TcpListener::bind("127.0.0.1:8010").await?;
//! serve(listener, &options, std::future::pending()).await?;
//! # Ok(()) }
//! ```
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `redis` (default) | `--store redis://HOST:PORT`: proxies that share what they keep |
//! | `memcached` (default) | `--store memcached://HOST:PORT` |
//!
//! # Where to look
//!
//! | step of a request | module |
//! |---|---|
//! | what is set on the command line, and the cache that follows from it | `options`, `cache`, `store` |
//! | a connection of a client | `server`, `wire` (where interim responses are put on it) |
//! | is it a request that may be passed on, and what of it? | `entrance`, `hop` |
//! | the cache | `easy-cache-tower` |
//! | to the origin and back | `forward`, `upgrade`, `pool` |

mod cache;
mod options;
mod store;

mod server;
mod wire;

mod entrance;
mod hop;

mod forward;
mod pool;
mod upgrade;

pub use options::{Options, Origin, Switch};
pub use server::{run, serve};
pub use store::StoreUrl;
