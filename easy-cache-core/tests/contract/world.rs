//! A shared store whose time and whose failures are the test's, and processes around it.

use easy_cache_core::Cache;
use easy_cache_core::testing::{Faults, ManualClock, MemoryPlainStore};

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) store: Faults<MemoryPlainStore>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        Self { store: Faults::new(MemoryPlainStore::new(clock.clock())), clock }
    }

    /// A process at its start.
    pub(crate) fn process(&self) -> Cache {
        Cache::builder().clock(self.clock.clock()).plain_store(self.store.clone()).build()
    }

    /// A process with a store in which something has happened before.
    pub(crate) async fn cache(&self) -> Cache {
        let cache = self.process();
        cache.invalidate_all().await.unwrap_or_else(|error| panic!("{error}"));
        self.trips();
        cache
    }

    pub(crate) fn trips(&self) -> u64 {
        self.store.inner().take_trips()
    }
}

pub(crate) async fn get(cache: &Cache, value: u64) -> u64 {
    cache.get_or_compute_value("k", async move { value }).tags(["t"]).await
}
