//! Copies of what a store outside the process has, kept here while it tells what changes. Whether they may be served at this
//! moment is decided by whoever knows when the store was last heard (`engine::near`).
//!
//! The same order of steps as everywhere: what is kept **reads the cells, then checks the buckets, then inserts**; what is
//! forgotten **advances the sequence, then the bucket, then the cells**. Only that the sequence and the buckets are the news'.

use std::sync::Arc;

use super::domain::{Fence, Heard};
use super::entry::Entry;
use super::list::{Facts, List};
use super::origin::Origin;
use super::store::{MemoryStore, Terms, weight_of};
use crate::Tag;
use crate::clock::Moment;
use crate::events::Refusal;
use crate::freshness::Times;
use crate::value::Shared;

/// An entry of the store outside, on its way through this process.
pub(crate) struct Copied<'a> {
    pub(crate) key: &'a [u8],
    /// That of this process, from before the lookup was sent.
    pub(crate) fence: &'a Fence,
    pub(crate) times: Times,
    pub(crate) origin: Arc<Origin>,
    /// Under which key it is invalidated, if that is not its own.
    pub(crate) owner: Option<Tag>,
    /// What it weighs: the bytes that it was.
    pub(crate) weight: u64,
}

impl MemoryStore {
    /// What the entry depends on, in terms of this process; nothing if it was invalidated here since the fence.
    pub(crate) fn list_of_copy(&self, copied: Copied<'_>) -> Result<List, Refusal> {
        let names: Vec<Tag> = copied.origin.tags.iter().map(|seen| seen.tag.clone()).chain(copied.owner).collect();
        let tags = self.resolve(copied.fence, names.iter(), Vec::new())?;
        let facts = Facts {
            times: copied.times,
            fence: copied.fence.sequence,
            weight: weight_of(copied.weight, copied.key, tags.len()),
            clock: self.clock.id(),
            origin: Some(copied.origin),
        };
        Ok(List::new(facts, tags))
    }

    /// Keeps a copy, to be served until `attention` at most, if nothing was heard of its names since its lookup was sent.
    pub(crate) fn keep_copy(&self, key: &[u8], value: Shared, list: &List, attention: Moment, heard: Heard) -> bool {
        let terms = Terms { removes: false, renews: None, heard: Some(heard) };
        self.insert(key, Entry { value, list: list.clone(), attention }, terms).is_valid()
    }

    /// The records of these names may have changed in the store outside. Costs nothing if it tells this process nothing.
    pub(crate) fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        self.domain.forget(tags, keys);
        keys.iter().for_each(|key| self.remove_key(key));
    }

    /// Any record may have changed. The copies stay where they are, to be displaced by better ones: who tells must not wait.
    pub(crate) fn forget_everything(&self) {
        self.domain.forget_everything();
    }
}
