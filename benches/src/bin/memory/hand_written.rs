//! `quick_cache` by hand: the bare value, and with two tags to check as in the benchmark `hit`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, UnitWeighter};

use crate::{Candidate, Filled, key};

type Tagged = (Arc<u64>, u64, [(&'static AtomicU64, u64); 2]);

/// Without and with tags. Values are shared, as everywhere in this comparison.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate { name: "by hand, quick_cache", tags: 0, fill: |entries| filled::<Arc<u64>>(entries, Arc::new) },
        Candidate {
            name: "by hand, quick_cache, ttl and 2 tags",
            tags: 0,
            fill: |entries| {
                static CELL: AtomicU64 = AtomicU64::new(0);
                filled::<Tagged>(entries, |number| (Arc::new(number), 0, [(&CELL, 0), (&CELL, 0)]))
            },
        },
    ]
}

struct Entries<V>(Cache<Box<str>, V>);

impl<V: Clone> Filled for Entries<V> {
    fn count(&self) -> usize {
        self.0.len()
    }
}

fn filled<V: Clone + 'static>(entries: usize, value: impl Fn(u64) -> V) -> Box<dyn Filled> {
    // Twice the weight, since no shard may be full before the others; `with` makes room for the number of entries alone.
    let cache =
        Cache::with(entries, 2 * entries as u64, UnitWeighter, DefaultHashBuilder::default(), Default::default());
    for number in 0..entries {
        cache.insert(key(number).into(), value(number as u64));
    }
    Box::new(Entries(cache))
}
