//! The one place from which shared state takes its atomics, locks, thread-locals, events and its map: the real ones, or those
//! of an explorer that tries their interleavings. What is built on them says nothing of explorers.
//!
//! | what | normally | `--cfg easy_cache_loom` | `--cfg easy_cache_shuttle` |
//! |---|---|---|---|
//! | atomics, locks, thread-locals, threads, the time | std, parking_lot | loom's: every order, also of memory | shuttle's: random orders |
//! | the map of entries | quick_cache | a short list, first in, first out | quick_cache with shuttle's locks |
//! | the event that followers wait for | event-listener | a list with the same rules | the same |
//! | hashes | random | fixed, and few shards, so that a run can be repeated | the same |
//! | reference counts, timers, the switch of a cache | std | std | std |
//!
//! The last row is not explored. A count is read in one place only, under the lock through which it would grow from one.
//! Timers and the switch decide nothing together with anything else; a run takes them as they are at its steps.

#[cfg(not(any(easy_cache_loom, easy_cache_shuttle)))]
mod real {
    pub(crate) use std::sync::atomic::AtomicU64;
    pub(crate) use std::{thread, thread_local};

    pub(crate) use ahash::RandomState;
    pub(crate) use event_listener::{Event, EventListener};
    pub(crate) use parking_lot::{Mutex, MutexGuard};
    pub(crate) use quick_cache::sync::Cache as Entries;

    /// Tells cells apart by where they are.
    #[derive(Debug)]
    pub(crate) struct Place;

    impl Place {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) const fn of(&self, address: usize) -> usize {
            address
        }
    }

    /// Whether somebody explores.
    pub(crate) const EXPLORED: bool = false;

    /// A number of shards, buckets or stripes.
    pub(crate) const fn scaled(usual: usize) -> usize {
        usual
    }
}

#[cfg(not(any(easy_cache_loom, easy_cache_shuttle)))]
pub(crate) use real::*;

#[cfg(any(easy_cache_loom, easy_cache_shuttle))]
mod event;
#[cfg(any(easy_cache_loom, easy_cache_shuttle))]
mod explored;
#[cfg(easy_cache_loom)]
mod list;

#[cfg(any(easy_cache_loom, easy_cache_shuttle))]
pub(crate) use event::{Event, EventListener};
#[cfg(any(easy_cache_loom, easy_cache_shuttle))]
pub(crate) use explored::*;
#[cfg(easy_cache_loom)]
pub(crate) use list::Entries;
#[cfg(easy_cache_shuttle)]
pub(crate) use quick_cache::sync::Cache as Entries;
