//! The names of tags that a key's value turned out to carry, so that its next lookup asks for them on the same trip.

use std::sync::Arc;

use quick_cache::Equivalent;

use crate::Tag;

/// Keys to remember. A forgotten one costs a second trip at its next hit.
const KEYS: usize = 10_000;

/// The tags that values turned out to carry, by key and [kind](super::super::Look::kind), so that the next lookup asks for all of them at
/// once. For those who write a [`Store`](super::super::Store). Bounded: it knows the ten thousand that are used most.
#[derive(Debug)]
pub struct Remembered(quick_cache::sync::Cache<Name, Arc<[Tag]>>);

/// One kind of value under a key.
#[derive(Debug, Hash, PartialEq, Eq)]
struct Name {
    kind: u64,
    key: Box<[u8]>,
}

/// The same, to look for it.
#[derive(Hash)]
struct Sought<'a> {
    kind: u64,
    key: &'a [u8],
}

impl Equivalent<Name> for Sought<'_> {
    fn equivalent(&self, name: &Name) -> bool {
        self.kind == name.kind && *self.key == *name.key
    }
}

impl Remembered {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(quick_cache::sync::Cache::new(KEYS))
    }

    /// The tags known now, and those that the last value of this kind carried, each once and sorted.
    #[must_use]
    pub fn add_to(&self, key: &[u8], kind: u64, known: &[Tag]) -> Vec<Tag> {
        let mut tags = known.to_vec();
        if let Some(late) = self.0.get(&Sought { kind, key }) {
            tags.extend(late.iter().cloned());
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Notes what a value carries.
    pub fn note(&self, key: &[u8], kind: u64, tags: impl ExactSizeIterator<Item = Tag>) {
        let (tags, sought): (Arc<[Tag]>, _) = (tags.collect(), Sought { kind, key });
        if tags.is_empty() {
            self.0.remove(&sought);
        } else if self.0.get(&sought).is_none_or(|before| before != tags) {
            self.0.insert(Name { kind, key: key.into() }, tags);
        }
    }
}

impl Default for Remembered {
    fn default() -> Self {
        Self::new()
    }
}
