//! Loads that go on behind their callers: who survives whom, what reaches the caller, what runs where.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;

use easy_cache_core::{Cache, Policy, Scope, Tag, scope};

use crate::support::{Calls, cache_and_clock, milliseconds, poll, seconds, settle};

/// Polls a future so often, then drops it.
async fn drop_after(polls: usize, future: impl IntoFuture) {
    let mut future = Box::pin(future.into_future());
    for _ in 0..polls {
        if poll(future.as_mut()).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_load_survives_its_caller_wherever_that_is_dropped() {
    // case 37
    for polls in 1..6 {
        let (cache, calls) = (Cache::new(), Calls::default());
        let counted = calls.load(7);
        let load = async move {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            counted.await
        };
        let follower = {
            let (cache, calls) = (cache.clone(), calls.clone());
            async move { cache.get_or_compute("k", calls.load(9)).await }
        };
        drop_after(polls, cache.get_or_compute("k", load).detach()).await;
        assert_eq!(follower.await, Some(7), "dropped after {polls} polls");
        assert_eq!(calls.count(), 1);
        assert!(cache.try_lead("k").is_some(), "no flight is left behind");
    }
}

#[tokio::test]
async fn a_caller_dropped_before_its_first_poll_has_begun_nothing() {
    let (cache, calls) = (Cache::new(), Calls::default());
    drop_after(0, cache.get_or_compute("k", calls.load(7)).detach()).await;
    settle().await;
    assert_eq!(calls.count(), 0);
}

#[tokio::test]
async fn what_a_detached_load_has_used_reaches_its_caller() {
    let cache = Cache::new();
    let mut around = Scope::new();
    let inner = cache.clone();
    let load = async move {
        scope::depend(&inner, ["inner"]);
        inner.get_or_compute("inner", async { Some(1) }).ttl(seconds(5)).await
    };
    around.wrap(cache.get_or_compute("k", load).tags(["own"]).detach()).await;
    assert_eq!(around.tags(), [Tag::new("inner"), Tag::new("own")]);
    let load = async {
        scope::taint();
        Some(1)
    };
    around.wrap(cache.get_or_compute("tainted", load).detach()).await;
    assert!(around.is_tainted());
    assert!(!cache.contains("tainted").await);
}

#[tokio::test]
async fn a_detached_failure_reaches_its_caller_unchanged() {
    let cache = Cache::new();
    assert_eq!(cache.get_or_compute("k", async { Err::<i32, _>("down") }).detach().await, Err("down"));
}

#[test]
fn without_a_runtime_the_caller_runs_a_detached_load_itself() {
    let (cache, here) = (Cache::new(), thread::current().id());
    let load = async move { Some(thread::current().id() == here) };
    let mut call = Box::pin(cache.get_or_compute("k", load).detach().into_future());
    assert_eq!(poll(call.as_mut()), Poll::Ready(Some(true)));
}

#[tokio::test]
async fn a_cache_may_bring_its_own_place_for_detached_loads() {
    let tasks = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&tasks);
    let cache = Cache::builder().spawner(move |task| sent.lock().unwrap().push(task)).build();
    let mut call = Box::pin(cache.get_or_compute("k", async { Some(1) }).detach().into_future());
    assert!(poll(call.as_mut()).is_pending());
    let task = tasks.lock().unwrap().pop().unwrap();
    task.await;
    assert_eq!(call.await, Some(1));
}

#[tokio::test]
async fn a_detached_load_that_its_place_drops_hands_over_to_who_waits() {
    let (cache, calls) = (Cache::builder().spawner(drop).build(), Calls::default());
    let call = cache.get_or_compute("k", calls.load(1)).hard_timeout(seconds(60)).detach();
    assert_eq!(call.await, None, "an answer made from an error");
    assert_eq!(cache.get_or_compute("k", calls.load(2)).await, Some(2));
}

#[test]
fn a_detached_closure_has_a_thread_of_its_own() {
    let (cache, clock) = cache_and_clock();
    let here = thread::current().id();
    let elsewhere = |cache: &Cache| {
        let load = move || Some(thread::current().id() != here);
        cache.get_or_compute_sync("k", load).ttl(seconds(1)).stale_while_revalidate(seconds(60)).detach().wait()
    };
    assert_eq!(elsewhere(&cache), Some(true));
    clock.advance(seconds(1));
    cache.set("other", 1).wait();
    assert_eq!(elsewhere(&cache), Some(true), "the old value, while a thread computes the new one");
}

#[tokio::test]
async fn an_invalidation_while_a_detached_load_is_overdue_is_not_lost() {
    // case 51: soft timeout behind; and forced refresh
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let call = |load| cache.get_or_compute("k", load).ttl(seconds(1)).tags(["t"]).fail_safe(seconds(60));
    let (first, _, value) = calls.gated();
    value.send(1).unwrap();
    call(first).await;
    clock.advance(seconds(1));
    let (load, started, finish) = calls.gated();
    let mut waiting = Box::pin(call(load).soft_timeout(milliseconds(500)).detach().into_future());
    assert!(poll(waiting.as_mut()).is_pending());
    started.await.unwrap();
    clock.advance(milliseconds(500));
    assert_eq!(waiting.await, Some(1));
    cache.invalidate_tags(["t"]).await.unwrap();
    finish.send(2).unwrap();
    settle().await;
    assert!(!cache.contains("k").await && cache.get_stale::<i32>("k").await.is_none());
    let (load, started, finish) = calls.gated();
    let mut forced = Box::pin(call(load).refresh().into_future());
    assert!(poll(forced.as_mut()).is_pending());
    started.await.unwrap();
    cache.invalidate_tags(["t"]).await.unwrap();
    finish.send(3).unwrap();
    assert_eq!(forced.await, Some(3));
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn who_waits_at_a_soft_timeout_is_not_given_what_was_invalidated_meanwhile() {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let call = |load| cache.get_or_compute("k", load).ttl(seconds(1)).tags(["t"]).fail_safe(seconds(60));
    let (first, _, value) = calls.gated();
    value.send(1).unwrap();
    call(first).await;
    clock.advance(seconds(1));
    let (load, _started, finish) = calls.gated();
    let mut waiting = Box::pin(call(load).soft_timeout(milliseconds(500)).detach().into_future());
    assert!(poll(waiting.as_mut()).is_pending());
    cache.invalidate_tags(["t"]).await.unwrap();
    clock.advance(milliseconds(500));
    assert!(poll(waiting.as_mut()).is_pending());
    finish.send(2).unwrap();
    assert_eq!(waiting.await, Some(2));
}

#[tokio::test]
async fn a_cache_that_is_switched_off_or_bypassed_only_runs_the_load() {
    let cache = Cache::builder().spawner(|_| panic!("nothing is to be sent away")).build();
    let ran = Arc::new(AtomicBool::new(false));
    for off in [false, true] {
        cache.set_enabled(!off);
        let flag = Arc::clone(&ran);
        let load = async move {
            flag.store(true, Ordering::SeqCst);
            Some(1)
        };
        let call = cache.get_or_compute("k", load).fail_safe(seconds(1)).hard_timeout(seconds(1)).detach();
        let answer = if off { call.await } else { scope::bypass(call).await };
        assert_eq!(answer, Some(1));
        assert!(ran.swap(false, Ordering::SeqCst) && cache.is_empty());
        assert!(cache.try_lead("k").is_none() || !off);
    }
}

#[tokio::test]
async fn threads_and_tasks_of_one_thread_never_wait_for_each_other() {
    // a runtime of one thread: a sync caller blocks the thread that would have to poll the async leader
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    for detached in [false, true] {
        cache.invalidate_all().await.unwrap();
        let (load, started, finish) = calls.gated();
        let leader = tokio::spawn({
            let cache = cache.clone();
            async move {
                let call = cache.get_or_compute("k", load).ttl(seconds(1)).fail_safe(seconds(9));
                if detached { call.detach().await } else { call.await }
            }
        });
        started.await.unwrap();
        let sync = || {
            let call = cache.get_or_compute_sync("k", calls.run(1)).ttl(seconds(1)).fail_safe(seconds(9));
            call.stale_while_revalidate(seconds(9)).soft_timeout(seconds(1)).wait()
        };
        assert_eq!(sync(), Some(1), "nothing is stored");
        clock.advance(seconds(1));
        assert_eq!(sync(), Some(1), "something stale is stored");
        finish.send(2).unwrap();
        leader.await.unwrap();
    }
}

#[tokio::test]
async fn callers_who_accept_nothing_do_not_wait_one_after_the_other() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let easy_cache_core::Joined::Compute(first) = cache.join("k").await else { panic!("nothing is stored") };
    let mut callers = tokio::task::JoinSet::new();
    let (sender, _) = tokio::sync::broadcast::channel::<()>(1);
    for _ in 0..5 {
        let (cache, calls, mut gate) = (cache.clone(), calls.clone(), sender.subscribe());
        callers.spawn(async move {
            let joined = cache.join("k").accept(|_| false).await;
            assert!(matches!(joined, easy_cache_core::Joined::Compute(_)));
            calls.load(()).await;
            let _ = gate.recv().await;
        });
    }
    settle().await;
    first.fill(Arc::new(1), &Policy::new(), Scope::new());
    settle().await;
    assert_eq!(calls.count(), 5, "all at once");
    sender.send(()).unwrap();
    callers.join_all().await;
}
