//! All that is known of an entry, for whoever asks why it is served or not. Slow, and off every path of a call.

use super::entry::Slot;
use super::key::KeyRef;
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
    pub(crate) fn inspect(&self, key: &[u8]) -> Option<Inspected> {
        let _ = self.lookup(key, false); // settles holds whose deadline has passed
        let mut found = None;
        self.entries.remove_if(&KeyRef(key), |slot| {
            if let Slot::Stored(entry) = slot {
                found = Some((entry.stored, entry.expires, entry.tags.clone()));
            }
            false
        });
        let (stored, fresh_until, list) = found?;
        let name = |tag: &Tag| (!tag.is_everything()).then(|| tag.clone());
        let of_cell = |seen: &super::Seen, at| (name(seen.cell.tag()), at);
        let changed = list.iter().filter(|seen| !seen.is_current()).map(|seen| of_cell(seen, seen.cell.bumped_at()));
        let held = list.iter().filter_map(|seen| seen.cell.held_since().map(|at| of_cell(seen, at)));
        let mut tags: Vec<_> = list.iter().filter_map(|seen| name(seen.cell.tag())).collect();
        tags.sort_unstable();
        tags.dedup();
        Some(Inspected { stored, fresh_until, tags, changed: sorted(changed), held: sorted(held) })
    }
}

fn sorted(changes: impl Iterator<Item = (Option<Tag>, Moment)>) -> Vec<(Option<Tag>, Moment)> {
    let mut changes: Vec<_> = changes.collect();
    changes.sort_unstable();
    changes
}
