//! What was invalidated, and is served within a bound all the same: by express wish, in this process only.

use easy_cache_core::Cache;

use crate::support::{Calls, cache_and_clock, milliseconds, poll, seconds};

async fn outdated_at_most(cache: &Cache, bound: u64, load: impl Future<Output = Option<i32>>) -> Option<i32> {
    cache.get_or_compute("k", load).tags(["t"]).serve_outdated(seconds(bound)).await
}

#[tokio::test]
async fn who_asks_for_it_is_served_what_was_invalidated_by_tag_but_not_for_longer_than_its_bound() {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    outdated_at_most(&cache, 10, calls.load(1)).await;
    clock.advance(seconds(100));
    cache.invalidate_tags(["t"]).await.unwrap();
    clock.advance(seconds(5));
    let (load, started, _finish) = calls.gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { outdated_at_most(&cache, 10, load).await }
    });
    started.await.unwrap();
    assert_eq!(outdated_at_most(&cache, 10, calls.load(3)).await, Some(1));
    assert_eq!(cache.get::<i32>("k").await, None);
    cache.invalidate_tags(["t"]).await.unwrap();
    clock.advance(milliseconds(4_999));
    assert_eq!(outdated_at_most(&cache, 10, calls.load(3)).await, Some(1), "a second invalidation changes nothing");
    clock.advance(milliseconds(1));
    leader.abort();
    assert_eq!(outdated_at_most(&cache, 10, calls.load(4)).await, Some(4), "nor does it prolong the bound");
}

#[tokio::test]
async fn what_was_invalidated_more_than_once_unseen_or_by_key_or_with_everything_is_never_served() {
    for change in 0..4 {
        let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
        outdated_at_most(&cache, 10, calls.load(1)).await;
        clock.advance(seconds(1));
        let _held = match change {
            0 => {
                cache.invalidate_tags(["t"]).await.unwrap();
                cache.invalidate_tags(["t"]).await.unwrap();
                None
            }
            1 => {
                cache.invalidate_key("k").await.unwrap();
                None
            }
            2 => {
                cache.invalidate_all().await.unwrap();
                None
            }
            _ => {
                cache.invalidate_tags(["t"]).await.unwrap();
                Some(cache.hold(["t"], seconds(60)).await)
            }
        };
        let (load, _started, _finish) = calls.gated();
        let mut waiting = Box::pin(outdated_at_most(&cache, 10, load));
        assert!(poll(waiting.as_mut()).is_pending(), "change {change}: it is computed");
        let mut other = Box::pin(outdated_at_most(&cache, 10, calls.load(3)));
        assert!(poll(other.as_mut()).is_pending(), "change {change}: everybody waits for it");
    }
}
