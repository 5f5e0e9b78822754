//! What happens while a computation is under way, and shows only at its end: invalidations during loads that fail, answers that
//! come too late, writers that never came back.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread;

use easy_cache_core::events::Invalidated;
use easy_cache_core::{Cache, EarlyRefresh, Error, Loaded, Loading, ManualClock, Scope, Tag, scope};
use tokio::sync::oneshot;

use crate::support::{cache_and_clock, poll, seconds};

/// A load that fails when it is told to.
async fn failing(told: oneshot::Receiver<()>) -> Result<i32, &'static str> {
    let _ = told.await;
    Err("down")
}

#[test]
fn what_was_removed_by_its_key_stands_in_for_nobody() {
    let (cache, clock) = cache_and_clock();
    let call = |load| cache.get_or_compute("k", load).ttl(seconds(1)).fail_safe(seconds(60));
    cache.get_or_compute_sync("k", || Ok::<_, ()>(1)).ttl(seconds(1)).fail_safe(seconds(60)).wait().unwrap();
    clock.advance(seconds(1));
    let (fail, failed) = oneshot::channel();
    let mut leader = pin!(call(failing(failed)).into_future());
    assert!(poll(leader.as_mut()).is_pending());
    cache.invalidate_key("k").wait().unwrap();
    let (fail_again, failed_again) = oneshot::channel();
    let mut follower = pin!(call(failing(failed_again)).into_future());
    assert!(poll(follower.as_mut()).is_pending());
    fail.send(()).unwrap();
    fail_again.send(()).unwrap();
    assert_eq!(poll(leader.as_mut()), Poll::Ready(Err("down")));
    assert_eq!(poll(follower.as_mut()), Poll::Ready(Err("down")), "it called after the invalidation had returned");
}

#[test]
fn what_was_removed_by_its_key_stands_in_for_no_item_of_a_batch() {
    let (cache, clock) = cache_and_clock();
    let batch = || cache.batch([1], |id| format!("k:{id}")).ttl(seconds(1)).fail_safe(seconds(60));
    batch().get_or_compute_sync(|ids| Ok::<_, ()>(ids.into_iter().map(|id| (id, 1)))).unwrap();
    clock.advance(seconds(1));
    let (fail, failed) = oneshot::channel();
    let mut failed = Some(failed);
    let mut leader = pin!(batch().get_or_compute(|_| {
        let failed = failed.take();
        async move { failing(failed.unwrap()).await.map(|value| [(1, value)]) }
    }));
    assert!(poll(leader.as_mut()).is_pending());
    cache.invalidate_key("k:1").wait().unwrap();
    fail.send(()).unwrap();
    assert_eq!(poll(leader.as_mut()), Poll::Ready(Err("down")));
}

#[test]
fn what_was_stored_meanwhile_stands_in_rather_than_what_was_there_before() {
    let (cache, clock) = cache_and_clock();
    cache.get_or_compute_sync("k", || Ok::<_, ()>(1)).ttl(seconds(1)).fail_safe(seconds(60)).wait().unwrap();
    clock.advance(seconds(1));
    let (fail, failed) = oneshot::channel();
    let load = cache.get_or_compute("k", failing(failed)).ttl(seconds(1)).fail_safe(seconds(60));
    let mut leader = pin!(load.into_future());
    assert!(poll(leader.as_mut()).is_pending());
    cache.set("k", 2).wait();
    fail.send(()).unwrap();
    assert_eq!(poll(leader.as_mut()), Poll::Ready(Ok(2)));
}

