//! Redis and Valkey as the store that the processes of an application share: one trip for a hit, whatever the number of its
//! tags, two for a miss, one for an invalidation of a hundred names; and no invalidation is lost, whatever the server loses.
//!
//! # Example: a cache that several processes share
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
//!
//! With Sentinel: [`RedisStoreBuilder::sentinels`].
//!
//! # What it needs
//! Redis 7 or Valkey, with scripts, `INFO` and `TIME`. A near cache needs RESP3, with
//! `CLIENT TRACKING` or, where that is refused, `PUBLISH` and `SUBSCRIBE`. Any eviction policy will do, and any
//! kind of persistence; `allkeys-lru` without persistence is what suits a cache.
//!
//! # What is kept, and for how long
//! All keys begin with `ec1:` or `{ec1:`, and the namespace. An entry lives as long as its ttl, and no longer than thirty days,
//! as the record of a tag does. Keys and tags are any bytes, of any length; of those longer than 512 bytes
//! a SHA-256 is stored, and what depends on them is not kept near. Namespaces do not reach into each other.
//!
//! # What it guarantees
//! - **Whatever is lost** (evicted, expired, flushed, also by `FLUSHALL` in another database) costs misses, and nothing outdated.
//! - **A restart from disk and the promotion of a replica** empty the namespace: the data may lack the latest invalidations. Who would rather keep it says
//!   [`keep_across_restarts`](RedisStoreBuilder::keep_across_restarts); then what this process has invalidated lately is sent again, and
//!   that is all.
//! - **When memory is full** and nothing is evicted, nothing new is kept, and invalidations go on.
//! - **No clock of a client matters**: expiry, ages and deadlines are the server's. If its clock jumps, entries and holds end sooner or later by that much.
//! - **Nobody waits for longer than the [timeout](RedisStoreBuilder::timeout)**. Connections are made by one caller at a time, and when that fails everybody else
//!   is told at once.
//!
//! What is not covered: a proxy that sends one connection to several servers, and reading from replicas.
//!
//! # Modules
//! | module | what it is about |
//! |---|---|
//! | `config` | how a store is made: [`RedisStoreBuilder`] |
//! | `store` | [`RedisStore`], and which operation is where |
//! | `lookup`, `filling`, `writing` | the operations |
//! | `layout`, `scripts` | what is stored, and the steps that change it |
//! | `lane`, `greeting`, `recent`, `failure` | one connection, and its replacement |
//! | `sentinel` | who the master is, as sentinels say, and what ends when it is another one |
//! | `wire` | lookups on a shared connection, past the client library |
//! | `tls` | which cryptography TLS uses |
//! | `together`, `names`, `combine` | lookups that travel together: one command for several; and where there is no wire, when they leave |
//! | `follow`, `news` | what near caches are told |
//! | `inspect` | what operators ask |
//! | `cluster` | the same over several nodes (feature `cluster`) |
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `tls` | `rediss://`, by rustls; with `ring`, unless the application has installed another provider of cryptography before it makes the store |
//! | `cluster` | `RedisClusterStore`: Redis Cluster |
//! | `testing` | doors for the project's own tests with hostile bytes; not promised |

#[cfg(feature = "cluster")]
mod cluster;
mod combine;
mod config;
mod failure;
mod filling;
mod follow;
mod greeting;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod hostile;
mod inspect;
mod lane;
mod layout;
mod lookup;
mod names;
mod news;
mod probe;
mod recent;
mod recipe;
mod scripts;
mod sentinel;
mod store;
#[cfg(feature = "tls")]
mod tls;
mod together;
mod wire;
mod writing;

#[cfg(feature = "cluster")]
pub use cluster::{RedisClusterStore, RedisClusterStoreBuilder};
pub use config::RedisStoreBuilder;
/// The pool and the client that the store is built on, in the version that fits.
pub use deadpool_redis;
pub use store::RedisStore;
