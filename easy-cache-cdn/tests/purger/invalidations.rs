//! What a cache invalidates, however it does so, reaches what is in front of it.

use easy_cache_cdn::{Purge, Purger, Purges};
use easy_cache_core::{Cache, ManualClock, Tag};

use crate::front::{Front, named, seconds, soon};

fn cache() -> (Cache, ManualClock, Front, Purges) {
    let (front, clock) = (Front::new(), ManualClock::new());
    let purges = Purger::new(front.clone()).again_after(seconds(0)).start();
    let cache = Cache::builder().clock(clock.clock()).on_invalidated(purges.listener()).build();
    (cache, clock, front, purges)
}

#[tokio::test(start_paused = true)]
async fn tags_prefixes_and_everything_are_purged_and_keys_are_not() {
    let (cache, _clock, front, purges) = cache();
    cache.invalidate_tags(["a"]).await.unwrap();
    soon(purges.acknowledged()).await;
    cache.invalidate_prefix("shop:").await.unwrap();
    soon(purges.acknowledged()).await;
    cache.invalidate_key("k").await.unwrap();
    soon(purges.acknowledged()).await;
    cache.invalidate_all().await.unwrap();
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["a"]), named(&["shop:"]), Purge::Everything]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_purged_and_a_rollback_is_not() {
    let (cache, _clock, front, purges) = cache();
    cache.hold([Tag::row("books", 7)], seconds(30)).await.rollback().await.unwrap();
    cache.hold([Tag::row("books", 8)], seconds(30)).await.commit().await.unwrap();
    cache.hold_all(seconds(30)).await.commit().await.unwrap();
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [Purge::Everything]);
    assert_eq!(front.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_outcome_nobody_learned_is_purged_at_once_and_at_its_deadline() {
    let (cache, clock, front, purges) = cache();
    drop(cache.hold(["t"], seconds(30)).await);
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped(), [named(&["t"])], "it may be visible");
    clock.advance(seconds(30));
    for _ in 0..1_000 {
        tokio::task::yield_now().await; // the one who waits for the deadline, and who purges
    }
    soon(purges.acknowledged()).await;
    assert_eq!(front.dropped().len(), 2, "it may have become visible since, and nobody asked the cache for anything");
}
