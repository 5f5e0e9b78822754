//! One computation per key: many callers, dropped leaders, failing and panicking leaders, recursion.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use easy_cache_core::Cache;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::support::{Calls, cache_and_clock, poll, seconds, settle};

/// A leader that computes `k`, and ends when it is told its value.
async fn lead(cache: &Cache, calls: &Calls) -> (JoinHandle<Option<i32>>, oneshot::Sender<i32>) {
    let (load, started, finish) = calls.gated();
    let cache = cache.clone();
    let leader = tokio::spawn(async move { cache.get_or_compute("k", load).await });
    started.await.unwrap();
    (leader, finish)
}

async fn herd(callers: usize) {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (leader, finish) = lead(&cache, &calls).await;
    let mut followers = JoinSet::new();
    for _ in 1..callers {
        let (cache, calls) = (cache.clone(), calls.clone());
        followers.spawn(async move { cache.get_or_compute("k", calls.load(0)).await });
    }
    settle().await;
    finish.send(7).unwrap();
    assert_eq!(leader.await.unwrap(), Some(7));
    assert!(followers.join_all().await.into_iter().all(|value| value == Some(7)));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn concurrent_misses_load_once() {
    // case 34
    for callers in [10, 100, 1_000, 10_000, 100_000] {
        herd(callers).await;
    }
}

#[test]
fn concurrent_misses_of_threads_load_once() {
    // case 34, on threads without a runtime; a loader this fast is over before some threads have joined
    for round in 0..500 {
        let (cache, calls) = (Cache::new(), Calls::default());
        let barrier = Barrier::new(8);
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    barrier.wait();
                    assert_eq!(cache.get_or_compute_sync("k", calls.run(7)).wait(), Some(7));
                });
            }
        });
        assert_eq!(calls.count(), 1, "in round {round}");
    }
}

#[tokio::test]
async fn a_dropped_leader_hands_over_to_a_follower() {
    // case 37
    let (cache, calls) = (Cache::new(), Calls::default());
    let (leader, _finish) = lead(&cache, &calls).await;
    let mut followers = JoinSet::new();
    for _ in 0..10 {
        let (cache, calls) = (cache.clone(), calls.clone());
        followers.spawn(async move { cache.get_or_compute("k", calls.load(2)).await });
    }
    settle().await;
    leader.abort();
    assert!(followers.join_all().await.into_iter().all(|value| value == Some(2)));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_chain_of_dropped_callers_leaves_nobody_hanging() {
    // case 37, again and again: each new leader is dropped as well, and so is a follower that was never woken
    let (cache, calls) = (Cache::new(), Calls::default());
    let mut tasks = Vec::new();
    for _ in 0..9 {
        let (load, _started, finish) = calls.gated::<i32>();
        let cache = cache.clone();
        let task = tokio::spawn(async move { cache.get_or_compute("k", load).await });
        tasks.push((task, finish));
        settle().await;
    }
    let last = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load(9)).await }
    });
    settle().await;
    tasks.remove(4).0.abort();
    for (task, _finish) in &tasks {
        task.abort();
        settle().await;
    }
    assert_eq!(last.await.unwrap(), Some(9));
}

#[tokio::test]
async fn a_follower_dropped_with_the_wake_up_in_hand_passes_it_on() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (leader, _finish) = lead(&cache, &calls).await;
    let spawn = || {
        let (cache, calls) = (cache.clone(), calls.clone());
        tokio::spawn(async move { cache.get_or_compute("k", calls.load(2)).await })
    };
    let (first, second) = (spawn(), spawn());
    settle().await;
    // Both aborts happen before any task runs again: the first follower is woken and dropped without being polled.
    leader.abort();
    first.abort();
    assert_eq!(second.await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_panicking_leader_is_replaced() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (gate, started, finish) = calls.gated::<()>();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let load = async move { gate.await.map(|()| -> i32 { panic!("the loader panics") }) };
            cache.get_or_compute("k", load).await
        }
    });
    started.await.unwrap();
    let follower = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load(2)).await }
    });
    settle().await;
    finish.send(()).unwrap();
    assert!(leader.await.unwrap_err().is_panic());
    assert_eq!(follower.await.unwrap(), Some(2));
}

#[tokio::test]
async fn failures_do_not_queue_up() {
    // case 35: one retries, then everybody goes at once; the next call tries again
    let (cache, calls) = (Cache::new(), Calls::default());
    let mut callers = JoinSet::new();
    let mut gates = Vec::new();
    for _ in 0..5 {
        let (gate, started, finish) = calls.gated::<()>();
        let cache = cache.clone();
        callers.spawn(async move {
            cache.get_or_compute("k", async { gate.await.map_or(Err("down"), |()| Err::<i32, _>("down")) }).await
        });
        settle().await;
        gates.push((started, finish));
    }
    assert_eq!(calls.count(), 1);
    let mut gates = gates.into_iter().map(|(_, finish)| finish);
    gates.next().unwrap().send(()).unwrap();
    settle().await;
    assert_eq!(calls.count(), 2, "one follower retries");
    let _ = gates.next().unwrap().send(());
    settle().await;
    assert_eq!(calls.count(), 5, "then all the others compute, none waits for another");
    for gate in gates {
        let _ = gate.send(());
    }
    assert!(callers.join_all().await.into_iter().all(|answer| answer == Err("down")));
    assert_eq!(cache.get_or_compute("k", calls.load(1)).await, Some(1));
}

