//! Writers hold tags from before their COMMIT until its outcome is known.

use easy_cache_core::Cache;

use crate::support::{Calls, cache_and_clock, seconds, settle};

async fn read(cache: &Cache, calls: &Calls, value: i32) -> Option<i32> {
    cache.get_or_compute("k", calls.load(value)).tags(["t"]).await
}

#[tokio::test]
async fn nothing_held_is_served_and_a_commit_invalidates() {
    let (cache, calls) = (Cache::new(), Calls::default());
    read(&cache, &calls, 1).await;
    let hold = cache.hold(["t"], seconds(30)).await;
    assert!(!cache.contains("k").await);
    assert_eq!(read(&cache, &calls, 1).await, Some(1), "computed, possibly from before the commit");
    hold.commit().await.unwrap();
    assert!(!cache.contains("k").await, "and dropped by it");
    assert_eq!(read(&cache, &calls, 2).await, Some(2));
}

#[tokio::test]
async fn a_rollback_costs_no_hit() {
    // case 77
    let (cache, calls) = (Cache::new(), Calls::default());
    read(&cache, &calls, 1).await;
    let hold = cache.hold(["t"], seconds(30)).await;
    hold.rollback().await.unwrap();
    assert_eq!(read(&cache, &calls, 2).await, Some(1));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn a_writer_that_vanishes_invalidates_at_its_deadline() {
    let (cache, clock) = cache_and_clock();
    let calls = Calls::default();
    read(&cache, &calls, 1).await;
    drop(cache.hold(["t"], seconds(30)).await);
    clock.advance(seconds(29));
    assert!(!cache.contains("k").await, "its outcome is unknown");
    clock.advance(seconds(1));
    assert!(!cache.contains("k").await, "it may have committed");
    assert_eq!(read(&cache, &calls, 2).await, Some(2));
    assert_eq!(read(&cache, &calls, 3).await, Some(2), "normal caching again");
}

#[tokio::test]
async fn two_writers_of_one_tag_do_not_end_each_others_hold() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (one, two) = (cache.hold(["t"], seconds(30)).await, cache.hold(["t"], seconds(30)).await);
    one.commit().await.unwrap();
    read(&cache, &calls, 1).await;
    assert!(!cache.contains("k").await, "the second writer may commit at any moment");
    two.rollback().await.unwrap();
    assert!(cache.contains("k").await);
}

#[tokio::test]
async fn what_cannot_be_understood_holds_everything() {
    let (cache, calls) = (Cache::new(), Calls::default());
    read(&cache, &calls, 1).await;
    cache.set("other", 1).await;
    let hold = cache.hold_all(seconds(30)).await;
    assert!(!cache.contains("k").await && !cache.contains("other").await);
    hold.rollback().await.unwrap();
    assert!(cache.contains("k").await && cache.contains("other").await);
    cache.hold_all(seconds(30)).await.commit().await.unwrap();
    assert!(!cache.contains("k").await && !cache.contains("other").await);
}

#[tokio::test]
async fn a_computation_that_read_before_the_commit_is_refused_after_it() {
    // case 85
    let (cache, calls) = (Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let reader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).await }
    });
    started.await.unwrap();
    let hold = cache.hold(["t"], seconds(30)).await;
    hold.commit().await.unwrap();
    finish.send(1).unwrap();
    reader.await.unwrap();
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn who_calls_while_something_is_held_takes_nothing_from_a_computation_that_began_before() {
    for everything in [false, true] {
        let (cache, calls) = (Cache::new(), Calls::default());
        let (load, started, finish) = calls.gated();
        let leader = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get_or_compute("k", load).tags(["t"]).await }
        });
        started.await.unwrap();
        // The writer returns to its caller here: it holds, and knows of its COMMIT only later.
        let hold = if everything { cache.hold_all(seconds(30)).await } else { cache.hold(["t"], seconds(30)).await };
        let followers = [2, 3].map(|value| {
            let (cache, calls) = (cache.clone(), calls.clone());
            tokio::spawn(async move { read(&cache, &calls, value).await })
        });
        settle().await;
        assert_eq!(calls.count(), 1, "they wait");
        finish.send(1).unwrap();
        assert_eq!(leader.await.unwrap(), Some(1), "it called before");
        for follower in followers {
            assert_ne!(follower.await.unwrap(), Some(1));
        }
        assert!(calls.count() <= 3);
        hold.commit().await.unwrap();
        assert!(!cache.contains("k").await);
    }
}

#[tokio::test]
async fn a_deadline_that_nobody_has_met_counts_for_those_who_wait_for_a_computation_from_before() {
    let (cache, clock) = cache_and_clock();
    let calls = Calls::default();
    let (load, started, finish) = calls.gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).await }
    });
    started.await.unwrap();
    drop(cache.hold(["t"], seconds(5)).await);
    clock.advance(seconds(5));
    let follower = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { read(&cache, &calls, 2).await }
    });
    settle().await;
    finish.send(1).unwrap();
    assert_eq!(leader.await.unwrap(), Some(1));
    assert_eq!(follower.await.unwrap(), Some(2), "the writer may have committed before this call began");
}
