//! The same support as for memory, but for one thing: the cache is over a store outside the process.

#[path = "../engine/support.rs"]
#[expect(dead_code, reason = "the cache of this support is another")]
mod engine;

use easy_cache_core::Cache;
use easy_cache_core::testing::{Faults, ManualClock, MemoryPlainStore};

pub(crate) use engine::{Calls, milliseconds, poll, seconds, settle};

/// A cache whose time stands still until the test moves it, over a store in which something has happened before.
pub(crate) fn cache_and_clock() -> (Cache, ManualClock) {
    let clock = ManualClock::new();
    let store = Faults::new(MemoryPlainStore::new(clock.clock()));
    let cache = Cache::builder().clock(clock.clock()).plain_store(store).build();
    cache.invalidate_all().wait().unwrap_or_else(|error| panic!("{error}"));
    (cache, clock)
}
