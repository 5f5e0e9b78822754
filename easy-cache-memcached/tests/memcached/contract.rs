//! The promises of every store.

use std::net::SocketAddr;
use std::time::Duration;

use easy_cache_core::store::Store;
use easy_cache_core::testing::{Clocks, Contract, ManualClock};
use easy_cache_core::{Cache, CacheBuilder, Near, Tag};
use easy_cache_servers::Memcached;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::world::{self, World};

async fn is_kept_by(servers: &[&Memcached], clocks: Clocks, near: Option<Near>) {
    let clock = ManualClock::new();
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address()).collect();
    let contract = Contract::new(&clock, |namespace| {
        let builder = easy_cache_memcached::MemcachedStore::builder(namespace).timeout(world::PATIENCE);
        let builder = addresses.iter().fold(builder, |builder, server| builder.server(server.to_string()));
        let store = builder.build().unwrap();
        // A late tag whose server has not been met yet is not kept the first time: meet them all.
        let all: Vec<Tag> = (0..100).map(|number| Tag::new(format!("server {number}"))).collect();
        block_in_place(|| Handle::current().block_on(store.invalidate(&all, &[]))).unwrap();
        let builder = Cache::builder().namespace(namespace).clock(clocks.next()).store(store);
        let builder = near.into_iter().fold(builder, CacheBuilder::near);
        builder.store_timeout(world::PATIENCE).build()
    });
    let contract = contract.shared().losing(|| servers.iter().for_each(|server| _ = server.command("flush_all")));
    let age = |by| {
        servers.iter().for_each(|server| world::age(server, by));
        clocks.advance(by);
    };
    contract.aging(age).run().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept() {
    // parity 27
    is_kept_by(&[&Memcached::start()], Clocks::alike(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept_whatever_the_clocks_of_the_processes_say() {
    // case 56
    is_kept_by(&[&Memcached::start()], Clocks::minutes_apart(), None).await;
}

/// It tells of no changes, so nothing is kept near, and everything is as without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept_when_copies_near_are_asked_for() {
    is_kept_by(&[&Memcached::start()], Clocks::alike(), Some(Near::within(Duration::from_secs(60)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_promise_is_kept_by_three_servers() {
    is_kept_by(&[&Memcached::start(), &Memcached::start(), &Memcached::start()], Clocks::alike(), None).await;
}

#[test]
fn callers_without_a_runtime_use_it_as_well() {
    let world = World::new();
    let cache = Cache::builder().namespace(&world.namespace).store(world.store.clone()).build();
    let read = |value: u64| cache.get_or_compute_sync("k", || Some(value)).tags(["t"]).wait();
    assert_eq!((read(1), read(2)), (Some(1), Some(1)));
    cache.invalidate_tags(["t"]).wait().unwrap();
    assert_eq!(read(3), Some(3));
}
