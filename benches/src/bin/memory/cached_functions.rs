//! `cached`: the store behind `max_size` and `ttl_secs`.

use std::sync::Arc;
use std::time::Duration;

use cached::{Cached, LruTtlCache};

use crate::{Candidate, Filled, key};

struct Entries(Option<LruTtlCache<Box<str>, Arc<u64>>>);

impl Filled for Entries {
    fn count(&self) -> usize {
        self.0.as_ref().map_or(0, Cached::cache_size)
    }
}

/// The store of the general macro.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate { name: "cached 4.1, max_size + ttl", tags: 0, fill: filled }]
}

fn filled(entries: usize) -> Box<dyn Filled> {
    let mut store = LruTtlCache::builder().max_size(entries).ttl(Duration::from_secs(3_600)).build().ok();
    if let Some(store) = &mut store {
        for number in 0..entries {
            store.cache_set(key(number).into(), Arc::new(number as u64));
        }
    }
    Box::new(Entries(store))
}
