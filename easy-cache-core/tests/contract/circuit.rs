//! A store that is down is left alone: nobody waits for it, one call now and then finds out whether it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::testing::Fault;
use easy_cache_core::{Cache, ErrorKind};

use crate::world::{World, get, getting, settle};

const PAUSE: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(1);

async fn cache(world: &World, failures: u32) -> Cache {
    let builder = Cache::builder().clock(world.clock.clock()).plain_store(world.store.clone());
    let cache = builder.store_breaker(failures, PAUSE).store_timeout(TIMEOUT).build();
    cache.invalidate_all().await.unwrap_or_else(|error| panic!("{error}"));
    world.trips();
    cache
}

#[tokio::test]
async fn while_the_circuit_is_open_the_store_is_not_asked() {
    // case 65
    let world = World::new();
    let cache = cache(&world, 1).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    for n in 0..3 {
        assert_eq!(get(&cache, n).await, n);
    }
    assert_eq!(down.count(), 1);
    world.clock.advance(PAUSE);
    for n in 3..6 {
        assert_eq!(get(&cache, n).await, n);
    }
    assert_eq!(down.count(), 2, "one of them found out that it is still down");
    drop(down);
    world.clock.advance(PAUSE);
    assert_eq!((get(&cache, 7).await, get(&cache, 8).await), (7, 7));
}

#[tokio::test]
async fn what_was_computed_while_the_circuit_was_open_is_not_kept_and_what_was_invalidated_is_gone() {
    // case 66: nothing else is left in this process than what the store had last, unless that was invalidated.
    let world = World::new();
    let cache = cache(&world, 1).await;
    get(&cache, 1).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    assert_eq!(get(&cache, 3).await, 3);
    drop(down);
    assert_eq!(get(&cache, 4).await, 4, "it is open");
    world.clock.advance(PAUSE);
    assert_eq!(get(&cache, 5).await, 1, "the last value that reached the store");
    let down = world.store.inject(Fault::Fail, |_| true);
    assert_eq!(cache.invalidate_tags(["t"]).await.unwrap_err().kind(), ErrorKind::Store);
    drop(down);
    world.clock.advance(PAUSE);
    assert_eq!(get(&cache, 6).await, 6, "delivered before the store was asked");
}

#[tokio::test]
async fn an_invalidation_while_the_circuit_is_open_is_an_error_at_once_and_is_owed() {
    let world = World::new();
    let cache = cache(&world, 1).await;
    get(&cache, 1).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    get(&cache, 2).await;
    drop(down);
    assert_eq!(cache.invalidate_tags(["t"]).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(cache.undelivered(), 1);
    world.clock.advance(PAUSE);
    assert_eq!((get(&cache, 3).await, cache.undelivered()), (3, 0));
}

#[tokio::test]
async fn a_call_waits_for_a_store_that_is_silent_once_at_most() {
    let world = World::new();
    let cache = cache(&world, 5).await;
    let silent = world.store.inject(Fault::StallBefore, |_| true);
    let calls: Vec<_> = (0..20).map(|n| getting(&cache, n)).collect();
    silent.reached(20).await;
    // A flight lands between the look of a call and its turn to lead: no reason to look again.
    world.clock.advance(TIMEOUT);
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(silent.count(), 20);
    get(&cache, 21).await;
    assert_eq!(silent.count(), 20, "the circuit is open");
}

#[tokio::test]
async fn callers_that_give_up_before_the_timeout_open_the_circuit_too() {
    let world = World::new();
    let cache = cache(&world, 2).await;
    let silent = world.store.inject(Fault::StallBefore, |_| true);
    for n in 1..=2 {
        let call = getting(&cache, 0);
        silent.reached(n).await;
        world.clock.advance(TIMEOUT / 4);
        call.abort();
        assert!(call.await.is_err());
    }
    assert_eq!(get(&cache, 3).await, 3);
    assert_eq!(silent.count(), 2);
}

#[tokio::test]
async fn a_minute_without_the_store_costs_a_few_probes_and_its_return_no_storm() {
    let world = World::new();
    let cache = cache(&world, 5).await;
    get(&cache, 0).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    let (loads, value) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(1)));
    let call = || {
        let (cache, loads, value) = (cache.clone(), Arc::clone(&loads), Arc::clone(&value));
        tokio::spawn(async move {
            let load = async {
                loads.fetch_add(1, Ordering::SeqCst);
                value.load(Ordering::SeqCst)
            };
            cache.get_or_compute_value("k", load).tags(["t"]).await
        })
    };
    assert!(cache.invalidate_tags(["t"]).await.is_err());
    for _ in 0..600 {
        world.clock.advance(Duration::from_millis(100));
        let calls: Vec<_> = (0..5).map(|_| call()).collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), 1);
        }
    }
    assert!(down.count() <= 5 + 300, "one probe for each pause: {}", down.count());
    drop(down);
    world.clock.advance(Duration::from_secs(5));
    settle().await;
    assert_eq!(cache.undelivered(), 0);
    let before = loads.swap(0, Ordering::SeqCst);
    assert!(before <= 3_000);
    let calls: Vec<_> = (0..100).map(|_| call()).collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 1, "nothing stale");
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1, "one load fills it again");
}
