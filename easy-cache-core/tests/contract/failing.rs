//! A store that fails, is late, or loses replies: requests go on, and no invalidation is forgotten.

use std::time::Duration;

use easy_cache_core::ErrorKind;
use easy_cache_core::testing::Fault;

use crate::world::{World, get, getting};

#[tokio::test]
async fn with_the_store_down_every_call_computes() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    assert_eq!((get(&cache, 2).await, get(&cache, 3).await), (2, 3));
    drop(down);
    assert_eq!(get(&cache, 4).await, 1, "nothing was invalidated");
}

#[tokio::test]
async fn a_fill_that_fails_is_still_the_callers_answer() {
    let world = World::new();
    let cache = world.cache().await;
    let down = world.store.inject(Fault::Fail, |attempt| attempt.method == "set_many");
    assert_eq!(get(&cache, 1).await, 1);
    drop(down);
    assert_eq!(get(&cache, 2).await, 2);
}

#[tokio::test]
async fn an_invalidation_that_was_not_delivered_is_an_error_and_stays_in_force() {
    for fault in [Fault::Fail, Fault::LoseReply] {
        let world = World::new();
        let cache = world.cache().await;
        get(&cache, 1).await;
        let down = world.store.inject(fault, |attempt| attempt.method.starts_with("set"));
        assert_eq!(cache.invalidate_tags(["t"]).await.unwrap_err().kind(), ErrorKind::Store);
        assert_eq!(get(&cache, 2).await, 2, "the store could be read, but is not trusted");
        drop(down);
        assert_eq!(get(&cache, 3).await, 3, "delivered before the store was asked");
        assert_eq!(get(&world.process(), 4).await, 3);
    }
}

#[tokio::test]
async fn an_invalidation_that_nobody_waits_for_is_delivered_all_the_same() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let stall = world.store.inject(Fault::StallBefore, |attempt| attempt.method.starts_with("set"));
    let invalidation = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_tags(["t"]).await }
    });
    stall.reached(1).await;
    invalidation.abort();
    assert!(invalidation.await.is_err());
    drop(stall);
    assert_eq!(get(&cache, 2).await, 2);
}

#[tokio::test]
async fn a_store_that_does_not_answer_keeps_nobody_waiting() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let stall = world.store.inject(Fault::StallBefore, |attempt| attempt.method == "get_many");
    let call = getting(&cache, 2);
    stall.reached(1).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(call.await.unwrap(), 2);
    let writing = world.store.inject(Fault::StallBefore, |attempt| attempt.method.starts_with("set"));
    let invalidation = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_key("k").await }
    });
    writing.reached(1).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(invalidation.await.unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn an_invalidation_here_while_the_reply_is_on_its_way_is_noticed() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let stall = world.store.inject(Fault::StallAfter, |attempt| attempt.is("get_many", ":e:"));
    let call = getting(&cache, 2);
    stall.reached(1).await;
    cache.invalidate_tags(["t"]).await.unwrap();
    drop(stall);
    assert_eq!(call.await.unwrap(), 2);
    assert_eq!(get(&cache, 3).await, 3, "it was computed behind a fence from before the invalidation");
}

#[tokio::test]
async fn an_invalidation_of_everything_while_the_reply_is_on_its_way_is_noticed() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let stall = world.store.inject(Fault::StallAfter, |attempt| attempt.is("get_many", ":e:"));
    let call = getting(&cache, 2);
    stall.reached(1).await;
    cache.invalidate_all().await.unwrap();
    drop(stall);
    assert_eq!(call.await.unwrap(), 2);
}

#[tokio::test]
async fn a_hold_here_while_the_reply_is_on_its_way_is_noticed() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let stall = world.store.inject(Fault::StallAfter, |attempt| attempt.is("get_many", ":e:"));
    let call = getting(&cache, 2);
    stall.reached(1).await;
    let _hold = cache.hold(["t"], Duration::from_secs(30)).await;
    drop(stall);
    assert_eq!(call.await.unwrap(), 2);
}

#[tokio::test]
async fn what_happens_here_to_other_tags_while_the_reply_is_on_its_way_changes_nothing() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let _held = cache.hold(["held before"], Duration::from_secs(30)).await;
    let stall = world.store.inject(Fault::StallAfter, |attempt| attempt.is("get_many", ":e:"));
    let call = getting(&cache, 2);
    stall.reached(1).await;
    let _hold = cache.hold(["held meanwhile"], Duration::from_secs(30)).await;
    cache.invalidate_tags(["invalidated meanwhile"]).await.unwrap();
    drop(stall);
    assert_eq!(call.await.unwrap(), 1);
}

#[tokio::test]
async fn a_hold_that_was_not_delivered_holds_here() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let down = world.store.inject(Fault::Fail, |attempt| attempt.method.starts_with("set"));
    let hold = cache.hold(["t"], Duration::from_secs(30)).await;
    drop(down);
    assert_eq!(get(&cache, 2).await, 2);
    assert_eq!(get(&cache, 3).await, 3, "it is held as long as the writer says");
    hold.rollback().await.unwrap();
    assert_eq!(get(&cache, 4).await, 3);
}

#[tokio::test]
async fn a_commit_whose_invalidation_fails_says_so() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let hold = cache.hold(["t"], Duration::from_secs(30)).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    assert!(hold.commit().await.is_err());
    drop(down);
    assert_eq!(get(&cache, 2).await, 2);
}
