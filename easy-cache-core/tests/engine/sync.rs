//! Sync callers: on runtime workers, blocking threads, plain threads, and where no runtime is. None of them ever waits for
//! a task that it would have to poll itself.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use easy_cache_core::{Cache, Scope, Tag, ecached, scope};
use tokio::runtime::Builder;

use crate::support::{Calls, settle};

/// What would hang fails instead.
fn in_time<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || done.send(f()));
    finished.recv_timeout(Duration::from_secs(20)).expect("it must not hang")
}

fn current_thread<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().unwrap().block_on(future)
}

#[ecached("square:{n}", cache = cache, tags = ["squares"])]
fn square(cache: &Cache, calls: &Calls, n: u64) -> Option<u64> {
    calls.run(n * n)()
}

fn uses_the_cache(cache: &Cache) {
    let calls = Calls::default();
    assert_eq!((square(cache, &calls, 3), square(cache, &calls, 3)), (Some(9), Some(9)));
    assert_eq!(cache.get_or_compute_sync("square:3", calls.run(0_u64)).wait(), Some(9));
    assert_eq!(calls.count(), 1);
    cache.invalidate_tags(["squares"]).wait().unwrap();
    assert_eq!(square(cache, &calls, 3), Some(9));
    assert_eq!(calls.count(), 2);
}

#[test]
fn a_sync_function_works_where_there_is_no_runtime() {
    uses_the_cache(&Cache::new());
}

#[test]
fn a_sync_function_works_on_a_current_thread_runtime() {
    in_time(|| current_thread(async { uses_the_cache(&Cache::new()) }));
}

#[test]
fn a_sync_function_works_on_workers_and_on_blocking_threads() {
    in_time(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            tokio::spawn(async { uses_the_cache(&Cache::new()) }).await.unwrap();
            tokio::task::spawn_blocking(|| uses_the_cache(&Cache::new())).await.unwrap();
        });
    });
}

#[test]
fn a_sync_caller_on_a_current_thread_runtime_does_not_wait_for_an_async_leader() {
    let (value, count) = in_time(|| {
        current_thread(async {
            let (cache, calls) = (Cache::new(), Calls::default());
            let (load, started, finish) = calls.gated();
            let leader = tokio::task::LocalSet::new();
            let inside = cache.clone();
            let leading = leader.spawn_local(async move { inside.get_or_compute("k", load).await });
            leader.run_until(started).await.unwrap();
            // The leader cannot go on while this thread is in here.
            assert_eq!(cache.get_or_compute_sync("k", calls.run(2)).wait(), Some(2));
            finish.send(1).unwrap();
            (leader.run_until(leading).await.unwrap(), calls.count())
        })
    });
    assert_eq!((value, count), (Some(1), 2));
}

#[test]
fn an_async_caller_does_not_wait_for_a_sync_leader() {
    let cache = Cache::new();
    let (start, started) = mpsc::channel();
    let (finish, finished) = mpsc::channel::<()>();
    let inside = cache.clone();
    let leader = thread::spawn(move || {
        let load = || {
            start.send(()).unwrap();
            finished.recv().ok().map(|()| 1)
        };
        inside.get_or_compute_sync("k", load).wait()
    });
    started.recv().unwrap();
    let inside = cache.clone();
    let value = in_time(move || current_thread(async move { inside.get_or_compute("k", async { Some(2) }).await }));
    assert_eq!(value, Some(2));
    finish.send(()).unwrap();
    assert_eq!(leader.join().unwrap(), Some(1));
}

#[test]
fn a_sync_loader_inside_an_async_one_on_the_same_key_computes_alone() {
    let values = in_time(|| {
        current_thread(async {
            let cache = Cache::new();
            let inside = cache.clone();
            let outer = async move { inside.get_or_compute_sync("k", || Some(1)).wait().map(|n| n + 1) };
            (cache.get_or_compute("k", outer).await, cache.get::<i32>("k").await)
        })
    });
    // The inner value may be stored first; it is the outer one that the caller of the outer one gets.
    assert_eq!(values.0, Some(2));
    assert!(values.1.is_some());
}

#[test]
fn sync_callers_on_all_workers_of_a_runtime_wait_for_each_other_without_a_deadlock() {
    let (values, count) = in_time(|| {
        let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
        runtime.block_on(async {
            let (cache, calls) = (Cache::new(), Calls::default());
            let call = |n: u64| {
                let (cache, calls) = (cache.clone(), calls.clone());
                tokio::spawn(async move {
                    if n.is_multiple_of(2) {
                        square(&cache, &calls, 5)
                    } else {
                        cache.get_or_compute("square:5", calls.load(25_u64)).await
                    }
                })
            };
            let mut values = Vec::new();
            for task in (0..60).map(call).collect::<Vec<_>>() {
                values.push(task.await.unwrap());
            }
            (values, calls.count())
        })
    });
    assert!(values.iter().all(|value| *value == Some(25)));
    assert!(count <= 2, "one for each kind of callers, at most: {count}");
}

#[test]
fn followers_on_plain_threads_get_the_leaders_value_and_its_tags() {
    let cache = Cache::new();
    let (start, started) = mpsc::channel();
    let (finish, finished) = mpsc::channel::<()>();
    let inside = cache.clone();
    let leader = thread::spawn(move || {
        let load = || {
            start.send(()).unwrap();
            finished.recv().ok().map(|()| 1)
        };
        inside.get_or_compute_sync("k", load).tags(["t"]).wait()
    });
    started.recv().unwrap();
    let follower = thread::spawn(move || {
        let mut request = Scope::new();
        let value = request.run(|| cache.get_or_compute_sync("k", || Some(2)).wait());
        (value, request.tags())
    });
    finish.send(()).unwrap();
    assert_eq!(leader.join().unwrap(), Some(1));
    assert_eq!(follower.join().unwrap(), (Some(1), vec![Tag::new("t")]));
}

#[tokio::test]
async fn a_sync_call_inside_an_async_computation_hands_its_tags_outward() {
    let cache = Cache::new();
    let inside = cache.clone();
    let load = async move {
        settle().await;
        inside.get_or_compute_sync("inner", || Some(1)).tags(["t"]).wait()
    };
    cache.get_or_compute("outer", load).await;
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("outer").await);
    assert!(!scope::is_active());
}
