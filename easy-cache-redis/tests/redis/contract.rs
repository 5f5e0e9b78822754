//! The promises of every store.

use std::time::Duration;

use easy_cache_core::testing::{Clocks, Contract, ManualClock};
use easy_cache_core::{Cache, CacheBuilder, Clock, Codec, Near};
use easy_cache_redis::RedisStore;
use easy_cache_redis::deadpool_redis::{Config, Runtime};
use easy_cache_servers::Redis;
use easy_cache_servers::redis::Reply;

use crate::world;

#[tokio::test]
async fn every_promise_is_kept() {
    // parity 27
    let (server, clock) = (Redis::start(), ManualClock::new());
    let contract = Contract::new(&clock, |namespace| builder(&server, clock.clock(), namespace).build());
    let contract = contract.shared().losing(|| _ = server.command(["FLUSHALL"]));
    let contract = contract.aging(|by| world::age(&server, by));
    let near = |namespace: &str| builder(&server, clock.clock(), namespace).near(NEAR).build();
    contract.following(near, || tokio::time::sleep(Duration::from_millis(1))).run().await;
}

/// With copies near: all of what one process can see.
#[tokio::test]
async fn every_promise_is_kept_with_copies_near() {
    let (server, clock) = (Redis::start(), ManualClock::new());
    let contract = Contract::new(&clock, |namespace| builder(&server, clock.clock(), namespace).near(NEAR).build());
    let contract = contract.losing(|| _ = server.command(["FLUSHALL"]));
    contract.aging(|by| world::age(&server, by)).run().await;
}

/// All that is needed is a client: here the application's own pool, with a namespace as the prefix, and a codec.
#[tokio::test]
async fn a_pool_a_namespace_and_a_codec_make_a_cache() {
    // parity 29
    let server = Redis::start();
    let pool = Config::from_url(server.url()).create_pool(Some(Runtime::Tokio1)).unwrap();
    let store = RedisStore::from_pool(pool, "shop").unwrap();
    let cache =
        Cache::builder().namespace("shop").codec(Codec::Json).store(store).store_timeout(world::PATIENCE).build();
    let titles = async || cache.get_or_compute("titles", async { Some(vec!["Emma".to_owned()]) }).await;
    assert_eq!((titles().await, titles().await), (Some(vec!["Emma".to_owned()]), Some(vec!["Emma".to_owned()])));
    let keys = server.command(["KEYS", "*"]);
    assert!(keys.list().iter().all(|key| key.to_string().contains("ec1:shop")), "{keys:?}");
    let entry = keys.list().iter().map(ToString::to_string).find(|key| key.contains(":e:")).unwrap();
    let Reply::Bytes(entry) = server.command(["GET", &entry]) else { panic!("no value at {entry}") };
    assert!(entry.windows(8).any(|bytes| bytes == b"[\"Emma\"]"), "{entry:?}");
}

#[tokio::test]
async fn every_promise_is_kept_whatever_the_clocks_of_the_processes_say() {
    // case 56
    let (server, clock, clocks) = (Redis::start(), ManualClock::new(), Clocks::minutes_apart());
    let contract = Contract::new(&clock, |namespace| builder(&server, clocks.next(), namespace).build());
    let contract = contract.shared().losing(|| _ = server.command(["FLUSHALL"]));
    let age = |by| {
        world::age(&server, by);
        clocks.advance(by);
    };
    contract.aging(age).run().await;
}

const NEAR: Near = Near::within(Duration::from_millis(200));

fn builder(server: &Redis, clock: Clock, namespace: &str) -> CacheBuilder {
    let store = RedisStore::builder(namespace).url(server.url()).timeout(world::PATIENCE).build().unwrap();
    Cache::builder().namespace(namespace).clock(clock).store(store).store_timeout(world::PATIENCE)
}
