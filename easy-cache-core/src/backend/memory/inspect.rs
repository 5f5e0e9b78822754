//! All that is known of an entry, for whoever asks why it is served or not. Slow, and off every path of a call.

use super::cell::Seen;
use super::store::MemoryStore;
use crate::Tag;
use crate::clock::Moment;

/// An entry, looked at from outside.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub(crate) stored: Moment,
    pub(crate) fresh_until: Moment,
    /// Its tags, each once, in order.
    pub(crate) tags: Vec<Tag>,
    /// The tags that were invalidated since, and when; no tag stands for the whole namespace.
    pub(crate) changed: Vec<(Option<Tag>, Moment)>,
    /// The tags that a writer holds, and since when.
    pub(crate) held: Vec<(Option<Tag>, Moment)>,
}

impl MemoryStore {
    /// What is stored under the key, served or not. Expired holds count as what they are about to become.
    pub(crate) fn examine(&self, key: &[u8]) -> Option<Inspected> {
        let _ = self.lookup(key); // settles holds whose deadline has passed
        let list = self.inspect(key)?.list;
        let name = |seen: &Seen| seen.name().cloned();
        let changed = list.tags().iter().filter(|seen| !seen.is_unchanged());
        let held = list.tags().iter().filter_map(|seen| Some((name(seen), seen.cell.held_since()?)));
        let mut tags: Vec<_> = list.tags().iter().filter_map(name).collect();
        tags.sort_unstable();
        tags.dedup();
        Some(Inspected {
            stored: list.times().stored,
            fresh_until: list.times().fresh_until,
            tags,
            changed: sorted(changed.map(|seen| (name(seen), seen.cell.bumped_at()))),
            held: sorted(held),
        })
    }
}

fn sorted(changes: impl Iterator<Item = (Option<Tag>, Moment)>) -> Vec<(Option<Tag>, Moment)> {
    let mut changes: Vec<_> = changes.collect();
    changes.sort_unstable();
    changes
}
