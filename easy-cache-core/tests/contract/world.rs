//! A shared store whose time and whose failures are the test's, and processes around it.

use easy_cache_core::Cache;
use easy_cache_core::testing::{Faults, ManualClock, MemoryPlainStore};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

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

/// The same in a task of its own.
pub(crate) fn getting(cache: &Cache, value: u64) -> JoinHandle<u64> {
    let cache = cache.clone();
    tokio::spawn(async move { get(&cache, value).await })
}

/// A loader that has started when the receiver resolves, and ends when it is told to with its value.
pub(crate) fn gated() -> (impl Future<Output = Option<u64>>, oneshot::Receiver<()>, oneshot::Sender<u64>) {
    let (start, started) = oneshot::channel();
    let (finish, finished) = oneshot::channel();
    let load = async move {
        let _ = start.send(());
        finished.await.ok()
    };
    (load, started, finish)
}

/// Lets every other task of this thread go as far as it can.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
