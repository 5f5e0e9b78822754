//! Clocks of several processes that disagree.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::ManualClock;
use crate::Clock;

/// The clocks of processes that share a store, each with one of its own, and all of them moved together.
///
/// # Example: no promise depends on what the clocks of processes say
/// ```
/// use easy_cache_core::Cache;
/// use easy_cache_core::testing::{Clocks, Contract, ManualClock, MemoryPlainStore};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let (clock, clocks) = (ManualClock::new(), Clocks::minutes_apart());
/// let store = MemoryPlainStore::new(clock.clock());
/// let contract = Contract::new(&clock, |namespace| {
///     Cache::builder().namespace(namespace).clock(clocks.next()).plain_store(store.clone()).build()
/// });
/// contract.shared().aging(|by| clocks.advance(by)).run().await;
/// # }
/// ```
#[derive(Debug)]
pub struct Clocks {
    clocks: [ManualClock; 3],
    given: AtomicUsize,
}

impl Clocks {
    const APART: Duration = Duration::from_secs(15 * 60);

    /// One is right, one 15 minutes behind, one 15 minutes ahead.
    #[must_use]
    pub fn minutes_apart() -> Self {
        Self::ahead_by([1, 0, 2].map(|times| Self::APART * times))
    }

    /// All say the same.
    #[must_use]
    pub fn alike() -> Self {
        Self::ahead_by([Duration::ZERO; 3])
    }

    fn ahead_by(spans: [Duration; 3]) -> Self {
        let clocks = spans.map(|span| {
            let clock = ManualClock::new();
            clock.advance(span);
            clock
        });
        Self { clocks, given: AtomicUsize::new(0) }
    }

    /// The clock of the next process: each in turn.
    #[must_use]
    pub fn next(&self) -> Clock {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        self.clocks[given % self.clocks.len()].clock()
    }

    /// Moves all of them forward.
    pub fn advance(&self, by: Duration) {
        self.clocks.iter().for_each(|clock| clock.advance(by));
    }
}
