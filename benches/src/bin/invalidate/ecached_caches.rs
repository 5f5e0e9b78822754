//! This project's cache: the tag's version changes, whoever carries the tag is not served any more. Entries leave when they
//! are replaced or evicted.

use easy_cache_core::Cache;

use crate::{Candidate, Rival, key};

const TAG: &str = "all";

/// By tag, and everything in the namespace, which also empties the map.
pub(crate) fn candidates() -> Vec<Rival> {
    vec![("Cache, by tag", |entries| Box::new(Tagged(filled(entries))))]
}

struct Tagged(Cache);

impl Candidate for Tagged {
    fn contains(&self, number: usize) -> bool {
        self.0.contains(key(number)).wait()
    }

    fn invalidate(&mut self) {
        // A memory cache cannot fail here; if it did, the entries would still be found.
        let _ = self.0.invalidate_tags([TAG]).wait();
    }
}

fn filled(entries: usize) -> Cache {
    let cache = Cache::builder().max_weight(u64::MAX).expected_entries(entries).build();
    for number in 0..entries {
        cache.set(key(number), number as u64).tags([TAG]).wait();
    }
    cache
}
