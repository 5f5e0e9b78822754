//! One cache, several processes: trips, flights, and what is not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use easy_cache_core::testing::Fault;
use easy_cache_core::{Cache, Error, ecached};

use crate::world::{World, gated, get, getting, settle};

#[tokio::test]
async fn a_hit_takes_one_trip_and_a_miss_two() {
    // parity 34
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    world.trips();
    assert_eq!(get(&cache, 2).await, 1);
    assert_eq!(world.trips(), 1);
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(world.trips(), 2);
    get(&cache, 3).await;
    assert_eq!(world.trips(), 2);
}

#[tokio::test]
async fn a_thousand_callers_of_one_key_compute_once() {
    let world = World::new();
    let cache = world.cache().await;
    let loads = Arc::new(AtomicUsize::new(0));
    let call = || {
        let (cache, loads) = (cache.clone(), Arc::clone(&loads));
        async move {
            let load = async move {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Some(7_u64)
            };
            cache.get_or_compute("k", load).tags(["t"]).await
        }
    };
    let calls: Vec<_> = (0..1_000).map(|_| tokio::spawn(call())).collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Some(7));
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_missed_before_another_flight_landed_looks_again() {
    let world = World::new();
    let cache = world.cache().await;
    let first = AtomicUsize::new(0);
    let stall = world.store.inject(Fault::StallAfter, move |attempt| {
        attempt.is("get_many", ":e:") && first.fetch_add(1, Ordering::SeqCst) == 0
    });
    let slow = getting(&cache, 2);
    stall.reached(1).await;
    assert_eq!(get(&cache, 1).await, 1);
    drop(stall);
    assert_eq!(slow.await.unwrap(), 1, "its reply was from before the other's value was there");
}

#[tokio::test]
async fn a_follower_is_not_handed_what_another_process_has_invalidated() {
    // case 39, across processes
    let world = World::new();
    let (cache, elsewhere) = (world.cache().await, world.process());
    get(&cache, 0).await;
    cache.invalidate_tags(["t"]).await.unwrap();
    let (load, started, finish) = gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).await }
    });
    started.await.unwrap();
    elsewhere.invalidate_tags(["t"]).await.unwrap();
    let follower = getting(&cache, 2);
    settle().await;
    finish.send(1).unwrap();
    assert_eq!(leader.await.unwrap(), Some(1));
    assert_eq!(follower.await.unwrap(), 2);
}

#[tokio::test]
async fn a_leader_that_is_dropped_on_its_way_to_the_store_is_succeeded() {
    let world = World::new();
    let cache = world.cache().await;
    let stall = world.store.inject(Fault::StallBefore, |attempt| attempt.is("set_many", ":e:"));
    let leader = getting(&cache, 1);
    stall.reached(1).await;
    let follower = getting(&cache, 2);
    settle().await;
    leader.abort();
    assert!(leader.await.is_err());
    drop(stall);
    assert_eq!(follower.await.unwrap(), 2);
}

#[tokio::test]
async fn a_detached_computation_stores_its_value_though_its_caller_is_gone() {
    let world = World::new();
    let cache = world.cache().await;
    let (load, started, finish) = gated();
    let caller = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).detach().await }
    });
    started.await.unwrap();
    caller.abort();
    assert!(caller.await.is_err());
    finish.send(1).unwrap();
    settle().await;
    assert_eq!(get(&cache, 2).await, 1);
}

#[test]
fn sync_callers_use_the_store_as_well() {
    let world = World::new();
    let cache = world.process();
    cache.invalidate_all().wait().unwrap();
    let read = |value: u64| cache.get_or_compute_sync("k", move || Some(value)).tags(["t"]).wait();
    assert_eq!((read(1), read(2)), (Some(1), Some(1)));
    cache.invalidate_tags(["t"]).wait().unwrap();
    assert_eq!(read(3), Some(3));
}

#[tokio::test]
async fn cached_functions_use_the_store_as_well() {
    #[ecached("square:{n}", ttl = "1m", tags = ["squares"], cache = cache)]
    async fn square(cache: &Cache, n: u64) -> Option<String> {
        Some(format!("{} by {}", n * n, cache.namespace().len()))
    }
    let world = World::new();
    let (here, there) = (world.cache().await, world.process());
    assert_eq!(square(&here, 7).await.as_deref(), Some("49 by 0"));
    world.trips();
    assert_eq!(square(&there, 7).await.as_deref(), Some("49 by 0"));
    assert_eq!(world.trips(), 1);
    there.invalidate_tags(["squares"]).await.unwrap();
    assert!(!here.contains("square:7").await);
}

