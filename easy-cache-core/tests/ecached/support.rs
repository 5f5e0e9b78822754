//! What the tests of cached functions share: things to cache, a counter of calls, an executor of one future.

use easy_cache_core::Cache;
use serde::{Deserialize, Serialize};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// Counts the calls of one function.
#[derive(Debug, Default)]
pub(crate) struct Calls(AtomicU64);

impl Calls {
    /// Counts one, and says how many there were with it.
    pub(crate) fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Runs a future that never waits for anything outside itself.
pub(crate) fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) id: u64,
    pub(crate) author: Author,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) id: u64,
}

pub(crate) fn book(id: u64) -> Book {
    Book { id, author: Author { id: id * 10 } }
}

pub(crate) struct Shop {
    pub(crate) id: u64,
    pub(crate) calls: Calls,
    pub(crate) cache: Cache,
}

impl Shop {
    pub(crate) const KIND: &'static str = "corner";

    pub(crate) fn new(id: u64) -> Self {
        Self { id, calls: Calls::default(), cache: Cache::new() }
    }
}
