//! `moka`, with a ttl as in the benchmark `hit`.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::{Candidate, Filled, key};

struct Entries(Cache<Box<str>, Arc<u64>>);

impl Filled for Entries {
    fn count(&self) -> usize {
        self.0.entry_count() as usize
    }
}

/// The synchronous cache.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![Candidate { name: "moka 0.12 sync, ttl", tags: 0, fill: filled }]
}

fn filled(entries: usize) -> Box<dyn Filled> {
    let hour = Duration::from_secs(3_600);
    let cache = Cache::builder().max_capacity(2 * entries as u64).time_to_live(hour).build();
    for number in 0..entries {
        cache.insert(key(number).into(), Arc::new(number as u64));
    }
    cache.run_pending_tasks();
    Box::new(Entries(cache))
}
