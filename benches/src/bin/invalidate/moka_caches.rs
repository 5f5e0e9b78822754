//! `moka`: entries are dropped by a condition, which readers are held to at once and maintenance applies to each entry.

use moka::sync::Cache;

use crate::{Candidate, Rival, key};

/// By a condition on the value, where a tag would have to be.
pub(crate) fn candidates() -> Vec<Rival> {
    vec![("moka 0.12 sync, invalidate_entries_if", |entries| Box::new(Conditional(filled(entries))))]
}

struct Conditional(Cache<String, (u64, u32)>);

impl Candidate for Conditional {
    fn contains(&self, number: usize) -> bool {
        self.0.contains_key(&key(number))
    }

    fn invalidate(&mut self) {
        // Fails only without the support that `filled` asks for; then the entries would still be found.
        let _ = self.0.invalidate_entries_if(|_, (_, tag)| *tag == 1);
    }

    /// Each run of the maintenance goes through a part. It may end before all entries have left.
    fn finish(&mut self) {
        let mut before = u64::MAX;
        while self.0.entry_count() < before {
            before = self.0.entry_count();
            self.0.run_pending_tasks();
        }
    }
}

fn filled(entries: usize) -> Cache<String, (u64, u32)> {
    let cache = Cache::builder().max_capacity(2 * entries as u64).support_invalidation_closures().build();
    for number in 0..entries {
        cache.insert(key(number), (number as u64, 1));
    }
    cache.run_pending_tasks();
    cache
}
