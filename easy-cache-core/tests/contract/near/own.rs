//! What this process does itself: nothing of it has to be heard first. In all of these the store's news never arrive.

use std::time::Duration;

use easy_cache_core::Cache;

use super::Shared;
use crate::world::{get, getting, settle};

const WITHIN: Duration = Duration::from_secs(30);

/// A process with a copy, which hears nothing from here on.
async fn deaf() -> (Shared, Cache) {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    shared.remote.hold_news();
    (shared, cache)
}

#[tokio::test]
async fn what_is_invalidated_here_is_not_served_here() {
    for way in ["tag", "key", "everything"] {
        let (_shared, cache) = deaf().await;
        match way {
            "tag" => cache.invalidate_tags(["t"]).await.unwrap(),
            "key" => cache.invalidate_key("k").await.unwrap(),
            _ => cache.invalidate_all().await.unwrap(),
        }
        assert_eq!(get(&cache, 2).await, 2, "{way}");
    }
}

#[tokio::test]
async fn what_is_looked_up_while_an_invalidation_is_on_its_way_is_not_kept() {
    // case 69
    for way in ["tag", "key", "everything"] {
        let (shared, cache) = deaf().await;
        shared.remote.hold_invalidations();
        let invalidation = tokio::spawn({
            let cache = cache.clone();
            async move {
                match way {
                    "tag" => cache.invalidate_tags(["t"]).await,
                    "key" => cache.invalidate_key("k").await,
                    _ => cache.invalidate_all().await,
                }
            }
        });
        settle().await;
        assert_eq!(get(&cache, 2).await, 1, "{way}: it has not returned");
        shared.remote.release_invalidations();
        invalidation.await.unwrap().unwrap();
        assert_eq!(get(&cache, 2).await, 2, "{way}");
    }
}

#[tokio::test]
async fn what_is_looked_up_beside_an_invalidation_that_is_given_up_is_not_kept() {
    let (shared, cache) = deaf().await;
    shared.remote.hold_invalidations();
    let invalidation = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_tags(["t"]).await }
    });
    settle().await;
    assert_eq!(get(&cache, 2).await, 1);
    invalidation.abort();
    assert!(invalidation.await.is_err());
    shared.remote.release_invalidations();
    assert_eq!(get(&cache, 2).await, 2, "it is in force here, though the store has not heard of it");
}

#[tokio::test]
async fn a_reply_from_before_an_invalidation_here_is_not_kept() {
    // case 69
    let (shared, cache) = deaf().await;
    cache.invalidate_tags(["t"]).await.unwrap();
    get(&shared.far(), 2).await;
    shared.remote.hold_replies();
    let slow = getting(&cache, 3);
    settle().await;
    cache.invalidate_tags(["t"]).await.unwrap();
    shared.remote.release_replies();
    assert_eq!(slow.await.unwrap(), 3);
    assert_eq!(get(&cache, 4).await, 4, "nor is what was computed behind the fence of that lookup");
}

#[tokio::test]
async fn what_is_held_here_is_not_served_here() {
    let (shared, cache) = deaf().await;
    let hold = cache.hold(["t"], WITHIN).await;
    assert_eq!(shared.read(&cache, 2).await.0, 2);
    hold.commit().await.unwrap();
    assert_eq!(get(&cache, 3).await, 3, "what was computed before the COMMIT is gone with it");
}

#[tokio::test]
async fn everything_that_is_held_here_is_not_served_here() {
    let (shared, cache) = deaf().await;
    let hold = cache.hold_all(WITHIN).await;
    assert_eq!(shared.read(&cache, 2).await.0, 2);
    hold.commit().await.unwrap();
    assert_eq!(get(&cache, 3).await, 3);
}

#[tokio::test]
async fn a_copy_is_good_again_after_a_rollback() {
    let (shared, cache) = deaf().await;
    let hold = cache.hold(["t"], WITHIN).await;
    hold.rollback().await.unwrap();
    assert_eq!(shared.read(&cache, 2).await, (1, 0));
}

#[tokio::test]
async fn what_is_computed_anew_here_takes_the_place_of_the_copy() {
    let (shared, cache) = deaf().await;
    let refreshed = cache.get_or_compute("k", async { Some(2_u64) }).tags(["t"]).refresh().await;
    assert_eq!(refreshed, Some(2));
    assert_eq!(shared.read(&cache, 3).await, (2, 1));
}

#[tokio::test]
async fn a_reply_from_before_a_value_was_computed_anew_here_is_not_kept() {
    let (shared, cache) = deaf().await;
    shared.remote.prove();
    cache.get_or_compute("k", async { Some(2_u64) }).tags(["t"]).refresh().await;
    shared.remote.hold_replies();
    let slow = getting(&cache, 9);
    settle().await;
    let refresh = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", async { Some(3_u64) }).tags(["t"]).refresh().await }
    });
    settle().await;
    shared.remote.release_replies();
    assert_eq!((slow.await.unwrap(), refresh.await.unwrap()), (2, Some(3)));
    assert_eq!(get(&cache, 4).await, 3);
}
