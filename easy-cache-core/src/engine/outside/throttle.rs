//! What this process remembers of keys whose values are outside: until when nobody tries to compute one anew after a failure, and
//! which kind of value was asked for. Bounded; what is forgotten costs one more attempt, or one answer to who asks without a type.

use std::sync::atomic::{AtomicBool, Ordering};

use quick_cache::sync::Cache;

use crate::clock::Moment;
use crate::sync::RandomState;

/// Keys to remember.
const KEYS: usize = 10_000;

/// By the hash of a key, and for failures of its kind.
#[derive(Debug)]
pub(super) struct Throttle {
    until: Cache<u64, Moment>,
    /// Whether there ever was a failure: asked for every entry that arrives, and to count the map takes the locks of all its parts.
    any: AtomicBool,
    kinds: Cache<u64, u64>,
    hasher: RandomState,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self {
            until: Cache::new(KEYS),
            any: AtomicBool::new(false),
            kinds: Cache::new(KEYS),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn set(&self, key: &[u8], kind: u64, until: Moment) {
        self.until.insert(self.hasher.hash_one((key, kind)), until);
        self.any.store(true, Ordering::Release);
    }

    /// Until when nobody tries again, if a failure is remembered.
    pub(super) fn until(&self, key: &[u8], kind: u64) -> Option<Moment> {
        if self.any.load(Ordering::Acquire) { self.until.get(&self.hasher.hash_one((key, kind))) } else { None }
    }

    pub(super) fn note_kind(&self, key: &[u8], kind: u64) {
        let hash = self.hasher.hash_one(key);
        if self.kinds.get(&hash) != Some(kind) {
            self.kinds.insert(hash, kind);
        }
    }

    /// Zero, which is nobody's kind, for a key that nobody has asked for.
    pub(super) fn kind_of(&self, key: &[u8]) -> u64 {
        self.kinds.get(&self.hasher.hash_one(key)).unwrap_or_default()
    }
}
