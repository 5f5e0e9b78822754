//! The scope taken along into tasks and threads, and the scope refused.

use std::thread;

use easy_cache_core::{Cache, Scope, Tag, registry, scope};
use tokio::sync::oneshot;

use crate::support::{Calls, settle};

/// A read that is cached, with a tag.
async fn read(cache: Cache) -> Option<i32> {
    cache.get_or_compute("inner", async { Some(1) }).tags(["t"]).await
}

#[tokio::test]
async fn what_a_carried_task_reads_drops_the_value_that_waited_for_it() {
    let cache = Cache::new();
    let inside = cache.clone();
    let outer = || {
        let inside = inside.clone();
        cache.get_or_compute("outer", async move { tokio::spawn(scope::carry().wrap(read(inside))).await.unwrap() })
    };
    assert_eq!(outer().await, Some(1));
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("outer").await, "the inner value was computed");
    outer().await;
    cache.invalidate_key("outer").await.unwrap();
    outer().await;
    assert!(cache.contains("outer").await);
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("outer").await, "the inner value was a hit");
}

#[tokio::test]
async fn what_is_read_on_blocking_threads_belongs_to_the_scope_that_was_taken_along() {
    let cache = Cache::new();
    let mut request = Scope::new();
    let inside = cache.clone();
    let reads = async move {
        let (carried, cache) = (scope::carry(), inside.clone());
        let blocking = move || carried.run(|| scope::depend(&cache, ["blocking"]));
        tokio::task::spawn_blocking(blocking).await.unwrap();
        scope::spawn_thread(move || scope::depend(&inside, ["thread"])).join().unwrap();
    };
    request.wrap(reads).await;
    assert_eq!(request.tags(), [Tag::new("blocking"), Tag::new("thread")]);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn one_word_spawns_a_task_inside_the_scope() {
    let cache = Cache::new();
    let mut request = Scope::new();
    let reads = async {
        scope::spawn(read(cache.clone())).await.unwrap();
        let inside = cache.clone();
        scope::spawn_blocking(move || scope::depend(&inside, ["blocking"])).await.unwrap();
    };
    request.wrap(reads).await;
    assert_eq!(request.tags(), [Tag::new("blocking"), Tag::new("t")]);
}

#[tokio::test]
async fn a_task_of_a_task_collects_for_the_same_scope() {
    let cache = Cache::new();
    let mut request = Scope::new();
    let inside = cache.clone();
    let nested = async {
        let task = async move { tokio::spawn(scope::carry().wrap(read(inside))).await.unwrap() };
        tokio::spawn(scope::carry().wrap(task)).await.unwrap()
    };
    request.wrap(nested).await;
    assert_eq!(request.tags(), [Tag::new("t")]);
}

#[tokio::test]
async fn a_task_that_hands_over_what_it_read_before_it_ends_is_part_of_the_value() {
    let cache = Cache::new();
    let (inside, waiting) = (cache.clone(), oneshot::channel::<()>());
    let (send, receive) = oneshot::channel();
    let task = async move {
        let _ = send.send(read(inside).await);
        waiting.1.await
    };
    let outer = async {
        tokio::spawn(scope::carry().wrap(task));
        receive.await.ok().flatten()
    };
    assert_eq!(cache.get_or_compute("outer", outer).await, Some(1));
    assert!(cache.contains("outer").await);
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("outer").await);
    drop(waiting.0);
}

#[tokio::test]
async fn a_task_that_outlives_the_computation_is_no_part_of_the_value() {
    let cache = Cache::new();
    let (start, started) = oneshot::channel::<()>();
    let inside = cache.clone();
    let outer = async move {
        let late = async move {
            started.await.unwrap();
            scope::depend(&inside, ["late"]);
            scope::taint();
            read(inside).await
        };
        Some(tokio::spawn(scope::carry().wrap(late)))
    };
    let mut request = Scope::new();
    let mut task = None;
    let keep_the_task = async { task = outer.await };
    request.wrap(cache.get_or_compute_value("outer", keep_the_task)).await;
    start.send(()).unwrap();
    assert_eq!(task.unwrap().await.unwrap(), Some(1));
    assert!(request.tags().is_empty() && !request.is_tainted());
    cache.invalidate_tags(["late", "t"]).await.unwrap();
    assert!(cache.contains("outer").await);
}

