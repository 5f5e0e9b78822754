//! `foyer`: a memory cache in front of a disk cache; this is its memory half alone. No ttl, no tags.
//!
//! With S3-FIFO, the same policy as `quick_cache`, which its authors name for speed on hits, and the hasher of the others.
//! Looked up by `get`: the other form, `get_or_fetch`, needs a runtime even for a hit.

use std::sync::Arc;

use ahash::RandomState;
use foyer_memory::{Cache, CacheBuilder, S3FifoConfig};

use crate::candidate::{Answer, Candidate, Loads, candidate};
use crate::workload;

const CAPACITY: usize = 10_000;

/// The one form.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    static LOADS: Loads = Loads::new();
    let cache: Cache<String, Answer, RandomState> = CacheBuilder::new(CAPACITY)
        .with_eviction_config(S3FifoConfig::default())
        .with_hash_builder(RandomState::new())
        .build();
    vec![candidate("foyer 0.22 memory, get, key by format!", &LOADS, move |user, month| {
        let key = workload::key(user, month);
        if let Some(entry) = cache.get(&key) {
            return Arc::clone(entry.value());
        }
        Arc::clone(cache.insert(key, LOADS.load(user, month)).value())
    })]
}
