//! What is served without a trip, by whom, and how long.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use easy_cache_core::testing::{Contract, ManualClock, Remote};
use easy_cache_core::{Cache, Near, Scope, ecached};

use super::{BOUND, Shared};
use crate::world::{gated, get};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_was_found_in_the_store_is_served_without_a_trip() {
    let shared = Shared::new();
    let cache = shared.near();
    assert_eq!(shared.read(&cache, 1).await, (1, 2), "computed and stored");
    assert_eq!(shared.read(&cache, 2).await, (1, 1), "found in the store, not kept when it was computed");
    assert_eq!(shared.read(&cache, 3).await, (1, 0));
    assert_eq!(cache.len(), 1);
}

#[tokio::test]
async fn every_kind_of_call_is_served_from_a_copy() {
    #[ecached("k", cache = cache)]
    async fn function(cache: &Cache) -> u64 {
        7
    }
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    assert_eq!(function(&cache).await, 1);
    assert_eq!(cache.get("k").await, Some(1_u64));
    assert_eq!(cache.get_or_compute_sync("k", || Some(7_u64)).wait(), Some(1));
    assert_eq!(Scope::new().wrap(get(&cache, 7)).await, 1);
    let load = async |_: Vec<&str>| Ok::<_, ()>(Vec::new());
    let batch = cache.batch(["k"], |key| (*key).to_owned()).get_or_compute(load).await.unwrap();
    assert_eq!(batch.get("k"), Some(&1_u64));
    assert_eq!(shared.remote.take_trips(), 0);
}

#[tokio::test]
async fn a_copy_keeps_the_age_and_the_remaining_ttl_of_its_value() {
    // case 17
    let shared = Shared::new();
    let cache = shared.near_with(Near::within(Duration::from_secs(60)));
    let read =
        async |cache: &Cache, value: u64| cache.get_or_compute_value("k", async move { value }).ttl(10 * SECOND).await;
    read(&shared.far(), 1).await;
    shared.clock.advance(4 * SECOND);
    assert_eq!(read(&cache, 2).await, 1);
    assert_eq!(cache.time_to_live("k").wait(), Some(6 * SECOND));
    assert_eq!(cache.explain("k").stored, Some(4 * SECOND));
    shared.clock.advance(6 * SECOND);
    assert_eq!(read(&cache, 3).await, 3);
}

#[tokio::test]
async fn a_copy_is_kept_no_longer_than_it_may_be() {
    // case 16
    let shared = Shared::new();
    let cache = shared.near_with(Near::within(Duration::from_secs(60)).keep_for(SECOND));
    shared.copy(&cache, 1).await;
    shared.clock.advance(SECOND / 2);
    shared.remote.hold_news();
    shared.remote.lose("k");
    assert_eq!(get(&shared.far(), 2).await, 2);
    shared.clock.advance(SECOND * 2 / 5);
    assert_eq!(shared.read(&cache, 3).await, (1, 0), "nobody has said anything");
    shared.clock.advance(SECOND / 5);
    assert_eq!(shared.read(&cache, 3).await, (2, 1));
}

#[tokio::test]
async fn the_end_of_a_copy_is_not_the_end_of_what_is_built_from_it() {
    let shared = Shared::new();
    let cache = shared.near_with(Near::within(Duration::from_secs(60)).keep_for(SECOND));
    shared.copy(&cache, 1).await;
    let outer = async |value: u64| {
        let load = async { get(&cache, 0).await + value };
        cache.get_or_compute_value("outer", load).await
    };
    assert_eq!(outer(10).await, 11);
    shared.clock.advance(2 * SECOND);
    assert_eq!(outer(20).await, 11);
}

#[tokio::test]
async fn a_copy_waits_for_no_flight() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    let (load, started, finish) = gated();
    let refresh = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).refresh().await }
    });
    started.await.unwrap();
    assert_eq!(shared.read(&cache, 3).await, (1, 0));
    finish.send(2).unwrap();
    assert_eq!(refresh.await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_copy_of_another_type_is_no_answer() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    assert_eq!(cache.get::<String>("k").await, None);
    assert_eq!(shared.remote.take_trips(), 1, "the store may have one of the right type");
    assert_eq!(cache.get::<u64>("k").await, Some(1));
}

