//! The names of tags that a key's value turned out to carry, and whether there is a mark beside it, so that its next lookup asks for them on
//! the same trip.

use std::sync::Arc;

use crate::Tag;

/// Keys to remember. A forgotten one costs a second trip at its next hit.
const KEYS: usize = 10_000;

/// What is known of values by key and kind; bounded.
#[derive(Debug)]
pub(super) struct Carried(quick_cache::sync::Cache<Name, Arc<Known>>);

/// A key, and the kind of its value.
type Name = (u64, Box<[u8]>);

/// What the last value carried.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    tags: Vec<Tag>,
    /// There is a mark for as long as it is fresh.
    pub(super) is_marked: bool,
}

impl Carried {
    pub(super) fn new() -> Self {
        Self(quick_cache::sync::Cache::new(KEYS))
    }

    /// What is known of a value.
    pub(super) fn of(&self, key: &[u8], kind: u64) -> Arc<Known> {
        self.0.get(&(kind, Box::from(key))).unwrap_or_default()
    }

    /// Notes what a value carries.
    pub(super) fn note(&self, key: &[u8], kind: u64, tags: impl Iterator<Item = Tag>, is_marked: bool) {
        let (name, known) = ((kind, Box::from(key)), Known { tags: tags.collect(), is_marked });
        if known == Known::default() {
            self.0.remove(&name);
        } else if self.0.get(&name).is_none_or(|before| *before != known) {
            self.0.insert(name, Arc::new(known));
        }
    }
}

impl Known {
    /// The tags known to the caller, and those that the key's last value carried, each once.
    pub(super) fn add_to(&self, tags: &[Tag]) -> Vec<Tag> {
        let mut tags = [tags, &self.tags].concat();
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}
