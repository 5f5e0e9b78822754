//! The contract on the stores that are here.

use easy_cache_core::Cache;
use easy_cache_core::testing::{Contract, ManualClock, MemoryPlainStore};

#[tokio::test]
async fn memory_keeps_every_promise() {
    let clock = ManualClock::new();
    Contract::new(&clock, |namespace| Cache::builder().namespace(namespace).clock(clock.clock()).build()).run().await;
}

#[tokio::test]
async fn the_adapter_keeps_every_promise() {
    // parity 28
    let clock = ManualClock::new();
    let store = MemoryPlainStore::new(clock.clock());
    let contract = Contract::new(&clock, |namespace| {
        Cache::builder().namespace(namespace).clock(clock.clock()).plain_store(store.clone()).build()
    });
    contract.shared().losing(|| store.lose(|_| true)).run().await;
}
