//! What is built from copies: compared with the store, so that a bounded delay never becomes a lasting one.

use easy_cache_core::testing::Remote;
use easy_cache_core::{Cache, Near};

use super::{BOUND, Shared};
use crate::world::get;

/// A value that is built from the one under `k`.
async fn outer(cache: &Cache, value: u64) -> u64 {
    cache.get_or_compute_value("outer", async { get(cache, 0).await + value }).await
}

/// The same with one between them that is not kept.
async fn outermost(cache: &Cache, value: u64) -> u64 {
    let between = async { Some(get(cache, 0).await + value) };
    let load = async { cache.get_or_compute("between", between).only_if(|_| false).await };
    cache.get_or_compute("outermost", load).await.unwrap_or_default()
}

#[tokio::test]
async fn what_is_built_from_a_copy_is_kept_if_the_store_agrees() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    assert_eq!((outer(&cache, 10).await, outer(&cache, 20).await), (11, 11));
    assert_eq!((outermost(&cache, 10).await, outermost(&cache, 20).await), (11, 11));
    shared.far().invalidate_tags(["t"]).await.unwrap();
    assert_eq!(outer(&cache, 30).await, 30, "it depends on what the copy depends on");
}

#[tokio::test]
async fn what_is_built_from_an_outdated_copy_is_not_kept() {
    for way in ["tag", "made anew", "everything"] {
        let shared = Shared::new();
        let cache = shared.with_copy().await;
        shared.remote.hold_news();
        match way {
            "tag" => shared.far().invalidate_tags(["t"]).await.unwrap(),
            "everything" => shared.far().invalidate_all().await.unwrap(),
            _ => {
                shared.far().invalidate_tags(["t"]).await.unwrap();
                get(&shared.far(), 2).await;
            }
        }
        assert_eq!(outer(&cache, 10).await, 11, "{way}: the copy is within its bound");
        assert_eq!(outermost(&cache, 10).await, 11, "{way}");
        shared.clock.advance(BOUND);
        let now = if way == "made anew" { 2 } else { 0 };
        assert_eq!(outer(&cache, 20).await, now + 20, "{way}: and nothing is left of it afterwards");
        assert_eq!(outermost(&cache, 20).await, now + 20, "{way}");
    }
}

#[tokio::test]
async fn copies_of_two_moments_are_not_kept_together() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    let other = async |cache: &Cache| cache.get_or_compute_value("other", async { 5_u64 }).tags(["t"]).await;
    shared.remote.hold_news();
    shared.far().invalidate_tags(["t"]).await.unwrap();
    other(&shared.far()).await;
    let both = async |value: u64| {
        let load = async { get(&cache, 0).await + other(&cache).await + value };
        cache.get_or_compute_value("both", load).await
    };
    assert_eq!((both(10).await, both(20).await), (16, 26));
}

#[tokio::test]
async fn what_is_built_from_copies_of_another_store_is_not_kept() {
    let shared = Shared::new();
    let elsewhere = shared.with_copy().await;
    let remote = Remote::new(shared.clock.clock());
    let near = Near::within(BOUND);
    let here = Cache::builder().clock(shared.clock.clock()).store(remote.clone()).near(near).build();
    remote.prove();
    let memory = Cache::builder().clock(shared.clock.clock()).build();
    for cache in [&here, &memory] {
        let outer = async |value: u64| {
            let load = async { get(&elsewhere, 0).await + value };
            cache.get_or_compute_value("outer", load).await
        };
        assert_eq!((outer(10).await, outer(20).await), (11, 21));
    }
}
