//! Past the ttl: grace, early refresh, fail-safe, what was invalidated by tag. Who computes, who gets what meanwhile.

use easy_cache_core::{Cache, EarlyRefresh, ManualClock, Scope};
use tokio::task::JoinHandle;

use crate::support::{Calls, cache_and_clock, milliseconds, poll, seconds, settle};

/// A cache that has stored 1 under `k`, with the tag `t`, for ten seconds and as long again in grace.
async fn graceful() -> (Cache, ManualClock, Calls) {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    assert_eq!(graced(&cache, calls.load(1)).await, Some(1));
    (cache, clock, calls)
}

async fn graced(cache: &Cache, load: impl Future<Output = Option<i32>>) -> Option<i32> {
    cache.get_or_compute("k", load).ttl(seconds(10)).tags(["t"]).stale_while_revalidate(seconds(10)).await
}

async fn hold_the_refresh(
    cache: &Cache,
    calls: &Calls,
) -> (JoinHandle<Option<i32>>, tokio::sync::oneshot::Sender<i32>) {
    let (load, started, finish) = calls.gated();
    let cache = cache.clone();
    let leader = tokio::spawn(async move { graced(&cache, load).await });
    started.await.unwrap();
    (leader, finish)
}

#[tokio::test]
async fn in_grace_one_computes_in_line_and_all_others_get_the_old_value_at_once() {
    // cases 33, 40
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(5));
    assert_eq!(graced(&cache, calls.load(2)).await, Some(1));
    assert_eq!(calls.count(), 1, "fresh: nothing is computed");
    clock.advance(seconds(10));
    let (leader, finish) = hold_the_refresh(&cache, &calls).await;
    for _ in 0..10 {
        assert_eq!(graced(&cache, calls.load(3)).await, Some(1));
        assert_eq!(cache.get::<i32>("k").await, None, "who does not ask for it gets nothing stale");
    }
    finish.send(2).unwrap();
    assert_eq!(leader.await.unwrap(), Some(2));
    assert_eq!(graced(&cache, calls.load(4)).await, Some(2));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn past_its_grace_a_value_is_computed_anew_before_anybody_is_served() {
    // case 33
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(20));
    assert_eq!(graced(&cache, calls.load(2)).await, Some(2));
}

