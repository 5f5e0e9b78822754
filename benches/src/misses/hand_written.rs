//! `quick_cache` by hand with two tags, as in [`hits`](crate::hits), with its own way to load one key once.
//!
//! What an invalidation during the load would undo is not noticed, and nobody collects tags.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;

use super::CAPACITY;
use crate::candidate::{Answer, Candidate, Loads, candidate};
use crate::workload;

#[derive(Clone)]
struct Slot {
    value: Answer,
    /// Looked at on hits, of which there are none here.
    _tags: [(&'static AtomicU64, u64); 2],
}

/// Guarded loads, and the least that can be done.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    static GUARDED: Loads = Loads::new();
    static BARE: Loads = Loads::new();
    let cells: &'static [AtomicU64; 65] = Box::leak(Box::new(std::array::from_fn(|_| AtomicU64::new(0))));
    let slot = move |user: u64, loads: &Loads| {
        let cells = [&cells[64], &cells[(user % 64) as usize]];
        let _tags = cells.map(|cell| (cell, cell.load(Ordering::Acquire)));
        Slot { value: loads.instant(), _tags }
    };
    let guarded = cache();
    let bare = cache();
    vec![
        candidate("by hand, quick_cache, get_or_insert_with", &GUARDED, move |user, month| {
            let loaded =
                guarded.get_or_insert_with(&workload::key(user, month), || Ok::<_, Infallible>(slot(user, &GUARDED)));
            match loaded {
                Ok(slot) => slot.value,
            }
        }),
        candidate("by hand, quick_cache, get, then insert", &BARE, move |user, month| {
            let key = workload::key(user, month);
            let slot = bare.get(&key).unwrap_or_else(|| {
                let slot = slot(user, &BARE);
                bare.insert(key, slot.clone());
                slot
            });
            Arc::clone(&slot.value)
        }),
    ]
}

fn cache() -> Cache<String, Slot, UnitWeighter, RandomState> {
    Cache::with(CAPACITY, CAPACITY as u64, UnitWeighter, RandomState::new(), Default::default())
}
