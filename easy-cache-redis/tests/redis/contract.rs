//! The promises of every store.

use easy_cache_core::Cache;
use easy_cache_core::testing::{Contract, ManualClock};
use easy_cache_redis::RedisStore;
use easy_cache_servers::Redis;

use crate::world;

#[tokio::test]
async fn every_promise_is_kept() {
    let (server, clock) = (Redis::start(), ManualClock::new());
    let contract = Contract::new(&clock, |namespace| {
        let store = RedisStore::builder(namespace).url(server.url()).timeout(world::PATIENCE).build().unwrap();
        Cache::builder().namespace(namespace).clock(clock.clock()).store(store).store_timeout(world::PATIENCE).build()
    });
    let contract = contract.shared().losing(|| _ = server.command(["FLUSHALL"]));
    contract.aging(|by| world::age(&server, by)).run().await;
}
