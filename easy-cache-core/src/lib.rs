//! Compute once, keep the value under tags, drop it by key, tag or prefix, and never serve it once an invalidation has
//! returned.
//!
//! Three ways in: the attribute [`#[ecached]`](ecached) on functions and methods, the wrappers of [`Cache`], and, for
//! integrations that compute in parts, [`Cache::join`].
//!
//! ```
//! use std::time::Duration;
//! use easy_cache_core::{Cache, Tag, ecached};
//!
//! #[ecached("square:{n}", ttl = "5m", tags = ["squares"], cache = cache)]
//! fn square(cache: &Cache, n: u64) -> u64 {
//!     n * n
//! }
//!
//! # fn main() -> Result<(), easy_cache_core::Error> {
//! let cache = Cache::new();
//! assert_eq!(square(&cache, 7), 49);
//! assert!(cache.contains("square:7").wait());
//! cache.invalidate_tags(["squares"]).wait()?;
//! assert!(!cache.contains("square:7").wait());
//! # Ok(())
//! # }
//! ```
//!
//! # What a call may rely on
//!
//! - **Nothing outdated.** A call that starts after [`invalidate_tags`](Cache::invalidate_tags) (or by key, by prefix, or
//!   [`Hold::commit`]) has returned gets no value that was computed from before it: not if the computation was under way, not
//!   if the tag was known only from the result.
//! - **One computation.** Callers that miss together wait for one of them. If that one is dropped or panics, another takes
//!   over. A failure is retried once, then everybody computes alone.
//! - **Tags flow outward.** A value that was built from other cached values carries their tags; see [`scope`].
//! - **Stale only by agreement.** Past its ttl a value is served only to calls that say so, as far as the call that stored it
//!   allows: while it is computed anew, or because that failed.
//! - **The loader's result is the caller's**, unchanged, whether or not it could be stored.
//!
//! # Async and sync
//!
//! One engine serves both. Operations are awaited in async code and run with `.wait()` elsewhere; nothing here needs a
//! particular runtime. Sync callers of a key wait for sync callers only, so that a blocked thread never waits for a task that
//! it would have to poll itself.
//!
//! # What to look at
//!
//! | to | look at |
//! |---|---|
//! | cache a function | [`ecached`](macro@ecached), the handles that it writes, [`Bound`] and [`Keyed`]; behind a trait [`of`] |
//! | cache a value by hand | [`Cache::get_or_compute`] and its options, [`GetOrCompute`]; many at once [`Cache::batch`]; conditionally [`Cache::get_or_refresh`] |
//! | drop what has changed | [`Cache::invalidate_tags`], [`invalidate_key`](Cache::invalidate_key), [`invalidate_prefix`](Cache::invalidate_prefix), [`Tag`]; around a COMMIT [`Cache::hold`] |
//! | choose bounds and defaults | [`CacheBuilder`], [`Policy`], [`EarlyRefresh`] |
//! | teach a type of your own | [`KeyPart`] (in keys), [`Weigh`] (in bounds), [`Bypass`] (forbids the cache) |
//! | name caches, replace them in tests, switch them off | [`registry`], [`ManualClock`] |
//! | collect tags, also in tasks and threads | [`scope`] |
//! | know why | [`Cache::explain`], [`events`] |
//! | keep values outside the process | [`store::PlainStore`], [`CacheBuilder::plain_store`]; the whole protocol in [`store::Store`] |
//! | write an integration | [`Cache::join`], [`Computation`], [`Scope`], [`scope::observe`] |
//!
//! All other types are what these return, and seldom need to be named.
//!
//! # Modules
//!
//! Of the sources, from the door inwards: `cache`, `inspection`, `builder`, `wrapper`, `set`, `refresh` and `batch` (the handle and its wrappers), `function` (what the attribute's code calls),
//! `computation` (a computation in parts), [`scope`], `hold`, [`registry`] → `engine` (flights, frames, tickets) → `backend`
//! (the memory store; [`store`]s outside the process). `tag`, `policy`, `freshness`, `plan`, `value`, `operation`, `clock` and `error` are the words they share.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tokio` | yes | [detached](GetOrCompute::detach) loads of async callers run on the tokio runtime around the caller; `spawn` and `spawn_blocking` in [`scope`] |
//! | `metrics` | no | counters, gauges and a histogram for the recorder of the `metrics` facade: see [`events`] |
//! | `postcard`, `messagepack`, `json` | no | other [codecs](Codec) than bincode for values in a store outside the process |
//! | `lz4` | no | `CacheBuilder::compress_above`: large values are compressed on their way to a store |
//! | `testing` | no | the module `testing`: stores that fail on demand, places where code under test waits, assertions, and the contract that every store has to fulfil; `CacheBuilder::verify`, which computes hits once more to find forgotten tags |

mod backend;
mod batch;
mod builder;
mod cache;
mod clock;
mod codec;
mod computation;
mod engine;
mod error;
pub mod events;
mod explain;
mod few;
mod freshness;
mod function;
mod hold;
mod inspection;
mod load;
mod mistake;
mod near;
mod operation;
mod parts;
mod pause;
mod plan;
mod policy;
mod refresh;
pub mod registry;
pub mod scope;
mod set;
mod shelf;
mod shutdown;
mod spawn;
pub mod store;
mod sync;
mod tag;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod timer;
mod value;
mod wrapper;

pub use batch::Batch;
pub use builder::CacheBuilder;
pub use cache::{Cache, Fence};
pub use clock::{Clock, ManualClock, TICK};
pub use codec::{Codec, CodecError, Format};
pub use computation::{Basis, Computation, JoinFuture, Joined, Stored};
pub use error::{Error, ErrorKind};
pub use explain::{Change, Explanation, Verdict};
pub use freshness::{DEFAULT_THROTTLE, EarlyRefresh, Freshness};
#[doc(hidden)]
pub use function::expansion as __macro;
pub use function::{Bound, Bypass, KeyBuf, KeyPart, Keyed, Meta, Of, OfSync, Storable, Weigh, ecached, of, of_sync};
pub use hold::Hold;
pub use load::{Called, Immediate};
#[cfg(easy_cache_mutations)]
#[doc(hidden)]
pub use mistake::Mistake;
pub use near::Near;
pub use operation::{Operation, OperationFuture};
pub use plan::{
    Anywhere, EndsInTime, InProcess, Kept, Mode, OnlyIf, Outcome, Place, Plan, SaysLate, Stores, StoresErr, StoresNone,
    StoresPart, StoresWhole, TagsOf, TtlOf, WeightOf,
};
pub use policy::Policy;
pub use refresh::{Loaded, Loading, Refresh, RefreshSync};
pub use scope::Scope;
pub use set::Set;
pub use shelf::{Address, Carrier, Shelf, ShelfJoin};
pub use spawn::Task;
pub use tag::Tag;
pub use value::{Portable, Shared};
pub use wrapper::{GetOrCompute, GetOrComputeFuture};
