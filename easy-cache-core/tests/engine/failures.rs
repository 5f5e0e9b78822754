//! What a failed computation is answered with, for how long, and what timeouts do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use easy_cache_core::{Cache, EarlyRefresh, Error, ErrorKind, Scope};

use crate::support::{Calls, cache_and_clock, milliseconds, seconds, settle};

/// The error of a loader that can also say that it was too late.
#[derive(Debug, Clone, PartialEq)]
enum Failure {
    Down,
    Late,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        Self::Late
    }
}

/// Counts loads, and lets them fail.
#[derive(Clone, Default)]
struct Origin(Arc<AtomicUsize>);

impl Origin {
    fn answers<T>(&self, answer: Result<T, Failure>) -> impl Future<Output = Result<T, Failure>> + use<T> {
        let count = Arc::clone(&self.0);
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            answer
        }
    }

    fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A second fresh, five seconds in reserve, two seconds of peace after a failure.
async fn safe(cache: &Cache, load: impl Future<Output = Result<i32, Failure>>) -> Result<i32, Failure> {
    cache.get_or_compute("k", load).ttl(seconds(1)).tags(["t"]).fail_safe(seconds(5)).throttle(seconds(2)).await
}

#[tokio::test]
async fn a_failure_is_answered_with_the_former_value_until_its_horizon() {
    // cases 20, 21, 97
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    assert_eq!(safe(&cache, origin.answers(Ok(1))).await, Ok(1));
    clock.advance(seconds(1));
    assert_eq!(safe(&cache, origin.answers(Err(Failure::Down))).await, Ok(1));
    assert_eq!(safe(&cache, origin.answers(Err(Failure::Down))).await, Ok(1));
    assert_eq!(origin.asked(), 2, "not asked again at once");
    assert_eq!(cache.get::<i32>("k").await, Some(1), "plain reads get it as well");
    clock.advance(seconds(2));
    assert_eq!(cache.get::<i32>("k").await, None);
    assert_eq!(safe(&cache, origin.answers(Err(Failure::Down))).await, Ok(1));
    assert_eq!(origin.asked(), 3);
    clock.advance(seconds(3));
    assert_eq!(safe(&cache, origin.answers(Err(Failure::Down))).await, Err(Failure::Down));
    assert_eq!(cache.get::<i32>("k").await, None);
}

#[tokio::test]
async fn a_new_value_ends_the_emergency() {
    // case 20
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    safe(&cache, origin.answers(Ok(1))).await.unwrap();
    clock.advance(seconds(1));
    safe(&cache, origin.answers(Err(Failure::Down))).await.unwrap();
    clock.advance(seconds(2));
    assert_eq!(safe(&cache, origin.answers(Ok(2))).await, Ok(2));
    assert_eq!(cache.time_to_live("k").wait(), Some(seconds(1)));
}

#[tokio::test]
async fn nothing_stands_in_for_a_failure_unless_saver_and_reader_allow_it() {
    // case 22
    for saver_allows in [false, true] {
        let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
        let call = cache.get_or_compute("k", origin.answers(Ok(1))).ttl(seconds(1));
        let _ = if saver_allows { call.fail_safe(seconds(5)).await } else { call.await };
        clock.advance(seconds(1));
        let call = cache.get_or_compute("k", origin.answers(Err::<i32, _>(Failure::Down)));
        let answer = if saver_allows { call.await } else { call.fail_safe(seconds(5)).await };
        assert_eq!(answer, Err(Failure::Down));
    }
}

#[tokio::test]
async fn what_was_invalidated_stands_in_for_nothing() {
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    safe(&cache, origin.answers(Ok(1))).await.unwrap();
    clock.advance(seconds(1));
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(safe(&cache, origin.answers(Err(Failure::Down))).await, Err(Failure::Down));
    safe(&cache, origin.answers(Ok(2))).await.unwrap();
    clock.advance(seconds(1));
    let during = async {
        cache.invalidate_tags(["t"]).await.unwrap();
        Err(Failure::Down)
    };
    assert_eq!(safe(&cache, during).await, Err(Failure::Down), "invalidated while it was computed");
    let early =
        |load| cache.get_or_compute("early", load).tags(["t"]).ttl(seconds(9)).early_refresh(EarlyRefresh::after(0.0));
    early(origin.answers(Ok(1))).await.unwrap();
    let during = async {
        cache.invalidate_tags(["t"]).await.unwrap();
        Err::<i32, _>(Failure::Down)
    };
    let call = cache.get_or_compute("early", during).ttl(seconds(9)).early_refresh(EarlyRefresh::after(0.0));
    assert_eq!(call.await, Err(Failure::Down), "its ttl was not over, but it is outdated");
}

