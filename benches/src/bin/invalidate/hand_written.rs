//! `quick_cache` with what one would write by hand: look at every entry, or keep the keys of each tag in a set.

use std::collections::{HashMap, HashSet};

use ahash::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;

use crate::{Candidate, Rival, key};

type Entries = Cache<String, (u64, u32), UnitWeighter, RandomState>;

/// Scanning, and a set for each tag.
pub(crate) fn candidates() -> Vec<Rival> {
    vec![
        ("by hand, quick_cache, retain", |entries| Box::new(Scanned(filled(entries)))),
        ("by hand, quick_cache, a set for each tag", |entries| {
            let keys = (0..entries).map(key).collect();
            Box::new(Indexed { entries: filled(entries), tags: HashMap::from([(1, keys)]) })
        }),
    ]
}

struct Scanned(Entries);

impl Candidate for Scanned {
    fn contains(&self, number: usize) -> bool {
        self.0.peek(&key(number)).is_some()
    }

    fn invalidate(&mut self) {
        self.0.retain(|_, (_, tag)| *tag != 1);
    }
}

struct Indexed {
    entries: Entries,
    tags: HashMap<u32, HashSet<String, RandomState>>,
}

impl Candidate for Indexed {
    fn contains(&self, number: usize) -> bool {
        self.entries.peek(&key(number)).is_some()
    }

    fn invalidate(&mut self) {
        for key in self.tags.remove(&1).unwrap_or_default() {
            self.entries.remove(&key);
        }
    }
}

/// Twice the room, since no shard may be full before the others.
fn filled(entries: usize) -> Entries {
    let cache = Cache::with(entries, 2 * entries as u64, UnitWeighter, RandomState::new(), Default::default());
    for number in 0..entries {
        cache.insert(key(number), (number as u64, 1));
    }
    cache
}