#[tokio::test]
async fn a_cache_that_is_switched_off_serves_no_copy() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    cache.set_enabled(false);
    assert_eq!(shared.read(&cache, 2).await, (2, 0));
    cache.set_enabled(true);
    assert_eq!(shared.read(&cache, 3).await, (1, 0));
}

#[tokio::test]
async fn what_the_store_does_not_tell_of_is_not_kept() {
    let shared = Shared::new();
    let cache = shared.near();
    shared.remote.leave_out("k");
    shared.copy(&cache, 1).await;
    assert_eq!(shared.read(&cache, 2).await, (1, 1));
    assert!(cache.is_empty());
}

#[tokio::test]
async fn a_store_that_tells_nothing_is_asked_each_time() {
    let clock = ManualClock::new();
    let remote = Remote::silent(clock.clock());
    let cache = Cache::builder().clock(clock.clock()).store(remote.clone()).near(Near::within(BOUND)).build();
    get(&cache, 1).await;
    remote.take_trips();
    assert_eq!((get(&cache, 2).await, get(&cache, 3).await), (1, 1));
    assert_eq!((remote.take_trips(), cache.len()), (2, 0));
}

#[test]
fn a_cache_without_a_store_outside_needs_no_proof() {
    let cache = Cache::builder().near(Near::within(BOUND)).build();
    cache.set("k", 1).wait();
    assert_eq!(cache.get("k").wait(), Some(1));
}

#[tokio::test]
async fn nobody_is_told_any_more_when_the_cache_is_gone() {
    let shared = Shared::new();
    let cache = shared.near();
    assert_eq!(shared.remote.followers(), 1);
    drop(cache);
    assert_eq!(shared.remote.followers(), 0);
}

/// Promises of every store, with and without copies in front of one whose news arrive at once.
#[tokio::test]
async fn the_contract_is_kept() {
    for near in [None, Some(Near::within(Duration::from_secs(3_600)))] {
        let clock = ManualClock::new();
        let remotes: Mutex<HashMap<String, Remote>> = Mutex::default();
        let contract = Contract::new(&clock, |namespace| {
            let remote = remotes
                .lock()
                .unwrap()
                .entry(namespace.to_owned())
                .or_insert_with(|| Remote::new(clock.clock()))
                .clone();
            let builder = Cache::builder().namespace(namespace).clock(clock.clock()).store(remote.clone());
            let cache = near.map_or(builder.clone(), |near| builder.near(near)).build();
            remote.prove();
            cache
        });
        contract.shared().losing(|| remotes.lock().unwrap().values().for_each(Remote::flush)).run().await;
    }
}

/// And those of stores that tell of changes.
#[tokio::test]
async fn the_promises_of_copies_are_kept() {
    let clock = ManualClock::new();
    let remotes: Mutex<HashMap<String, Remote>> = Mutex::default();
    let remote_of = |namespace: &str| {
        let mut remotes = remotes.lock().unwrap();
        remotes.entry(namespace.to_owned()).or_insert_with(|| Remote::new(clock.clock())).clone()
    };
    let builder = |namespace: &str| Cache::builder().clock(clock.clock()).store(remote_of(namespace));
    let near = |namespace: &str| {
        let cache = builder(namespace).near(Near::within(BOUND)).build();
        remote_of(namespace).prove();
        cache
    };
    let contract = Contract::new(&clock, |namespace| builder(namespace).build());
    let contract = contract.losing(|| remotes.lock().unwrap().values().for_each(Remote::flush));
    let pause = || {
        remotes.lock().unwrap().values().for_each(Remote::prove);
        tokio::task::yield_now()
    };
    contract.following(near, pause).run().await;
}

#[tokio::test]
async fn a_local_value_has_nothing_to_do_with_copies() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    let local = async |value: u64| cache.get_or_compute("local", async { Some(value) }).local().await;
    assert_eq!((local(7).await, local(8).await), (Some(7), Some(8)), "this process would not hear of its tags");
}