#[tokio::test]
async fn a_thread_refreshes_while_others_are_served() {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let call = |load| cache.get_or_compute_sync("k", load).ttl(seconds(10)).stale_while_revalidate(seconds(10)).wait();
    call(Box::new(calls.run(1)) as Box<dyn FnOnce() -> Option<i32>>);
    clock.advance(seconds(15));
    let answer = call(Box::new(|| {
        assert_eq!(call(Box::new(calls.run(3))), Some(1), "a call from inside is served what there is");
        Some(2)
    }));
    assert_eq!(answer, Some(2));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn sync_and_async_callers_refresh_once_and_never_wait_for_each_other() {
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    let (leader, finish) = hold_the_refresh(&cache, &calls).await;
    let sync = cache.get_or_compute_sync("k", calls.run(3)).ttl(seconds(10)).stale_while_revalidate(seconds(10)).wait();
    assert_eq!(sync, Some(1));
    assert_eq!(calls.count(), 2);
    finish.send(2).unwrap();
    leader.await.unwrap();
}

#[tokio::test]
async fn a_detached_refresh_goes_on_behind_everybody() {
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    let (load, started, finish) = calls.gated();
    let first = cache.get_or_compute("k", load).ttl(seconds(10)).stale_while_revalidate(seconds(10)).detach().await;
    assert_eq!(first, Some(1), "who finds it due does not wait either");
    started.await.unwrap();
    assert_eq!(graced(&cache, calls.load(3)).await, Some(1));
    finish.send(2).unwrap();
    settle().await;
    assert_eq!(cache.get::<i32>("k").await, Some(2));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_stale_value_is_not_kept_by_what_is_built_from_it() {
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    let (leader, finish) = hold_the_refresh(&cache, &calls).await;
    let outer = cache.get_or_compute("outer", async { graced(&cache, calls.load(3)).await });
    assert_eq!(outer.await, Some(1));
    assert!(!cache.contains("outer").await);
    finish.send(2).unwrap();
    leader.await.unwrap();
    let mut scope = Scope::new();
    scope.wrap(async { graced(&cache, calls.load(3)).await }).await;
    assert!(!scope.is_tainted(), "fresh again");
}

#[tokio::test]
async fn what_is_built_from_a_stale_value_is_computed_twice_at_most_however_many_wait() {
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    let (refresher, _finish) = hold_the_refresh(&cache, &calls).await;
    let outer = Calls::default();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (cache, counted) = (cache.clone(), outer.load(()));
        callers.spawn(async move {
            let load = async {
                counted.await;
                tokio::task::yield_now().await;
                graced(&cache, async { None }).await
            };
            let mut scope = Scope::new();
            let answer = scope.wrap(cache.get_or_compute("outer", load)).await;
            (answer, scope.is_tainted())
        });
    }
    let answers = callers.join_all().await;
    assert!(answers.into_iter().all(|answer| answer == (Some(1), true)), "nobody takes it for fresh");
    assert_eq!(outer.count(), 2);
    assert!(!cache.contains("outer").await);
    refresher.abort();
}

#[tokio::test]
async fn what_was_invalidated_is_not_served_in_grace() {
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(graced(&cache, calls.load(2)).await, Some(2));
    let held = cache.hold(["t"], seconds(60)).await;
    clock.advance(seconds(15));
    assert_eq!(graced(&cache, calls.load(3)).await, Some(3), "held: not even in grace");
    held.rollback().await.unwrap();
}

/// A refresh during which the tag is invalidated. The tag is known before, or only when the data has been read.
async fn interrupted_refresh(detached: bool, late_tag: bool) {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let early = EarlyRefresh::after(0.5);
    cache.get_or_compute("k", calls.load(1)).ttl(seconds(10)).tags(["t"]).early_refresh(early).await;
    clock.advance(seconds(6));
    let (load, started, finish) = calls.gated();
    let refresher = tokio::spawn({
        let cache = cache.clone();
        async move {
            let inner = cache.clone();
            let load = async move {
                let value = load.await;
                let late: &[&str] = if late_tag { &["t"] } else { &[] };
                easy_cache_core::scope::depend(&inner, late.iter().copied());
                value
            };
            let known: &[&str] = if late_tag { &[] } else { &["t"] };
            let call =
                cache.get_or_compute("k", load).ttl(seconds(10)).tags(known.iter().copied()).early_refresh(early);
            if detached { call.detach().await } else { call.await }
        }
    });
    started.await.unwrap();
    cache.invalidate_tags(["t"]).await.unwrap();
    finish.send(2).unwrap();
    refresher.await.unwrap();
    settle().await;
    assert_eq!(cache.get_or_compute("k", calls.load(3)).await, Some(3), "detached: {detached}, late: {late_tag}");
}

#[tokio::test]
async fn an_invalidation_during_a_refresh_is_not_lost() {
    // cases 51, 52: early refresh, in line and detached
    for detached in [false, true] {
        for late_tag in [false, true] {
            interrupted_refresh(detached, late_tag).await;
        }
    }
}

#[tokio::test]
async fn an_early_refresh_gives_the_old_value_to_all_but_one() {
    // cases 28, 29
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let early = || EarlyRefresh::after(0.1);
    let call = |load| cache.get_or_compute("k", load).ttl(seconds(10)).early_refresh(early());
    cache.get_or_compute("k", calls.load(1)).ttl(seconds(10)).early_refresh(early()).await;
    clock.advance(milliseconds(999));
    assert_eq!(cache.get_or_compute("k", calls.load(9)).ttl(seconds(10)).early_refresh(early()).await, Some(1));
    assert_eq!(calls.count(), 1);
    clock.advance(milliseconds(1));
    let (load, started, finish) = calls.gated();
    assert_eq!(call(load).detach().await, Some(1));
    started.await.unwrap();
    for _ in 0..40 {
        clock.advance(milliseconds(100));
        assert_eq!(cache.get_or_compute("k", calls.load(9)).ttl(seconds(10)).early_refresh(early()).await, Some(1));
    }
    assert_eq!(calls.count(), 2);
    finish.send(2).unwrap();
    settle().await;
    assert_eq!(cache.get::<i32>("k").await, Some(2));
}

#[tokio::test]
async fn who_comes_after_the_end_waits_for_the_early_refresh_under_way() {
    // case 30
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let early = EarlyRefresh::after(0.2);
    cache.get_or_compute("k", calls.load(1)).ttl(seconds(2)).early_refresh(early).await;
    clock.advance(milliseconds(410));
    let (load, started, finish) = calls.gated();
    assert_eq!(cache.get_or_compute("k", load).ttl(seconds(2)).early_refresh(early).detach().await, Some(1));
    started.await.unwrap();
    clock.advance(milliseconds(1_700));
    let late = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load(3)).ttl(seconds(2)).early_refresh(early).await }
    });
    settle().await;
    finish.send(2).unwrap();
    assert_eq!(late.await.unwrap(), Some(2));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_refresh_whose_leader_is_dropped_is_taken_up_by_the_next_caller() {
    // case 37
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    let (leader, _finish) = hold_the_refresh(&cache, &calls).await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    assert_eq!(graced(&cache, calls.load(3)).await, Some(3));
}

#[tokio::test]
async fn a_refresh_whose_leader_is_never_polled_again_is_given_up() {
    let (cache, clock) = cache_and_clock();
    graced_long(&cache, async { Some(1) }).await;
    clock.advance(seconds(15));
    let (load, started, _finish) = Calls::default().gated::<i32>();
    let mut stuck = Box::pin(graced_long(&cache, load));
    assert!(poll(stuck.as_mut()).is_pending());
    started.await.unwrap();
    clock.advance(seconds(29));
    assert_eq!(graced_long(&cache, async { Some(2) }).await, Some(1), "it may still come");
    clock.advance(seconds(1));
    assert_eq!(graced_long(&cache, async { Some(3) }).await, Some(3));
}

async fn graced_long(cache: &Cache, load: impl Future<Output = Option<i32>>) -> Option<i32> {
    cache.get_or_compute("k", load).ttl(seconds(10)).stale_while_revalidate(seconds(90)).await
}

#[tokio::test]
async fn a_refresh_that_panics_behind_ends_its_flight() {
    let (cache, clock, calls) = graceful().await;
    clock.advance(seconds(15));
    let panicking = async { if true { panic!("the refresh panics") } else { Some(0) } };
    let call = cache.get_or_compute("k", panicking).ttl(seconds(10)).stale_while_revalidate(seconds(10));
    assert_eq!(call.detach().await, Some(1));
    settle().await;
    assert_eq!(graced(&cache, calls.load(2)).await, Some(2), "the next one refreshes");
}
