//! Invalidation by tag, key and all at once.

use easy_cache_core::{Cache, Tag};

use crate::support::{Calls, cache_and_clock, seconds};

async fn fill(cache: &Cache, key: &str, tags: &[&str], value: i32) -> Option<i32> {
    cache.get_or_compute(key, async move { Some(value) }).tags(tags.iter().copied()).await
}

#[tokio::test]
async fn a_tag_drops_its_entries_and_no_others() {
    // case 41
    let cache = Cache::new();
    fill(&cache, "foo", &["x", "y"], 1).await;
    fill(&cache, "bar", &["y", "z"], 2).await;
    fill(&cache, "baz", &["x", "z"], 3).await;
    cache.invalidate_tags(["x"]).await.unwrap();
    assert_eq!(cache.get::<i32>("foo").await, None);
    assert_eq!(cache.get::<i32>("bar").await, Some(2));
    assert_eq!(fill(&cache, "baz", &["x", "z"], 333).await, Some(333));
    cache.invalidate_tags(["y"]).await.unwrap();
    assert_eq!(fill(&cache, "foo", &["x", "y"], 1111).await, Some(1111));
    assert_eq!(fill(&cache, "bar", &["y", "z"], 2222).await, Some(2222));
    assert_eq!(cache.get::<i32>("baz").await, Some(333));
}

#[tokio::test]
async fn no_tags_change_nothing_and_unknown_tags_do_no_harm() {
    // case 42, on one node
    let cache = Cache::new();
    fill(&cache, "foo", &["x"], 1).await;
    cache.invalidate_tags(Vec::<Tag>::new()).await.unwrap();
    assert_eq!(cache.get::<i32>("foo").await, Some(1));
    cache.invalidate_tags(["x", "non-existing"]).await.unwrap();
    assert_eq!(cache.get::<i32>("foo").await, None);
}

#[tokio::test]
async fn an_entry_written_after_an_invalidation_in_the_same_instant_is_valid() {
    // case 43: the clock stands still through the whole test
    let (cache, _clock) = cache_and_clock();
    for round in 0..1_000 {
        fill(&cache, "before", &["t"], round).await;
        cache.invalidate_tags(["t"]).await.unwrap();
        assert_eq!(cache.get::<i32>("before").await, None);
        fill(&cache, "after", &["t"], round).await;
        assert_eq!(cache.get::<i32>("after").await, Some(round));
    }
}

#[tokio::test]
async fn what_was_invalidated_is_not_contained() {
    // case 44
    let cache = Cache::new();
    fill(&cache, "k", &["t"], 1).await;
    assert!(cache.contains("k").await);
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn caches_side_by_side_do_not_share_tags() {
    // case 46
    let (users, posts) = (Cache::builder().namespace("users").build(), Cache::builder().namespace("posts").build());
    fill(&users, "k", &["t"], 1).await;
    fill(&posts, "k", &["t"], 2).await;
    posts.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(users.get::<i32>("k").await, Some(1));
    assert_eq!(posts.get::<i32>("k").await, None);
}

#[tokio::test]
async fn a_key_set_again_without_tags_has_lost_them() {
    // case 47
    let cache = Cache::new();
    cache.set("k", 1).tags(["t"]).await;
    cache.invalidate_key("k").await.unwrap();
    cache.set("k", 2).await;
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, Some(2));
}

#[tokio::test]
async fn one_tag_drops_any_number_of_entries() {
    // case 48
    let cache = Cache::new();
    for n in 0..10_000 {
        fill(&cache, &format!("k{n}"), &["t"], n).await;
    }
    cache.invalidate_tags(["t"]).await.unwrap();
    for n in 0..10_000 {
        assert_eq!(cache.get::<i32>(format!("k{n}")).await, None);
    }
}

#[tokio::test]
async fn an_entry_computed_again_with_other_tags_has_only_these() {
    // case 49
    let cache = Cache::new();
    fill(&cache, "k", &["a"], 1).await;
    cache.invalidate_key("k").await.unwrap();
    fill(&cache, "k", &["b"], 2).await;
    cache.invalidate_tags(["a"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, Some(2));
    cache.invalidate_tags(["b"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, None);
}

#[tokio::test]
async fn entries_of_different_ttl_share_a_tag_without_harm() {
    // case 55
    let (cache, clock) = cache_and_clock();
    cache.get_or_compute("short", async { Some(1) }).tags(["t"]).ttl(seconds(10)).await;
    cache.get_or_compute("long", async { Some(2) }).tags(["t"]).ttl(seconds(3600)).await;
    clock.advance(seconds(11));
    assert_eq!(cache.get::<i32>("short").await, None);
    assert_eq!(cache.get::<i32>("long").await, Some(2));
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(cache.get::<i32>("long").await, None);
}

#[tokio::test]
async fn a_tag_stays_within_reach_however_many_others_come_and_go() {
    // case 53: in memory a record cannot be evicted while an entry refers to it; many others are swept here
    let (cache, calls) = (Cache::builder().expected_entries(100).max_weight(1 << 30).build(), Calls::default());
    cache.get_or_compute("k", calls.load(1)).tags(["t"]).await;
    for n in 0..100_000 {
        cache.set("other", n).tags([format!("tag {n}")]).await;
    }
    assert_eq!(cache.get::<i32>("k").await, Some(1));
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, None);
}

#[tokio::test]
async fn everything_can_be_dropped_at_once() {
    let cache = Cache::new();
    let fence = cache.fence();
    fill(&cache, "k", &["t"], 1).await;
    cache.invalidate_all().await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, None);
    assert!(!cache.set("k", 0).fence(fence).await, "and what was read before is refused");
    fill(&cache, "k", &["t"], 2).await;
    assert_eq!(cache.get::<i32>("k").await, Some(2));
}

#[tokio::test]
async fn a_replaced_entry_takes_nothing_of_its_successor_with_it() {
    // case 60
    let (cache, calls) = (Cache::builder().max_weight(4_000).expected_entries(4).build(), Calls::default());
    cache.get_or_compute("k", calls.load(1)).tags(["t"]).weight(1_000).await;
    cache.get_or_compute("k", calls.load(2)).tags(["t"]).weight(1_000).refresh().await;
    for n in 0..100 {
        cache.get_or_compute(format!("other {n}"), calls.load(0)).tags(["t"]).weight(1_000).await;
        cache.get_or_compute("k", calls.load(2)).tags(["t"]).weight(1_000).await;
    }
    assert_eq!(cache.get::<i32>("k").await, Some(2));
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, None, "its tag still reaches it");
}