#[tokio::test]
async fn an_answer_that_came_too_late_is_not_built_into_a_kept_value() {
    let (cache, clock) = cache_and_clock();
    let never = || std::future::pending::<Option<i32>>();
    for detached in [false, true] {
        let inner = || cache.get_or_compute("inner", never()).tags(["t"]).hard_timeout(seconds(1));
        let outer = async {
            let answer = if detached { inner().detach().await } else { inner().await };
            Some(answer.unwrap_or(0))
        };
        let mut outer = pin!(cache.get_or_compute("outer", outer).into_future());
        assert!(poll(outer.as_mut()).is_pending());
        clock.advance(seconds(1));
        assert_eq!(poll(outer.as_mut()), Poll::Ready(Some(0)));
        assert_eq!(cache.get::<i32>("outer").await, None, "nothing would ever drop it");
    }
}

#[tokio::test]
async fn an_answer_made_because_the_load_was_dropped_is_not_built_into_a_kept_value() {
    let cache = Cache::builder().spawner(drop).build();
    let inner = cache.get_or_compute("inner", async { Ok::<_, Error>(1) }).tags(["t"]);
    let inner = inner.hard_timeout(seconds(60)).detach();
    let outer = cache.get_or_compute("outer", async { Some(inner.await.unwrap_or(0)) });
    assert_eq!(outer.await, Some(0));
    assert_eq!(cache.get::<i32>("outer").await, None, "nothing would ever drop it");
}

#[test]
fn how_long_something_outdated_is_served_counts_from_the_deadline_of_a_hold_and_not_from_who_meets_it() {
    let (cache, clock) = cache_and_clock();
    let read =
        |value| cache.get_or_compute_sync("k", move || Some(value)).tags(["t"]).serve_outdated(seconds(10)).wait();
    assert_eq!(read(1), Some(1));
    drop(cache.hold(["t"], seconds(30)).wait());
    clock.advance(seconds(35));
    assert_eq!(cache.get::<i32>("k").wait(), None, "meets the hold");
    let renewal = cache.try_lead("k");
    clock.advance(seconds(4));
    assert_eq!(read(2), Some(1), "nine seconds after the deadline, while somebody computes it anew");
    clock.advance(seconds(1));
    assert_eq!(read(3), Some(3), "ten seconds after it");
    drop(renewal);
}

#[test]
fn a_hold_lasts_by_the_clock_of_its_own_cache() {
    let ((ahead, clock), (held, _)) = (cache_and_clock(), cache_and_clock());
    clock.advance(seconds(1_000));
    held.set("k", 1).tags(["t"]).wait();
    let read = || ahead.get_or_compute_sync("outer", || held.get::<i32>("k").wait()).wait();
    assert_eq!(read(), Some(1));
    let hold = held.hold(["t"], seconds(30)).wait();
    assert_eq!(ahead.get::<i32>("outer").wait(), None);
    hold.rollback().wait().unwrap();
    assert_eq!(ahead.get::<i32>("outer").wait(), Some(1), "nothing was invalidated");
}

#[test]
fn a_crowd_of_writers_that_never_came_back_is_told_at_their_deadlines_by_one_thread() {
    let (clock, told) = (ManualClock::new(), Arc::new(Mutex::new(Vec::new())));
    let ear = Arc::clone(&told);
    let hear = move |what: &Invalidated<'_>| ear.lock().unwrap().push((what.tags.to_vec(), thread::current().id()));
    let cache = Cache::builder().clock(clock.clock()).on_invalidated(hear).build();
    for number in 0..200 {
        drop(cache.hold([format!("t{number}")], seconds(30 + number % 2)).wait());
    }
    assert_eq!(told.lock().unwrap().len(), 200, "the writes may be visible already");
    for (second, heard) in [(30, 300), (1, 400)] {
        clock.advance(seconds(second));
        let begun = std::time::Instant::now();
        while told.lock().unwrap().len() < heard {
            assert!(begun.elapsed() < seconds(60), "{:?}", told.lock().unwrap().len());
            thread::yield_now();
        }
    }
    let told = told.lock().unwrap();
    let threads: HashSet<_> = told[200..].iter().map(|(_, thread)| *thread).collect();
    assert_eq!(threads.len(), 1, "and not one for each");
    assert!(!threads.contains(&thread::current().id()));
}

