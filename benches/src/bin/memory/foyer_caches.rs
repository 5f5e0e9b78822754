//! `foyer`, its memory half.

use std::sync::Arc;

use foyer_memory::{Cache, CacheBuilder, S3FifoConfig};

use crate::{Candidate, Filled, key};

struct Entries(Cache<Box<str>, Arc<u64>>);

impl Filled for Entries {
    fn count(&self) -> usize {
        self.0.entries()
    }
}

/// The one form.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate { name: "foyer 0.22 memory", tags: 0, fill: filled }]
}

fn filled(entries: usize) -> Box<dyn Filled> {
    let cache = CacheBuilder::new(2 * entries).with_eviction_config(S3FifoConfig::default()).build();
    for number in 0..entries {
        cache.insert(key(number).into(), Arc::new(number as u64));
    }
    Box::new(Entries(cache))
}