#[tokio::test]
async fn without_the_word_a_task_is_not_seen() {
    let cache = Cache::new();
    let mut request = Scope::new();
    request.wrap(async { tokio::spawn(read(cache.clone())).await.unwrap() }).await;
    assert!(request.tags().is_empty());
}

#[tokio::test]
async fn a_carried_task_uses_no_cache_inside_a_transaction() {
    let cache = Cache::new();
    cache.set("inner", 7).await;
    let task = || {
        let inside = cache.clone();
        async { tokio::spawn(scope::carry().wrap(read(inside))).await.unwrap() }
    };
    assert_eq!(scope::bypass(task()).await, Some(1), "its own uncommitted write");
    assert_eq!(task().await, Some(7));
}

#[tokio::test]
async fn what_taints_a_carried_task_taints_the_value() {
    let cache = Cache::new();
    let private = async { tokio::spawn(scope::carry().wrap(async { scope::taint() })).await.ok() };
    cache.get_or_compute("k", private).await;
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn a_carried_task_does_not_wait_for_the_computation_that_waits_for_it() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (inside, count) = (cache.clone(), calls.clone());
    let outer = async move {
        let task = async move { inside.get_or_compute("k", count.load(1)).await };
        tokio::spawn(scope::carry().wrap(task)).await.unwrap()
    };
    assert_eq!(cache.get_or_compute("k", outer).await, Some(1));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn a_task_of_a_task_does_not_wait_for_the_computation_that_waits_for_both() {
    let cache = Cache::new();
    let inside = cache.clone();
    let outer = async move {
        let innermost = async move { inside.get_or_compute("k", async { Some(1) }).await };
        let task = async move { tokio::spawn(scope::carry().wrap(innermost)).await.unwrap() };
        tokio::spawn(scope::carry().wrap(task)).await.unwrap()
    };
    let waited =
        tokio::time::timeout(std::time::Duration::from_secs(10), cache.get_or_compute("k", outer).into_future());
    assert_eq!(waited.await, Ok(Some(1)));
}

#[test]
fn a_carried_scope_that_runs_inside_another_one_collects_for_both() {
    let cache = Cache::new();
    let (mut origin, mut around) = (Scope::new(), Scope::new());
    let carried = origin.run(scope::carry);
    around.run(|| {
        carried.run(|| scope::depend(&cache, ["t"]));
        carried.run(scope::taint);
        scope::depend(&cache, ["own"]);
    });
    assert_eq!((origin.tags(), around.tags()), (vec![Tag::new("t")], vec![Tag::new("own"), Tag::new("t")]));
    assert!(origin.is_tainted() && around.is_tainted());
}

#[test]
fn a_carried_scope_leaves_the_thread_as_it_was_also_when_it_panics() {
    let mut origin = Scope::new();
    let carried = origin.run(scope::carry);
    thread::spawn(move || {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| carried.run(|| panic!("odd"))));
        assert!(panicked.is_err() && !scope::is_active());
        assert!(carried.run(scope::is_active));
    })
    .join()
    .unwrap();
}

#[test]
fn outside_of_any_scope_there_is_nothing_to_take_along() {
    assert!(!scope::carry().run(scope::is_active));
    let ended = Scope::new().run(scope::carry);
    assert!(!ended.run(scope::is_active));
}

#[test]
fn the_tags_so_far_are_those_that_all_tasks_collected() {
    let cache = Cache::new();
    Scope::new().run(|| {
        let carried = scope::carry();
        thread::scope(|threads| {
            threads.spawn(|| carried.run(|| scope::depend(&cache, ["elsewhere"])));
        });
        assert_eq!(scope::current_tags(), [Tag::new("elsewhere")]);
        assert_eq!(carried.run(scope::current_tags), [Tag::new("elsewhere")]);
    });
}

#[tokio::test]
async fn another_default_cache_is_taken_along() {
    let cache = Cache::builder().namespace("mine").build();
    let name = || registry::default_cache().namespace().to_owned();
    let task = async { tokio::spawn(scope::carry().wrap(async move { name() })).await.unwrap() };
    assert_eq!(registry::with(cache.clone()).wrap(task).await, "mine");
    let thread = registry::with(cache).run(|| scope::spawn_thread(name));
    assert_eq!(thread.join().unwrap(), "mine");
    assert_eq!(name(), "");
}

