//! Computations in parts: what integrations rely on beside `get_or_compute`.

use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::{Cache, Joined, Policy, Scope, Tag};

use crate::support::settle;

#[tokio::test]
async fn a_look_finds_what_is_stored_with_its_tags_and_never_computes() {
    let cache = Cache::new();
    assert!(cache.look("k").is_none());
    cache.set("k", 7).tags(["books"]).await;
    let mut scope = Scope::new();
    let found = scope.run(|| cache.look("k")).unwrap();
    assert_eq!(found.value.downcast_ref::<i32>(), Some(&7));
    assert_eq!(scope.tags(), [Tag::new("books")]);
    assert!(matches!(cache.join("absent").await, Joined::Compute(_)), "the look at it left no flight behind");
}

#[tokio::test]
async fn a_computation_knows_who_waits_for_it() {
    let cache = Cache::new();
    let Joined::Compute(computation) = cache.join("k").await else { panic!("nothing is stored") };
    assert!(computation.is_joinable() && !computation.is_awaited());
    let follower = tokio::spawn({
        let cache = cache.clone();
        async move { matches!(cache.join("k").await, Joined::Found(stored) if stored.waited) }
    });
    settle().await;
    assert!(computation.is_awaited());
    assert!(computation.fill(Arc::new(1), &Policy::new(), Scope::new()));
    assert!(follower.await.unwrap());
    let alone = cache.begin("k");
    assert!(!alone.is_joinable() && !alone.is_awaited());
}

#[tokio::test]
async fn a_call_for_its_own_key_from_inside_a_computation_in_parts_does_not_wait_for_itself() {
    let cache = Cache::new();
    let Joined::Compute(computation) = cache.join("k").await else { panic!("nothing is stored") };
    let mut scope = computation.scope();
    let inner = scope.wrap(async { matches!(cache.join("k").await, Joined::Compute(_)) });
    assert!(tokio::time::timeout(Duration::from_secs(5), inner).await.unwrap());
}

#[tokio::test]
async fn a_cache_that_is_switched_off_or_bypassed_says_so() {
    let cache = Cache::new();
    assert!(cache.is_usable());
    assert!(!easy_cache_core::scope::bypass(async { cache.is_usable() }).await);
    cache.set_enabled(false);
    assert!(!cache.is_usable());
}