#[tokio::test]
async fn cached_functions_with_a_hard_timeout_use_the_store_as_well() {
    #[ecached("timed:{n}", cache = cache, hard_timeout = "5s")]
    async fn timed(cache: &Cache, n: u64, calls: &AtomicUsize) -> Result<u64, Error> {
        calls.fetch_add(1, Ordering::SeqCst);
        Ok(n * n)
    }
    let (world, calls) = (World::new(), AtomicUsize::new(0));
    for process in [world.cache().await, world.process()] {
        assert_eq!(timed(&process, 3, &calls).await.unwrap(), 9);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_batch_loads_what_the_store_does_not_have() {
    let world = World::new();
    let (here, there) = (world.cache().await, world.process());
    let batch = |cache: Cache, ids: Vec<u64>| async move {
        let mut asked = Vec::new();
        let values = cache
            .batch(ids, |id| format!("n:{id}"))
            .tags_of(|id, _| [format!("n:{id}")])
            .get_or_compute(|missing| {
                asked.extend(missing.iter().copied());
                std::future::ready(Ok::<_, ()>(missing.into_iter().map(|id| (id, id * id)).collect::<Vec<_>>()))
            })
            .await;
        asked.sort_unstable();
        (values.unwrap(), asked)
    };
    assert_eq!(batch(here.clone(), vec![1, 2]).await.1, [1, 2]);
    let (values, asked) = batch(there.clone(), vec![1, 2, 3]).await;
    assert_eq!((values.len(), values[&2], asked), (3, 4, vec![3]));
    there.invalidate_tags(["n:2"]).await.unwrap();
    assert_eq!(batch(here, vec![1, 2, 3]).await.1, [2]);
}

#[tokio::test]
async fn values_that_cannot_leave_the_process_are_computed_each_time() {
    let world = World::new();
    let cache = world.cache().await;
    for n in 0..3 {
        assert_eq!(cache.get_or_compute("k", async { Some(n) }).local().await, Some(n));
    }
    assert_eq!(cache.len(), 0, "nothing in this process would hear of invalidations elsewhere");
}

#[tokio::test]
async fn nothing_outside_this_store_is_kept_of_what_was_built_from_it() {
    let world = World::new();
    let (shared, memory) = (world.cache().await, Cache::new());
    let outer = |value| {
        let (shared, memory) = (shared.clone(), memory.clone());
        async move {
            let load = async move { Some(get(&shared, value).await) };
            memory.get_or_compute("outer", load).await
        }
    };
    assert_eq!(outer(1).await, Some(1));
    world.process().invalidate_tags(["t"]).await.unwrap();
    assert_eq!(outer(2).await, Some(2), "the invalidation elsewhere was heard");
}

#[tokio::test]
async fn nothing_of_other_caches_is_kept_in_the_store() {
    let world = World::new();
    let (shared, memory) = (world.cache().await, Cache::new());
    let outer = |value: u64| {
        let (shared, memory) = (shared.clone(), memory.clone());
        async move {
            let load = async move { memory.get_or_compute("inner", async { Some(value) }).tags(["t"]).await };
            shared.get_or_compute("outer", load).await
        }
    };
    assert_eq!(outer(1).await, Some(1));
    memory.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(outer(2).await, Some(2));
}

#[tokio::test]
async fn another_type_under_the_same_key_is_computed_and_replaced() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let text = || cache.get_or_compute("k", async { Some("text".to_owned()) }).tags(["t"]);
    assert_eq!(text().await.as_deref(), Some("text"));
    world.trips();
    assert_eq!(text().await.as_deref(), Some("text"));
    assert_eq!(world.trips(), 1, "it has been replaced");
}

#[tokio::test]
async fn an_inner_ttl_limits_the_outer_one_through_the_store() {
    let world = World::new();
    let cache = world.cache().await;
    let inner = |value: u64| cache.get_or_compute("inner", async move { Some(value) }).ttl(Duration::from_secs(10));
    inner(1).await;
    world.clock.advance(Duration::from_secs(4));
    let outer = |value: u64| cache.get_or_compute("outer", async move { inner(value).await });
    assert_eq!(outer(2).await, Some(1));
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(outer(3).await, Some(3));
}

#[tokio::test]
async fn what_another_process_stored_can_be_read() {
    let world = World::new();
    let (here, there) = (world.cache().await, world.process());
    assert_eq!(there.get::<u64>("k").await, None);
    get(&here, 1).await;
    assert_eq!(there.get::<u64>("k").await, Some(1));
    assert_eq!(there.get::<String>("k").await, None, "it is of another type");
    here.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(there.get::<u64>("k").await, None);
}

#[tokio::test]
async fn what_is_set_by_hand_is_there_for_everybody_and_behind_a_fence_of_the_store() {
    let world = World::new();
    let (here, there) = (world.cache().await, world.process());
    assert!(here.set("k", 1_u64).tags(["t"]).await);
    assert_eq!(there.get::<u64>("k").await, Some(1));
    there.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(here.get::<u64>("k").await, None);
    let fence = here.fence_for::<u64>("k", ["t"]).await;
    there.invalidate_tags(["t"]).await.unwrap();
    here.set("k", 2_u64).tags(["t"]).fence(fence).await;
    assert_eq!(here.get::<u64>("k").await, None, "its data is from before the invalidation");
    let fence = here.fence();
    here.invalidate_tags(["t"]).await.unwrap();
    assert!(!here.set("k", 3_u64).tags(["t"]).fence(fence).await, "this process knows by itself");
    assert!(here.set("k", 4_u64).await);
    assert!(here.set("k", 5_u64).ttl(Duration::ZERO).await);
    assert_eq!(there.get::<u64>("k").await, None, "a ttl of zero removes it");
}

#[tokio::test]
async fn what_cannot_leave_the_process_does_not_stay_in_it_either() {
    let world = World::new();
    let cache = world.cache().await;
    assert!(!cache.set_local("k", 1_u64).tags(["t"]).await, "another process could not drop it here");
    assert_eq!(cache.get_local::<u64>("k").await, None);
    assert!(cache.is_empty());
}

#[tokio::test]
async fn whether_a_set_is_kept_says_nothing_of_what_is_computed_around_it() {
    let world = World::new();
    let cache = world.cache().await;
    let down = world.store.inject(Fault::Fail, |attempt| attempt.method.starts_with("set"));
    let mut scope = easy_cache_core::Scope::new();
    assert!(!scope.wrap(async { cache.set("k", 1_u64).await }).await);
    drop(down);
    assert!(!scope.is_tainted());
}
