//! What a process remembers of keys, so that their next lookup asks for all that it needs on the same trip: the names of the tags that a value
//! turned out to carry, or whatever a store makes of them.

use std::fmt;
use std::sync::Arc;

use ahash::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};

use crate::Tag;

/// Keys that there is room for from the beginning.
const KEYS: usize = 10_000;
/// Bytes to remember. What is forgotten costs a second trip at its next hit.
const BYTES: u64 = 16 << 20;
/// Parts that are locked one by one. None of them may be too small for a value with a thousand tags.
const PARTS: usize = 16;
/// What it takes to remember anything.
const EACH: usize = 96;

/// What is known of keys, by key and [kind](super::super::Look::kind): by default the tags that their values turned out to carry, so that the next
/// lookup asks for all of them at once. For those who write a [`Store`](super::super::Store). Bounded: sixteen megabytes, of those that are used most.
pub struct Remembered<T = Arc<[Tag]>>(Cache<Name, Weighed<T>, ByBytes, RandomState>);

/// One kind of value under a key.
#[derive(Hash, PartialEq, Eq)]
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

#[derive(Clone)]
struct Weighed<T> {
    value: T,
    bytes: usize,
}

#[derive(Clone)]
struct ByBytes;

impl<T> Weighter<Name, Weighed<T>> for ByBytes {
    fn weight(&self, name: &Name, known: &Weighed<T>) -> u64 {
        (EACH + name.key.len() + known.bytes) as u64
    }
}

impl<T: Clone> Remembered<T> {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(KEYS).weight_capacity(BYTES).shards(PARTS);
        let lifecycle = DefaultLifecycle::default();
        match options.build() {
            Ok(options) => Self(Cache::with_options(options, ByBytes, RandomState::new(), lifecycle)),
            Err(_) => Self(Cache::with(KEYS, BYTES, ByBytes, RandomState::new(), lifecycle)),
        }
    }

    /// What was noted last.
    #[must_use]
    pub fn get(&self, key: &[u8], kind: u64) -> Option<T> {
        self.0.get(&Sought { kind, key }).map(|known| known.value)
    }

    /// Notes something that takes so many bytes.
    pub fn put(&self, key: &[u8], kind: u64, value: T, bytes: usize) {
        self.0.insert(Name { kind, key: key.into() }, Weighed { value, bytes });
    }
}

impl Remembered {
    /// The tags known now, and those that the last value of this kind carried, each once and sorted.
    #[must_use]
    pub fn add_to(&self, key: &[u8], kind: u64, known: &[Tag]) -> Vec<Tag> {
        let mut tags = known.to_vec();
        if let Some(late) = self.get(key, kind) {
            tags.extend(late.iter().cloned());
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Notes what a value carries.
    pub fn note(&self, key: &[u8], kind: u64, tags: impl ExactSizeIterator<Item = Tag>) {
        let tags: Arc<[Tag]> = tags.collect();
        if tags.is_empty() {
            self.0.remove(&Sought { kind, key });
        } else if self.get(key, kind).is_none_or(|before| before != tags) {
            let bytes = tags.iter().map(weight_of_tag).sum();
            self.put(key, kind, tags, bytes);
        }
    }
}

/// What a tag takes that nobody else has.
fn weight_of_tag(tag: &Tag) -> usize {
    2 * size_of::<Tag>() + tag.encoded().len()
}

impl<T: Clone> Default for Remembered<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Remembered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded_by_its_bytes_and_what_is_used_stays() {
        let remembered = Remembered::<u64>::new();
        for number in 0..1_000_u64 {
            remembered.put(&number.to_be_bytes(), 0, number, 256 << 10);
            let _ = remembered.get(&number.to_be_bytes(), 0);
        }
        let left = (0..1_000_u64).filter(|number| remembered.get(&number.to_be_bytes(), 0) == Some(*number)).count();
        assert!(left > 10 && left as u64 * (256 << 10) <= BYTES, "{left} are left");
    }

    #[test]
    fn one_key_has_several_kinds_and_what_carries_nothing_is_forgotten() {
        let (remembered, late) = (Remembered::default(), Tag::new("late"));
        remembered.note(b"k", 1, [late.clone()].into_iter());
        assert_eq!(remembered.add_to(b"k", 1, &[Tag::new("early"), late.clone()]), [Tag::new("early"), late.clone()]);
        assert_eq!(remembered.add_to(b"k", 2, &[]), []);
        remembered.note(b"k", 1, std::iter::empty());
        assert_eq!(remembered.add_to(b"k", 1, &[]), []);
    }
}
