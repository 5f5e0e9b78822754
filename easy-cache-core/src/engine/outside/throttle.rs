//! What this process remembers of keys whose values are outside: until when nobody tries to compute one anew after a failure, and
//! which kind of value was asked for. Bounded; what is forgotten costs one more attempt, or one answer to who asks without a type.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use quick_cache::sync::Cache;

use crate::clock::Moment;
use crate::sync::RandomState;

/// Failures to remember.
const FAILURES: usize = 10_000;
/// Keys whose kinds are remembered: so many times as many as there are places in each of them.
const PLACES: usize = 4_096;
const IN_EACH: usize = 4;

/// By the hash of a key, and for failures of its kind.
#[derive(Debug)]
pub(super) struct Throttle {
    until: Cache<u64, Moment>,
    /// Whether there ever was a failure: asked for every entry that arrives, and to count the map takes the locks of all its parts.
    any: AtomicBool,
    kinds: Box<[[Place; IN_EACH]]>,
    hasher: RandomState,
}

/// The kind that was asked for last, and the hash of its key with the kind laid over it: words of two calls that write at once do not
/// fit together, and are as good as forgotten. Every lookup passes by here, so there is no lock.
#[derive(Debug, Default)]
struct Place {
    kind: AtomicU64,
    overlaid: AtomicU64,
}

impl Place {
    fn is_free(&self) -> bool {
        self.overlaid.load(Ordering::Relaxed) == 0 && self.kind.load(Ordering::Relaxed) == 0
    }

    fn kind_of(&self, hash: u64) -> Option<u64> {
        let kind = self.kind.load(Ordering::Relaxed);
        (self.overlaid.load(Ordering::Relaxed) ^ kind == hash).then_some(kind)
    }

    fn note(&self, hash: u64, kind: u64) {
        if self.kind_of(hash) != Some(kind) {
            self.kind.store(kind, Ordering::Relaxed);
            self.overlaid.store(hash ^ kind, Ordering::Relaxed);
        }
    }
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self {
            until: Cache::new(FAILURES),
            any: AtomicBool::new(false),
            kinds: (0..PLACES).map(|_| Default::default()).collect(),
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
        let place = self.place(hash);
        let own = place.iter().find(|noted| noted.kind_of(hash).is_some());
        let free = || place.iter().find(|noted| noted.is_free());
        own.or_else(free).unwrap_or(&place[(hash >> 32) as usize % IN_EACH]).note(hash, kind);
    }

    /// Zero, which is nobody's kind, for a key that nobody has asked for.
    pub(super) fn kind_of(&self, key: &[u8]) -> u64 {
        let hash = self.hasher.hash_one(key);
        self.place(hash).iter().find_map(|noted| noted.kind_of(hash)).unwrap_or_default()
    }

    fn place(&self, hash: u64) -> &[Place; IN_EACH] {
        &self.kinds[(hash % PLACES as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_that_was_asked_for_last_is_remembered_of_each_key() {
        let throttle = Throttle::new();
        assert_eq!(throttle.kind_of(b"a"), 0);
        throttle.note_kind(b"a", 7);
        throttle.note_kind(b"a", 8);
        assert_eq!(throttle.kind_of(b"a"), 8);
        assert_eq!(throttle.kind_of(b"b"), 0);
    }

    #[test]
    fn of_a_thousand_keys_hardly_any_is_forgotten() {
        let throttle = Throttle::new();
        let keys: Vec<_> = (0..1_000_u32).map(u32::to_be_bytes).collect();
        keys.iter().for_each(|key| throttle.note_kind(key, 7));
        let remembered = keys.iter().filter(|key| throttle.kind_of(*key) == 7).count();
        assert!(remembered > 990, "{remembered}");
    }

    #[test]
    fn however_many_keys_are_asked_for_and_fail_it_takes_no_more_memory_and_knows_the_latest() {
        let throttle = Throttle::new();
        let keys: Vec<_> = (0..100_000_u32).map(u32::to_be_bytes).collect();
        for key in &keys {
            throttle.note_kind(key, 7);
            throttle.set(key, 7, Moment::MAX);
        }
        let remembered = |keys: &[[u8; 4]]| keys.iter().filter(|key| throttle.kind_of(*key) == 7).count();
        assert_eq!(throttle.kinds.len(), PLACES);
        assert!((10_000..=PLACES * IN_EACH).contains(&remembered(&keys)), "{}", remembered(&keys));
        let latest = &keys[99_000..];
        assert!(remembered(latest) > 900, "{}", remembered(latest));
        assert!((1..=FAILURES).contains(&throttle.until.len()), "{}", throttle.until.len());
    }

    #[test]
    fn words_of_two_writers_tell_nothing() {
        let place = Place::default();
        place.note(11, 7);
        place.kind.store(8, Ordering::Relaxed);
        assert_eq!((place.kind_of(11), place.kind_of(12)), (None, None));
    }
}
