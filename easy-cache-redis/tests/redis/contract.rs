//! The promises of every store.

use std::time::Duration;

use easy_cache_core::testing::{Contract, ManualClock};
use easy_cache_core::{Cache, CacheBuilder, Near};
use easy_cache_redis::RedisStore;
use easy_cache_servers::Redis;

use crate::world;

#[tokio::test]
async fn every_promise_is_kept() {
    let (server, clock) = (Redis::start(), ManualClock::new());
    let contract = Contract::new(&clock, |namespace| builder(&server, &clock, namespace).build());
    let contract = contract.shared().losing(|| _ = server.command(["FLUSHALL"]));
    let contract = contract.aging(|by| world::age(&server, by));
    let near = |namespace: &str| builder(&server, &clock, namespace).near(NEAR).build();
    contract.following(near, || tokio::time::sleep(Duration::from_millis(1))).run().await;
}

/// With copies near: all of what one process can see.
#[tokio::test]
async fn every_promise_is_kept_with_copies_near() {
    let (server, clock) = (Redis::start(), ManualClock::new());
    let contract = Contract::new(&clock, |namespace| builder(&server, &clock, namespace).near(NEAR).build());
    let contract = contract.losing(|| _ = server.command(["FLUSHALL"]));
    contract.aging(|by| world::age(&server, by)).run().await;
}

const NEAR: Near = Near::within(Duration::from_millis(200));

fn builder(server: &Redis, clock: &ManualClock, namespace: &str) -> CacheBuilder {
    let store = RedisStore::builder(namespace).url(server.url()).timeout(world::PATIENCE).build().unwrap();
    Cache::builder().namespace(namespace).clock(clock.clock()).store(store).store_timeout(world::PATIENCE)
}
