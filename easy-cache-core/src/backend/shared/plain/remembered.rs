//! The names of tags that a key's value turned out to carry, so that its next lookup asks for them on the same trip.

use std::sync::Arc;

use crate::Tag;

/// Keys to remember. A forgotten one costs a second trip at its next hit.
const KEYS: usize = 10_000;

/// The tags that values turned out to carry, by key, so that the next lookup of a key asks for all of them at once. For those who
/// write a [`Store`](super::super::Store). Bounded: it knows the ten thousand keys that are used most.
#[derive(Debug)]
pub struct Remembered(quick_cache::sync::Cache<Box<[u8]>, Arc<[Tag]>>);

impl Remembered {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(quick_cache::sync::Cache::new(KEYS))
    }

    /// The tags known now, and those that the key's last value carried, each once and sorted.
    #[must_use]
    pub fn add_to(&self, key: &[u8], known: &[Tag]) -> Vec<Tag> {
        let mut tags = known.to_vec();
        if let Some(late) = self.0.get(key) {
            tags.extend(late.iter().cloned());
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Notes what a value carries.
    pub fn note(&self, key: &[u8], tags: impl ExactSizeIterator<Item = Tag>) {
        let tags: Arc<[Tag]> = tags.collect();
        if tags.is_empty() {
            self.0.remove(key);
        } else if self.0.get(key).is_none_or(|before| before != tags) {
            self.0.insert(key.into(), tags);
        }
    }
}

impl Default for Remembered {
    fn default() -> Self {
        Self::new()
    }
}
