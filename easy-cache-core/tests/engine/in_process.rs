//! What is so only where values stay in the process: errors are kept, what is past its ttl is there until it has to make room, and
//! caches know each other's tags.

use std::sync::Arc;

use easy_cache_core::{Policy, Scope};

use crate::support::{Calls, cache_and_clock, seconds, settle};

#[tokio::test]
async fn a_stale_response_is_renewed_by_one_while_the_others_are_told_to_serve_it() {
    let (cache, clock) = cache_and_clock();
    cache.set("k", 1).wait();
    clock.advance(seconds(10));
    let young = |stored: &easy_cache_core::Stored| stored.age < seconds(5);
    let easy_cache_core::Joined::Found(found) = cache.join("k").await else { panic!("it is stored") };
    assert_eq!(found.age, seconds(10));
    let computation = cache.try_lead("k").unwrap();
    assert!(cache.try_lead("k").is_none(), "somebody computes it");
    assert!(matches!(cache.join("k").await, easy_cache_core::Joined::Found(_)), "and others do not wait");
    let choosy = tokio::spawn({
        let cache = cache.clone();
        async move {
            match cache.join("k").accept(young).await {
                easy_cache_core::Joined::Found(found) => found.value.downcast_ref::<i32>().copied(),
                easy_cache_core::Joined::Compute(_) => None,
            }
        }
    });
    settle().await;
    assert!(!choosy.is_finished(), "who does not accept it waits");
    computation.fill(Arc::new(2), &Policy::new(), Scope::new());
    assert_eq!(choosy.await.unwrap(), Some(2));
    assert!(matches!(cache.join("k").accept(|_| false).await, easy_cache_core::Joined::Compute(_)));
}

#[tokio::test]
async fn a_stale_read_gives_what_is_past_its_ttl_and_never_what_is_outdated() {
    // case 19
    let (cache, clock) = cache_and_clock();
    cache.set("k", 42).ttl(seconds(1)).tags(["t"]).await;
    clock.advance(seconds(1));
    assert_eq!(cache.get("k").await.unwrap_or(1), 1);
    let mut scope = easy_cache_core::Scope::new();
    assert_eq!(scope.run(|| cache.get_stale("k").wait()), Some(42));
    assert!(scope.is_tainted());
    let hold = cache.hold(["t"], seconds(60)).await;
    assert_eq!(cache.get_stale::<i32>("k").await, None, "held");
    hold.rollback().await.unwrap();
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(cache.get_stale::<i32>("k").await, None);
    cache.set("k", 42).ttl(seconds(1)).await;
    cache.invalidate_all().await.unwrap();
    assert_eq!(cache.get_stale::<i32>("k").await, None);
}

#[tokio::test]
async fn an_error_is_remembered_for_a_time_of_its_own() {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let load = |answer: Result<i32, String>| {
        let counted = calls.load(());
        let load = async { counted.await.map_or(Err(String::new()), |()| answer) };
        cache.get_or_compute("k", load).cache_err(seconds(5))
    };
    for _ in 0..2 {
        assert_eq!(load(Err("down".into())).await, Err("down".into()));
    }
    assert_eq!(calls.count(), 1);
    clock.advance(seconds(5));
    assert_eq!(load(Ok(1)).await, Ok(1));
}

#[tokio::test]
async fn an_outer_value_ends_with_an_inner_one_of_another_clock() {
    let ((outer, _), (inner, other)) = (cache_and_clock(), cache_and_clock());
    other.advance(seconds(1_000));
    inner.set("k", 1).ttl(seconds(7)).await;
    other.advance(seconds(2));
    let load = async { inner.get::<i32>("k").await };
    outer.get_or_compute("k", load).ttl(seconds(60)).await;
    assert_eq!(outer.time_to_live("k").wait(), Some(seconds(5)));
}