#[tokio::test]
async fn what_a_task_had_used_before_it_was_aborted_is_the_scopes() {
    let cache = Cache::new();
    let (inside, mut request) = (cache.clone(), Scope::new());
    request
        .wrap(async {
            let load = async move {
                let deep = inside.clone();
                let load = async move {
                    scope::depend(&deep, ["read"]);
                    std::future::pending::<Option<i32>>().await
                };
                inside.get_or_compute("k", load).await
            };
            let mut task = Box::pin(scope::carry().wrap(load));
            assert!(poll(task.as_mut()).is_pending());
            std::thread::spawn(move || drop(task)).join().unwrap();
        })
        .await;
    assert_eq!(request.tags(), [Tag::new("read")]);
}

#[test]
fn what_a_scoped_future_had_used_before_it_was_dropped_is_the_scopes() {
    let (cache, mut request) = (Cache::new(), Scope::new());
    let load = async {
        scope::depend(&cache, ["read"]);
        std::future::pending::<Option<i32>>().await
    };
    let mut scoped = Box::pin(request.wrap(cache.get_or_compute("k", load)));
    assert!(poll(scoped.as_mut()).is_pending());
    drop(scoped);
    assert_eq!(request.tags(), [Tag::new("read")]);
}

#[test]
fn what_a_call_past_a_disabled_cache_says_of_its_result_is_not_said_of_another() {
    let (cache, clock) = cache_and_clock();
    let off = Cache::builder().enabled(false).build();
    let call = |load| cache.get_or_compute_sync("k", load).ttl(seconds(1)).fail_safe(seconds(60)).wait();
    assert_eq!(call(Box::new(|| Ok(1)) as Box<dyn FnOnce() -> Result<i32, &'static str>>), Ok(1));
    clock.advance(seconds(1));
    let load = Box::new(|| {
        let inner = |loading: Loading<i32>| {
            loading.without_fail_safe();
            Err::<Loaded<i32>, _>("down")
        };
        off.get_or_refresh_sync("inner", inner).wait()
    });
    assert_eq!(call(load), Ok(1), "it is the other load that nothing may stand in for");
}

#[test]
fn a_waker_that_panics_keeps_no_other_from_being_woken() {
    struct Panics;
    struct Counts(AtomicUsize);
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let ((cache, clock), counts) = (cache_and_clock(), Arc::new(Counts(AtomicUsize::new(0))));
    let call = |key: &str| cache.get_or_compute(key, std::future::pending::<Option<i32>>()).hard_timeout(seconds(1));
    let (mut first, mut second) = (pin!(call("a").into_future()), pin!(call("b").into_future()));
    assert!(first.as_mut().poll(&mut Context::from_waker(&Arc::new(Panics).into())).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&Arc::clone(&counts).into())).is_pending());
    clock.advance(seconds(1));
    assert_eq!(counts.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_fence_of_another_cache_lets_nothing_in() {
    let (cache, other) = (Cache::new(), Cache::new());
    for _ in 0..10 {
        other.invalidate_tags(["x"]).wait().unwrap();
    }
    let fence = other.fence();
    cache.invalidate_tags(["t"]).wait().unwrap();
    assert!(!cache.set("k", 1).tags(["t"]).fence(fence).wait());
}

#[test]
fn what_a_failed_batch_had_used_is_a_dependency_also_if_all_of_it_stands_in() {
    let ((cache, clock), mut request) = (cache_and_clock(), Scope::new());
    let batch = || cache.batch([1], |id| format!("k:{id}")).ttl(seconds(1)).fail_safe(seconds(60));
    batch().get_or_compute_sync(|ids| Ok::<_, ()>(ids.into_iter().map(|id| (id, 1)))).unwrap();
    clock.advance(seconds(1));
    let load = |_| {
        scope::depend(&cache, ["read"]);
        Err::<[(i32, i32); 0], _>(())
    };
    assert_eq!(request.run(|| batch().get_or_compute_sync(load)).unwrap()[&1], 1);
    assert_eq!(request.tags(), [Tag::new("read")]);
}

#[test]
fn the_longest_and_the_shortest_times_are_times_like_any_other() {
    use std::time::Duration;
    for time in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        for fraction in [0.0, 0.5, 1.0, -1.0, f64::NAN, f64::INFINITY] {
            for early in [EarlyRefresh::after(fraction), EarlyRefresh::xfetch(fraction)] {
                let clock = ManualClock::new();
                let cache = Cache::builder().clock(clock.clock()).flight_wait(time).build();
                let call = |answer: Result<i32, Error>| {
                    let call =
                        cache.get_or_compute_sync("k", move || answer).ttl(time).jitter(time).early_refresh(early);
                    let call = call.stale_while_revalidate(time).fail_safe(time).throttle(time).soft_timeout(time);
                    call.serve_outdated(time).tags(["t"]).hard_timeout(time).wait()
                };
                assert_eq!(call(Ok(1)).unwrap(), 1);
                clock.advance(seconds(1));
                let _ = call(Ok(2)).unwrap();
                let hold = cache.hold(["t"], time).wait();
                let _ = call(Ok(3)).unwrap();
                hold.commit().wait().unwrap();
                clock.advance(seconds(1 << 33));
                let _ = call(Ok(4)).unwrap();
            }
        }
    }
}

#[test]
fn a_spawner_that_runs_its_tasks_on_the_spot_serves_and_renews() {
    let clock = ManualClock::new();
    let on_the_spot = |mut task: easy_cache_core::Task| {
        assert!(poll(task.as_mut()).is_ready());
    };
    let cache = Cache::builder().clock(clock.clock()).spawner(on_the_spot).build();
    let call = |value| {
        let call = cache.get_or_compute("k", async move { Some(value) }).ttl(seconds(1));
        let mut call = pin!(call.stale_while_revalidate(seconds(9)).detach().into_future());
        poll(call.as_mut())
    };
    assert_eq!(call(1), Poll::Ready(Some(1)));
    clock.advance(seconds(1));
    assert_eq!(call(2), Poll::Ready(Some(1)));
    assert_eq!(call(3), Poll::Ready(Some(2)));
}

#[test]
fn a_cache_without_room_computes() {
    let cache = Cache::builder().max_weight(0).expected_entries(0).build();
    for n in 0..3 {
        assert_eq!(cache.get_or_compute_sync("k", || Some(n)).wait(), Some(n));
        assert_eq!(cache.get_or_compute_sync("heavy", || Some(n)).weight(u64::MAX).wait(), Some(n));
    }
    let cache = Cache::builder().max_weight(u64::MAX).build();
    for n in 0..100 {
        let call = cache.get_or_compute_sync(n.to_string(), || Some(n)).weight(u64::MAX / 2);
        assert_eq!(call.wait(), Some(n));
    }
}

#[tokio::test]
async fn what_goes_on_without_an_answer_depends_on_the_tags_of_the_answer() {
    let cache = Cache::new();
    let never = || cache.get_or_compute("inner", std::future::pending::<Option<i32>>()).tags(["t"]);
    let mut leader = None;
    for follows in [false, true] {
        if follows {
            let mut first = Box::pin(never().into_future());
            assert!(poll(first.as_mut()).is_pending());
            leader = Some(first);
        }
        let outer = || async {
            let mut inner = Box::pin(never().into_future());
            assert!(poll(inner.as_mut()).is_pending());
            drop(inner); // it has run out of time
            Some(0)
        };
        assert_eq!(cache.get_or_compute("outer", outer()).await, Some(0));
        assert_eq!(cache.get("outer").await, Some(0));
        cache.invalidate_tags(["t"]).await.unwrap();
        assert_eq!(cache.get::<i32>("outer").await, None, "follows: {follows}");
    }
    drop(leader);
}
