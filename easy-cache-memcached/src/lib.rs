//! memcached as the store of a cache that several processes share: the whole protocol of easy-cache in one round trip for a hit,
//! whatever the number of tags, two for a miss, one for an invalidation.
//!
//! ```no_run
//! use easy_cache_core::Cache;
//! use easy_cache_memcached::MemcachedStore;
//!
//! # async fn run() -> Result<(), easy_cache_core::Error> {
//! let store = MemcachedStore::connect("127.0.0.1:11211", "shop")?;
//! let cache = Cache::builder().namespace("shop").store(store).build();
//! let answer = cache.get_or_compute("answer", async { Some(42) }).tags(["answers"]).await;
//! cache.invalidate_tags(["answers"]).await?;
//! # Ok(()) }
//! ```
//!
//! # What to know
//!
//! - It speaks the meta protocol (`mg`, `ms`, `md`): memcached 1.6 or newer. No SASL, no TLS, no UDP: keep the server in a network that
//!   you trust.
//! - **Several servers** are used side by side; which name is on which of them follows from the list. All processes must have the
//!   same list (see [`MemcachedStoreBuilder::server`]).
//! - memcached cannot tell anybody of changes, so a **near cache** in front of it keeps nothing: every hit is a round trip.
//! - A ttl is counted in whole seconds by the server: fractions are cut off, and values with less than a second are not kept. Nothing is kept
//!   for longer than thirty days.
//! - Values over [`max_value`](MemcachedStoreBuilder::max_value) (just below memcached's own limit of 1 MiB) are not kept, and an event says so.
//! - Names of tags and keys may be of any length and content. What memcached does not accept as a key is stored under a digest, and
//!   an entry has its whole key inside, which is compared.
//! - Whatever is evicted, flushed or lost with a restart causes misses, and nothing outdated. What may be lost is a **hold**: if
//!   the record of a tag is evicted between a writer's hold and its COMMIT, the value from before the COMMIT may be served until the writer's
//!   invalidation. A writer that dies in between then leaves it there.
//! - One server, and one only, has a record that every entry depends on. While it is down, nothing is served from the others.
//!
//! # Map
//!
//! | module | what it is about |
//! |---|---|
//! | `config`, `store` | how a store is made, and what each operation is |
//! | `lookup`, `filling`, `writing`, `leases` | the operations; `tests/model/src/memcached` shows why they are right |
//! | `inspect` | what operators ask |
//! | `layout` | the names of items, and the bytes in them |
//! | `servers` | which name is on which server |
//! | `lane`, `failure` | one connection to a server, shared by all callers, and its replacement |
//! | `protocol` | commands and replies as bytes |
//!
//! # Features
//! `testing`: doors for the project's own tests with hostile bytes; not promised.

mod config;
mod failure;
mod filling;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod hostile;
mod inspect;
mod lane;
mod layout;
mod leases;
mod lookup;
mod protocol;
mod servers;
mod store;
mod trip;
mod writing;

pub use config::MemcachedStoreBuilder;
pub use store::MemcachedStore;
