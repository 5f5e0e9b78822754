//! The contract on the stores that are here.

use std::time::Duration;

use easy_cache_core::testing::{Clocks, Contract, ManualClock, MemoryPlainStore};
use easy_cache_core::{Cache, CacheBuilder, Near};

#[tokio::test]
async fn memory_keeps_every_promise() {
    let clock = ManualClock::new();
    Contract::new(&clock, |namespace| Cache::builder().namespace(namespace).clock(clock.clock()).build()).run().await;
}

#[tokio::test]
async fn the_adapter_keeps_every_promise() {
    // parity 28
    adapter_keeps_every_promise(|builder| builder).await;
}

/// It tells of no changes, so nothing is kept near, and everything is as without.
#[tokio::test]
async fn the_adapter_keeps_every_promise_when_copies_near_are_asked_for() {
    adapter_keeps_every_promise(|builder| builder.near(Near::within(Duration::from_secs(60)))).await;
}

async fn adapter_keeps_every_promise(more: impl Fn(CacheBuilder) -> CacheBuilder + Send + Sync) {
    let clock = ManualClock::new();
    let store = MemoryPlainStore::new(clock.clock());
    let contract = Contract::new(&clock, |namespace| {
        more(Cache::builder().namespace(namespace).clock(clock.clock()).plain_store(store.clone())).build()
    });
    contract.shared().losing(|| store.lose(|_| true)).run().await;
}

#[tokio::test]
async fn the_adapter_keeps_every_promise_whatever_the_clocks_of_the_processes_say() {
    // case 56
    let (clock, clocks) = (ManualClock::new(), Clocks::minutes_apart());
    let store = MemoryPlainStore::new(clock.clock());
    let contract = Contract::new(&clock, |namespace| {
        Cache::builder().namespace(namespace).clock(clocks.next()).plain_store(store.clone()).build()
    });
    contract.shared().losing(|| store.lose(|_| true)).aging(|by| clocks.advance(by)).run().await;
}
