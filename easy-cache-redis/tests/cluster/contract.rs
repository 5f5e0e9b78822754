//! The promises of every store, on three masters with replicas: with one group of records and with several, and with copies near.

use std::time::Duration;

use easy_cache_core::testing::{Contract, ManualClock};
use easy_cache_core::{Cache, CacheBuilder, Near};
use easy_cache_redis::RedisClusterStore;
use easy_cache_servers::Cluster;

use crate::world;

/// Makes everything on a node older, by so many microseconds: what expires, and the deadlines of holds.
const AGE: &str = r"#!lua flags=allow-cross-slot-keys
    local by = tonumber(ARGV[1])
    for _, key in ipairs(redis.call('KEYS', '*')) do
        local left = redis.call('PTTL', key)
        local value = redis.call('TYPE', key).ok == 'string' and redis.call('GET', key)
        if value and string.find(key, ':r:', 1, true) and #value > 16 then
            for at = 33, #value, 24 do
                local deadline = struct.pack('>I8', struct.unpack('>I8', value, at) - by)
                redis.call('SETRANGE', key, at - 1, deadline)
            end
        end
        if left > 0 then redis.call('PEXPIRE', key, left - by / 1000) end
    end
";

const NEAR: Near = Near::within(Duration::from_millis(200));

fn builder(cluster: &Cluster, clock: &ManualClock, namespace: &str, groups: usize) -> CacheBuilder {
    let builder = RedisClusterStore::builder(namespace).urls(cluster.urls()).groups(groups);
    let store = builder.timeout(Duration::from_secs(10)).build().unwrap();
    Cache::builder().namespace(namespace).clock(clock.clock()).store(store)
}

fn age(cluster: &Cluster, by: Duration) {
    cluster.command_everywhere(&["EVAL", AGE, "0", &by.as_micros().to_string()]);
}

async fn every_promise_is_kept(groups: usize) {
    let cluster = world::started(Cluster::start).await;
    let clock = ManualClock::new();
    let builder = |namespace: &str| builder(&cluster, &clock, namespace, groups);
    let near = |namespace: &str| builder(namespace).near(NEAR).build();
    let contract = Contract::new(&clock, |namespace| builder(namespace).build())
        .shared()
        .losing(|| cluster.command_everywhere(&["FLUSHALL"]));
    let contract = contract.following(near, || tokio::time::sleep(Duration::from_millis(1)));
    contract.aging(|by| age(&cluster, by)).run().await;
    // With copies near: all of what one process can see.
    let contract = Contract::new(&clock, near).losing(|| cluster.command_everywhere(&["FLUSHALL"]));
    contract.aging(|by| age(&cluster, by)).run().await;
}

#[tokio::test]
async fn every_promise_is_kept_with_one_group_of_records() {
    every_promise_is_kept(1).await;
}

#[tokio::test]
async fn every_promise_is_kept_with_records_in_several_groups() {
    every_promise_is_kept(7).await;
}
