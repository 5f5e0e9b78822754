//! A near cache: what is served without a trip, and for how long; what news end it; and what is built from it.

mod built;
mod heard;
mod own;
mod places;
mod proofs;
mod served;

use std::time::Duration;

use easy_cache_core::testing::{ManualClock, Remote};
use easy_cache_core::{Cache, CacheBuilder, Near};

use crate::world::get;

const BOUND: Duration = Duration::from_secs(1);
/// By which the clock that hits read may be behind.
const TICK: Duration = easy_cache_core::TICK;

/// A store whose news are in the test's hands, and processes around it.
struct Shared {
    clock: ManualClock,
    remote: Remote,
}

impl Shared {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { remote: Remote::new(clock.clock()), clock }
    }

    fn builder(&self) -> CacheBuilder {
        Cache::builder().clock(self.clock.clock()).store(self.remote.clone())
    }

    /// A process that has heard everything.
    fn near(&self) -> Cache {
        self.near_with(Near::within(BOUND))
    }

    fn near_with(&self, near: Near) -> Cache {
        let cache = self.builder().near(near).build();
        self.remote.prove();
        cache
    }

    /// A process that asks the store each time.
    fn far(&self) -> Cache {
        self.builder().build()
    }

    /// A process with a copy of the value 1, and what it then takes to read it.
    async fn with_copy(&self) -> Cache {
        let cache = self.near();
        self.copy(&cache, 1).await;
        cache
    }

    /// Computes the value elsewhere, and brings a copy here.
    async fn copy(&self, cache: &Cache, value: u64) {
        assert_eq!(get(&self.far(), value).await, value);
        assert_eq!(get(cache, 99).await, value);
        self.remote.take_trips();
    }

    /// What a call finds, or computes, and how many trips it takes.
    async fn read(&self, cache: &Cache, value: u64) -> (u64, u64) {
        self.remote.take_trips();
        let found = get(cache, value).await;
        (found, self.remote.take_trips())
    }
}
