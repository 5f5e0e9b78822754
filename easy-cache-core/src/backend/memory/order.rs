//! The order record: when was a name last invalidated? Answered per bucket of names, so that its size is fixed.

use std::sync::atomic::Ordering;

use crate::mistake::Mistake;
use crate::sync::{self, AtomicU64, RandomState};

/// Two names in one bucket can only cause a fill to be refused in vain, so the number is a matter of odds, not of truth.
const BUCKETS: usize = sync::scaled(4096);

/// The number of a bucket of names.
pub(super) type Bucket = u16;

/// The bucket that no name falls into: the whole namespace's own.
pub(super) const EVERYTHING: Bucket = BUCKETS as Bucket;

/// The sequence of a namespace's invalidations, and for each bucket of names the latest one in it.
#[derive(Debug)]
pub(super) struct Order {
    sequence: AtomicU64,
    buckets: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Order {
    pub(super) fn new() -> Self {
        let buckets = (0..=BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Self { sequence: AtomicU64::new(0), buckets, hasher: hasher() }
    }

    /// The bucket of a tag or key. Tags and keys share the buckets.
    pub(super) fn bucket(&self, name: &[u8]) -> Bucket {
        (self.hasher.hash_one(name) % BUCKETS as u64) as Bucket
    }

    /// The sequence as a fence sees it: what happened up to here is visible to whoever computes from now on.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::SeqCst)
    }

    /// The first step of an invalidation.
    pub(super) fn advance(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The second step. By maximum, since a slower invalidation with an older number may arrive later.
    pub(super) fn note(&self, bucket: Bucket, sequence: u64) {
        if Mistake::BucketWithoutMaximum.is_made() {
            return self.buckets[usize::from(bucket)].store(sequence, Ordering::SeqCst);
        }
        self.buckets[usize::from(bucket)].fetch_max(sequence, Ordering::SeqCst);
    }

    /// Whether a name of this bucket was invalidated after the fence was taken.
    pub(super) fn changed_since(&self, bucket: Bucket, sequence: u64) -> bool {
        self.buckets[usize::from(bucket)].load(Ordering::SeqCst) > sequence
    }
}

/// By chance two names share a bucket, and an invalidation of one refuses a fill of the other in vain. Tests must not depend on
/// chance, so that debug builds put every name into the same bucket in every run; others keep strangers from choosing it.
fn hasher() -> RandomState {
    if cfg!(debug_assertions) { RandomState::with_seeds(1, 2, 3, 4) } else { RandomState::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_note_with_an_older_number_hides_nothing() {
        let order = Order::new();
        let (older, newer) = (order.advance(), order.advance());
        order.note(7, newer);
        order.note(7, older);
        assert!(order.changed_since(7, older));
        assert!(!order.changed_since(7, newer));
    }
}
