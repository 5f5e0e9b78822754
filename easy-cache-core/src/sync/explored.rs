//! An explorer's atomics, locks, threads and thread-locals in the shape of those that the engine uses otherwise.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(easy_cache_loom)]
use loom as explorer;
#[cfg(easy_cache_shuttle)]
use shuttle as explorer;

pub(crate) use explorer::sync::MutexGuard;
pub(crate) use explorer::sync::atomic::AtomicU64;
pub(crate) use explorer::thread;

/// Whether somebody explores.
pub(crate) const EXPLORED: bool = true;

/// Few shards, buckets and stripes: names meet in them, and making a world takes no time.
pub(crate) const fn scaled(usual: usize) -> usize {
    if usual > 2 { 2 } else { usual }
}

/// Tells cells apart by their age: addresses differ from run to run, and with them the order in which cells are looked at.
#[derive(Debug)]
pub(crate) struct Place(usize);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) const fn of(&self, _address: usize) -> usize {
        self.0
    }
}

/// A lock without poison.
pub(crate) struct Mutex<T>(explorer::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(explorer::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex")
    }
}

/// The same hashes in every run.
#[derive(Debug, Clone)]
pub(crate) struct RandomState(ahash::RandomState);

impl RandomState {
    pub(crate) fn new() -> Self {
        Self::with_seeds(1, 2, 3, 4)
    }

    pub(crate) fn with_seeds(first: u64, second: u64, third: u64, fourth: u64) -> Self {
        Self(ahash::RandomState::with_seeds(first, second, third, fourth))
    }

    pub(crate) fn hash_one(&self, value: impl Hash) -> u64 {
        self.0.hash_one(value)
    }
}

impl Default for RandomState {
    fn default() -> Self {
        Self::new()
    }
}

impl BuildHasher for RandomState {
    type Hasher = <ahash::RandomState as BuildHasher>::Hasher;

    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

/// A thread-local of the explorer's threads, which share one thread of the system.
pub(crate) struct Local<T: 'static>(pub(crate) &'static explorer::thread::LocalKey<Cell<T>>);

impl<T> Local<T> {
    pub(crate) fn set(&'static self, value: T) {
        self.0.with(|cell| cell.set(value));
    }

    pub(crate) fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.0.with(Cell::get)
    }

    pub(crate) fn try_with<R>(
        &'static self,
        f: impl FnOnce(&Cell<T>) -> R,
    ) -> Result<R, explorer::thread::AccessError> {
        self.0.try_with(f)
    }
}

macro_rules! explored_thread_local {
    ($(static $name:ident: Cell<$type:ty> = const { $init:expr };)+) => { $(
        static $name: $crate::sync::Local<$type> = {
            $crate::sync::explorer_thread_local! { static EXPLORED: std::cell::Cell<$type> = $init; }
            $crate::sync::Local(&EXPLORED)
        };
    )+ };
}

pub(crate) use explored_thread_local as thread_local;
pub(crate) use explorer::thread_local as explorer_thread_local;