#[tokio::test]
async fn a_value_that_stands_in_is_not_kept_by_what_is_built_from_it() {
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    safe(&cache, origin.answers(Ok(1))).await.unwrap();
    clock.advance(seconds(1));
    for reader in ["the one who failed", "the next", "a plain read"] {
        let mut scope = Scope::new();
        let value = scope.wrap(async {
            match reader {
                "a plain read" => cache.get("k").await.ok_or(Failure::Down),
                _ => safe(&cache, origin.answers(Err(Failure::Down))).await,
            }
        });
        assert_eq!(value.await, Ok(1), "{reader}");
        assert!(scope.is_tainted(), "{reader}");
    }
}

#[tokio::test]
async fn followers_of_a_failure_get_what_stands_in_for_it() {
    // also without any throttle: failures do not queue up
    for throttle in [0, 2] {
        let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
        safe(&cache, origin.answers(Ok(1))).await.unwrap();
        clock.advance(seconds(1));
        let (gate, started, finish) = Calls::default().gated::<()>();
        let leader = tokio::spawn({
            let cache = cache.clone();
            async move {
                let load = async { gate.await.map_or(Ok(0), |()| Err(Failure::Down)) };
                let call = cache.get_or_compute("k", load).ttl(seconds(1)).fail_safe(seconds(5));
                call.throttle(seconds(throttle)).await
            }
        });
        started.await.unwrap();
        let mut followers = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (cache, origin) = (cache.clone(), origin.clone());
            followers.spawn(async move {
                let mut scope = Scope::new();
                let answer = scope.wrap(safe(&cache, origin.answers(Ok(9)))).await;
                (answer, scope.is_tainted())
            });
        }
        settle().await;
        finish.send(()).unwrap();
        assert_eq!(leader.await.unwrap(), Ok(1));
        assert!(followers.join_all().await.into_iter().all(|answer| answer == (Ok(1), true)));
        assert_eq!(origin.asked(), 1, "nobody tries again at once");
    }
}

#[tokio::test]
async fn a_failed_early_refresh_costs_nobody_the_fresh_value() {
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    let early = EarlyRefresh::after(0.5);
    let call = |load| cache.get_or_compute("k", load).ttl(seconds(60)).early_refresh(early);
    call(origin.answers(Ok(1))).await.unwrap();
    clock.advance(seconds(30));
    let refresh = cache.get_or_compute("k", origin.answers(Err(Failure::Down))).ttl(seconds(60)).early_refresh(early);
    let mut scope = Scope::new();
    assert_eq!(scope.wrap(refresh).await, Ok(1));
    assert!(!scope.is_tainted(), "it is fresh");
    let again = cache.get_or_compute("k", origin.answers(Err(Failure::Down))).ttl(seconds(60)).early_refresh(early);
    assert_eq!(again.await, Ok(1));
    assert_eq!(origin.asked(), 2, "not tried again before the throttle has passed");
    clock.advance(seconds(5));
    let again = cache.get_or_compute("k", origin.answers(Ok(2))).ttl(seconds(60)).early_refresh(early);
    assert_eq!(again.await, Ok(2));
}

#[tokio::test]
async fn none_is_an_answer_and_no_failure() {
    let (cache, clock) = cache_and_clock();
    let call = |value| cache.get_or_compute("k", async move { value }).ttl(seconds(1)).fail_safe(seconds(5));
    call(Some(1)).await;
    clock.advance(seconds(1));
    assert_eq!(call(None).await, None);
}

#[tokio::test]
async fn a_panic_is_nobodys_fallback() {
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    for detached in [false, true] {
        safe(&cache, origin.answers(Ok(1))).await.unwrap();
        clock.advance(seconds(1));
        let panicking = tokio::spawn({
            let cache = cache.clone();
            async move {
                let load = async { if true { panic!("the loader panics") } else { Ok::<i32, Failure>(0) } };
                let call = cache.get_or_compute("k", load).ttl(seconds(1)).fail_safe(seconds(5));
                if detached { call.detach().await } else { call.await }
            }
        });
        assert!(panicking.await.unwrap_err().is_panic(), "detached: {detached}");
        assert_eq!(safe(&cache, origin.answers(Ok(2))).await, Ok(2), "and leaves no flight behind");
    }
}