#[tokio::test]
async fn a_detached_computation_takes_along_what_is_in_force_around_its_caller() {
    let (cache, named) = (Cache::new(), Cache::builder().namespace("mine").build());
    let name = || async { Some(registry::cache("of a detached one").namespace().to_owned()) };
    let call = cache.get_or_compute("name", name()).detach();
    assert_eq!(registry::with_alias("of a detached one", named).wrap(call).await.as_deref(), Some("mine"));
}

#[tokio::test]
async fn a_detached_computation_does_not_wait_for_the_one_that_waits_for_it() {
    let cache = Cache::new();
    let (outer, inner) = (cache.clone(), cache.clone());
    let inside = async move { inner.get_or_compute("outer", async { Some(1) }).await };
    let load = async move { outer.get_or_compute("inner", inside).detach().await };
    let waited =
        tokio::time::timeout(std::time::Duration::from_secs(10), cache.get_or_compute("outer", load).into_future());
    assert_eq!(waited.await, Ok(Some(1)));
}

#[tokio::test]
async fn what_a_detached_computation_reads_belongs_to_the_scope_of_its_caller() {
    let cache = Cache::new();
    let inside = cache.clone();
    let mut request = Scope::new();
    request.wrap(cache.get_or_compute("outer", async move { read(inside).await }).detach()).await;
    assert_eq!(request.tags(), [Tag::new("t")]);
}

#[tokio::test]
async fn what_is_untracked_leaves_no_tags_but_has_its_own() {
    let cache = Cache::new();
    let mut request = Scope::new();
    for _ in 0..2 {
        request.wrap(scope::untracked(read(cache.clone()))).await; // computed, then a hit
        request.run(|| scope::untracked_sync(|| scope::depend(&cache, ["named"])));
    }
    assert!(request.tags().is_empty() && !request.is_tainted());
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("inner").await);
}

#[tokio::test]
async fn an_untracked_read_does_not_drop_what_encloses_it() {
    let cache = Cache::new();
    let inside = cache.clone();
    cache.get_or_compute("outer", async move { scope::untracked(read(inside)).await }).await;
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(cache.contains("outer").await);
}

#[tokio::test]
async fn taint_and_transactions_reach_through_what_is_untracked() {
    let cache = Cache::new();
    cache.set("inner", 7).await;
    let inside = cache.clone();
    assert_eq!(scope::bypass(scope::untracked(read(inside))).await, Some(1), "no cache in a transaction");
    let hit = scope::bypass(scope::untracked(cache.get::<i32>("inner")));
    assert_eq!(hit.await, None, "nor on the short way of a hit");
    let mut request = Scope::new();
    request.run(|| scope::untracked_sync(scope::taint));
    assert!(request.is_tainted());
    let mut request = Scope::new();
    request.wrap(scope::untracked(scope::bypass(async {}))).await;
    assert!(request.is_tainted());
}

#[tokio::test]
async fn a_task_of_something_untracked_hands_on_its_taint_and_no_tags() {
    let cache = Cache::new();
    let mut request = Scope::new();
    let carried = request.run(|| scope::untracked_sync(scope::carry));
    tokio::spawn(carried.wrap(read(cache.clone()))).await.unwrap();
    assert!(request.tags().is_empty() && !request.is_tainted());
    tokio::spawn(carried.wrap(async { scope::taint() })).await.unwrap();
    assert!(request.is_tainted());
}

#[tokio::test]
async fn a_follower_in_a_carried_task_hands_out_the_tags_of_the_flight() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("inner", load).tags(["t"]).await }
    });
    started.await.unwrap();
    let mut request = Scope::new();
    let follower = request.run(|| tokio::spawn(scope::carry().wrap(read(cache.clone()))));
    settle().await;
    finish.send(9).unwrap();
    assert_eq!((leader.await.unwrap(), follower.await.unwrap()), (Some(9), Some(9)));
    assert_eq!(request.tags(), [Tag::new("t")]);
}