#[tokio::test]
async fn work_on_a_hot_tag_is_bounded_to_two_computations() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["hot"]).local().await }
    });
    started.await.unwrap();
    let mut followers = JoinSet::new();
    let mut gates = Vec::new();
    for _ in 0..100 {
        let cache = cache.clone();
        let (load, _, finish) = calls.gated();
        gates.push(finish);
        followers.spawn(async move { cache.get_or_compute("k", load).tags(["hot"]).local().await });
    }
    settle().await;
    cache.invalidate_tags(["hot"]).await.unwrap();
    finish.send("old").unwrap();
    assert_eq!(leader.await.unwrap(), Some("old"));
    settle().await;
    cache.invalidate_tags(["hot"]).await.unwrap();
    for gate in gates {
        let _ = gate.send("new");
    }
    assert!(followers.join_all().await.into_iter().all(|value| value == Some("new")));
    assert_eq!(calls.count(), 2, "the second fence was taken after all of them had called");
}

#[tokio::test]
async fn a_call_for_its_own_key_computes_alone() {
    let cache = Cache::new();
    let inner = cache.clone();
    let value =
        cache.get_or_compute("k", async move { inner.get_or_compute("k", async { Some(1) }).await.map(|n| n + 1) });
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), value).await.unwrap(), Some(2));
    let sync = cache.clone();
    cache.invalidate_all().await.unwrap();
    let value =
        cache.get_or_compute_sync("k", || sync.get_or_compute_sync("k", || Some(1)).wait().map(|n| n + 1)).wait();
    assert_eq!(value, Some(2));
}

#[tokio::test]
async fn a_sync_caller_does_not_wait_for_an_async_leader_of_its_own_thread() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (leader, finish) = lead(&cache, &calls).await;
    assert_eq!(cache.get_or_compute_sync("k", || Some(1)).wait(), Some(1));
    finish.send(2).unwrap();
    leader.await.unwrap();
}

#[tokio::test]
async fn two_caches_with_one_key_do_not_share_a_flight() {
    let (one, two, calls) = (Cache::new(), Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let leader = tokio::spawn(async move { one.get_or_compute("k", load).await });
    started.await.unwrap();
    assert_eq!(two.get_or_compute("k", calls.load(2)).await, Some(2));
    finish.send(1).unwrap();
    assert_eq!(leader.await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_leader_that_is_never_polled_again_is_given_up_by_those_who_wait() {
    let (cache, clock) = cache_and_clock();
    let calls = Calls::default();
    let (load, started, _finish) = calls.gated::<i32>();
    let mut stuck = Box::pin(cache.get_or_compute("k", load).into_future());
    assert!(poll(stuck.as_mut()).is_pending());
    started.await.unwrap();
    let mut followers = JoinSet::new();
    for _ in 0..10 {
        let (cache, calls) = (cache.clone(), calls.clone());
        followers.spawn(async move { cache.get_or_compute("k", calls.load(2)).await });
    }
    settle().await;
    clock.advance(seconds(29));
    settle().await;
    assert_eq!(calls.count(), 1, "they still have patience");
    clock.advance(seconds(1));
    assert!(followers.join_all().await.into_iter().all(|value| value == Some(2)));
    assert_eq!(calls.count(), 2, "one of them computed for all");
}

#[test]
fn a_thread_gives_up_on_a_leader_that_hangs() {
    let (cache, clock) = cache_and_clock();
    let (started, hung) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|threads| {
        threads.spawn(|| {
            cache
                .get_or_compute_sync("k", || {
                    started.wait();
                    hung.wait();
                    Some(1)
                })
                .wait()
        });
        started.wait();
        let follower = threads.spawn(|| cache.get_or_compute_sync("k", || Some(2)).wait());
        while !follower.is_finished() {
            clock.advance(seconds(30));
            thread::yield_now();
        }
        assert_eq!(follower.join().unwrap(), Some(2));
        hung.wait();
    });
}

#[tokio::test]
async fn a_cache_without_patience_lets_everybody_compute() {
    // case 36
    let (cache, calls) = (Cache::builder().flight_wait(Duration::ZERO).build(), Calls::default());
    let (leader, finish) = lead(&cache, &calls).await;
    assert_eq!(cache.get_or_compute("k", calls.load(2)).await, Some(2));
    finish.send(1).unwrap();
    leader.await.unwrap();
    assert_eq!(calls.count(), 2);
}