#[tokio::test]
async fn who_has_something_to_fall_back_on_waits_no_longer_than_the_soft_timeout() {
    // cases 25, 27
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let call = |cache: &Cache, load| {
        let cache = cache.clone();
        async move {
            let call = cache.get_or_compute("k", load).ttl(seconds(1)).fail_safe(seconds(60));
            call.soft_timeout(milliseconds(500)).detach().await
        }
    };
    let (load, _, finish) = calls.gated();
    finish.send(42).unwrap();
    call(&cache, load).await;
    clock.advance(seconds(1));
    let (load, started, finish) = calls.gated();
    let mut callers = vec![tokio::spawn(call(&cache, load))];
    started.await.unwrap();
    for _ in 0..2 {
        callers.extend((0..10).map(|_| tokio::spawn(call(&cache, calls.gated().0))));
        settle().await;
        clock.advance(milliseconds(499));
        settle().await;
        assert!(callers.iter().all(|caller| !caller.is_finished()), "none of them before its time");
        clock.advance(milliseconds(1));
        for caller in callers.drain(..) {
            assert_eq!(caller.await.unwrap(), Some(42));
        }
    }
    assert_eq!(calls.count(), 2);
    finish.send(21).unwrap();
    settle().await;
    assert_eq!(cache.get::<i32>("k").await, Some(21));
}

#[tokio::test]
async fn a_soft_timeout_without_anything_to_fall_back_on_waits() {
    // case 26
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let (load, started, finish) = calls.gated();
    let caller = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).soft_timeout(seconds(1)).fail_safe(seconds(60)).detach().await }
    });
    started.await.unwrap();
    clock.advance(seconds(10));
    settle().await;
    assert!(!caller.is_finished());
    finish.send(1).unwrap();
    assert_eq!(caller.await.unwrap(), Some(1));
}

#[tokio::test]
async fn nobody_waits_longer_than_the_hard_timeout_and_a_detached_value_is_there_later() {
    // case 26
    for detached in [true, false] {
        let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
        let (load, started, finish) = calls.gated();
        let caller = tokio::spawn({
            let cache = cache.clone();
            async move {
                let load = async { load.await.ok_or(Failure::Down) };
                let call = cache.get_or_compute("k", load).hard_timeout(seconds(1));
                if detached { call.detach().await } else { call.await }
            }
        });
        started.await.unwrap();
        clock.advance(milliseconds(999));
        settle().await;
        assert!(!caller.is_finished());
        clock.advance(milliseconds(1));
        assert_eq!(caller.await.unwrap(), Err(Failure::Late));
        let _ = finish.send(7);
        settle().await;
        assert_eq!(cache.get::<i32>("k").await, detached.then_some(7));
    }
}

#[tokio::test]
async fn a_hard_timeout_is_an_end_for_followers_too() {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let (load, started, finish) = calls.gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).await }
    });
    started.await.unwrap();
    let follower = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load(2)).hard_timeout(seconds(1)).await }
    });
    settle().await;
    clock.advance(seconds(1));
    assert_eq!(follower.await.unwrap(), None);
    finish.send(1).unwrap();
    assert_eq!(leader.await.unwrap(), Some(1));
    assert_eq!(calls.count(), 1);
}

#[test]
fn a_thread_with_a_detached_load_is_bound_by_timeouts_as_well() {
    let (cache, clock) = cache_and_clock();
    let (release, released) = std::sync::mpsc::channel::<i32>();
    let (begin, begun) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn({
        let cache = cache.clone();
        move || {
            let load = move || {
                begin.send(()).map_err(|_| Failure::Down)?;
                released.recv().map_err(|_| Failure::Down)
            };
            cache.get_or_compute_sync("k", load).hard_timeout(seconds(1)).detach().wait()
        }
    });
    begun.recv().unwrap();
    while !waiting.is_finished() {
        clock.advance(seconds(1));
        std::thread::yield_now();
    }
    assert_eq!(waiting.join().unwrap(), Err(Failure::Late));
    release.send(7).unwrap();
    // Whoever comes now waits for the load that goes on, or finds its value.
    assert_eq!(cache.get_or_compute_sync("k", || Ok::<_, Failure>(9)).wait(), Ok(7));
}

#[tokio::test]
async fn jitter_is_not_added_to_the_throttle() {
    // case 18
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    let call = |answer| {
        let call = cache.get_or_compute("k", origin.answers(answer)).ttl(seconds(3600)).jitter(seconds(1800));
        call.fail_safe(seconds(3600)).throttle(seconds(0))
    };
    assert_eq!(call(Ok(1)).await, Ok(1));
    let remaining = cache.time_to_live("k").wait().unwrap();
    assert!((seconds(1800)..=seconds(3600)).contains(&remaining), "{remaining:?}");
    clock.advance(seconds(3600));
    assert_eq!(call(Err(Failure::Down)).await, Ok(1));
    assert_eq!(call(Ok(2)).await, Ok(2), "tried again at once");
    assert_eq!(origin.asked(), 3);
}
