//! How entries came to be missing: a table of fixed size that forgets. Written off the hit path only.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use parking_lot::Mutex;

use crate::clock::Moment;
use crate::events::{MissReason, Refusal};

/// How many keys are remembered, at most: those of the last seconds of a busy cache, and some tens of kilobytes.
const PLACES: usize = 1024;

/// The last that was heard of keys that are not stored. A key has one place, which it shares with others: the later one stays.
#[derive(Debug)]
pub(crate) struct Fates {
    places: OnceLock<Box<[Mutex<Option<Fate>>]>>,
    hasher: RandomState,
    /// One after the moment at which the whole namespace was invalidated last; 0 if it never was.
    emptied: AtomicU64,
}

/// What became of a key, and when.
#[derive(Debug, Clone)]
pub(crate) struct Fate {
    fingerprint: u64,
    pub(crate) at: Moment,
    pub(crate) ending: Ending,
}

/// How a value came to be missing.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    Evicted,
    TooLarge,
    Removed,
    Refused(Refusal),
}

impl Fates {
    pub(crate) fn new() -> Self {
        Self { places: OnceLock::new(), hasher: RandomState::new(), emptied: AtomicU64::new(0) }
    }

    pub(crate) fn note(&self, key: &[u8], at: Moment, ending: Ending) {
        let fingerprint = self.hasher.hash_one(key);
        let places = self.places.get_or_init(|| (0..PLACES).map(|_| Mutex::new(None)).collect());
        *places[place(fingerprint)].lock() = Some(Fate { fingerprint, at, ending });
    }

    pub(crate) fn note_emptied(&self, at: Moment) {
        self.emptied.fetch_max(at.saturating_add(1), Ordering::Relaxed);
    }

    /// What is remembered of the key, unless everything was invalidated since.
    pub(crate) fn find(&self, key: &[u8]) -> Option<Fate> {
        let fingerprint = self.hasher.hash_one(key);
        let fate = self.places.get()?[place(fingerprint)].lock().clone()?;
        (fate.fingerprint == fingerprint && self.emptied().is_none_or(|emptied| fate.at >= emptied)).then_some(fate)
    }

    /// When everything was invalidated last.
    pub(crate) fn emptied(&self) -> Option<Moment> {
        self.emptied.load(Ordering::Relaxed).checked_sub(1)
    }

    /// The reason why nothing is stored under the key.
    pub(crate) fn reason(&self, key: &[u8]) -> MissReason {
        match self.find(key).map(|fate| fate.ending) {
            None => MissReason::Absent,
            Some(Ending::Evicted | Ending::TooLarge) => MissReason::Evicted,
            Some(Ending::Removed) => MissReason::Removed,
            Some(Ending::Refused(_)) => MissReason::Refused,
        }
    }
}

fn place(fingerprint: u64) -> usize {
    (fingerprint % PLACES as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fate_of_a_key_is_remembered_and_never_told_of_another() {
        let fates = Fates::new();
        assert_eq!(fates.reason(b"k"), MissReason::Absent);
        fates.note(b"k", 1, Ending::Evicted);
        fates.note(b"k", 2, Ending::Removed);
        assert_eq!(fates.find(b"k").map(|fate| fate.at), Some(2));
        assert_eq!(fates.reason(b"k"), MissReason::Removed);
        for n in 0..100_000_u32 {
            assert_eq!(fates.reason(&n.to_le_bytes()), MissReason::Absent);
        }
    }

    #[test]
    fn a_busy_cache_forgets_instead_of_growing() {
        let fates = Fates::new();
        for n in 0..100_000_u32 {
            fates.note(&n.to_le_bytes(), 1, Ending::Evicted);
        }
        let remembered = (0..100_000_u32).filter(|n| fates.find(&n.to_le_bytes()).is_some()).count();
        assert!((1..=PLACES).contains(&remembered), "{remembered}");
    }

    #[test]
    fn what_was_before_everything_was_invalidated_is_forgotten() {
        let fates = Fates::new();
        fates.note(b"k", 1, Ending::Evicted);
        fates.note_emptied(2);
        assert_eq!(fates.reason(b"k"), MissReason::Absent);
        assert_eq!(fates.emptied(), Some(2));
        fates.note(b"k", 3, Ending::Removed);
        assert_eq!(fates.reason(b"k"), MissReason::Removed);
    }
}
