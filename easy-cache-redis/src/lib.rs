//! Redis and Valkey as the shared store of easy-cache.
//!
//! ```no_run
//! use easy_cache_core::Cache;
//! use easy_cache_redis::RedisStore;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
//! let store = RedisStore::connect("redis://127.0.0.1:6379", "shop")?;
//! let cache = Cache::builder().namespace("shop").store(store).build();
//! let books = cache.get_or_compute("books", async { Some(vec!["Emma".to_owned()]) }).tags(["books"]).await;
//! cache.invalidate_tags(["books"]).await?; // in every process
//! # let _ = books; Ok(()) }
//! ```

mod backoff;
mod combine;
mod config;
mod failure;
mod filling;
mod follow;
mod greeting;
mod lane;
mod layout;
mod lookup;
mod names;
mod news;
mod scripts;
mod store;
mod writing;

pub use config::RedisStoreBuilder;
/// The pool and the client that the store is built on, in the version that fits.
pub use deadpool_redis;
pub use store::RedisStore;
