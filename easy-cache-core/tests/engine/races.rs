//! Invalidations that arrive while a value is being computed: the caller may get the old value, the next one must not.

use easy_cache_core::{Cache, Tag};

use crate::support::Calls;

/// What arrives while the loader runs.
async fn disturb(cache: &Cache, by: &str) {
    match by {
        "tag" => cache.invalidate_tags(["t"]).await.unwrap(),
        "key" => cache.invalidate_key("p:k").await.unwrap(),
        "prefix" => cache.invalidate_prefix("p").await.unwrap(),
        "all" => cache.invalidate_all().await.unwrap(),
        _ => unreachable!(),
    }
}

async fn invalidated_during_the_computation(by: &'static str, refresh: bool) {
    let (cache, calls) = (Cache::new(), Calls::default());
    if refresh {
        cache.set("p:k", 0).tags([Tag::new("t"), Tag::prefix("p")]).await;
    }
    let (load, started, finish) = calls.gated();
    let slow = tokio::spawn({
        let cache = cache.clone();
        async move {
            let call = cache.get_or_compute("k", load).prefix("p").tags(["t"]);
            if refresh { call.refresh().await } else { call.await }
        }
    });
    started.await.unwrap();
    disturb(&cache, by).await;
    finish.send(1).unwrap();
    assert_eq!(slow.await.unwrap(), Some(1), "a refused fill is still the caller's answer");
    // case 91: the old value, which is not kept; the new one, which is; and then a hit
    assert_eq!(cache.get_or_compute("p:k", calls.load(2)).tags(["t"]).await, Some(2), "disturbed by {by}");
    assert_eq!(cache.get_or_compute("p:k", calls.load(3)).tags(["t"]).await, Some(2), "disturbed by {by}");
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn an_invalidation_during_the_computation_is_not_lost() {
    // case 51: foreground and forced refresh, by tag, by key, by prefix, by everything
    for by in ["tag", "key", "prefix", "all"] {
        invalidated_during_the_computation(by, false).await;
        invalidated_during_the_computation(by, true).await;
    }
}

#[tokio::test]
async fn an_invalidation_of_a_tag_that_only_the_result_knows_is_not_lost() {
    // case 52: the inner computation brings the tag
    let (cache, calls) = (Cache::new(), Calls::default());
    let (gate, started, finish) = calls.gated();
    let slow = tokio::spawn({
        let cache = cache.clone();
        async move {
            let inner = cache.clone();
            cache
                .get_or_compute("outer", async move {
                    let value = gate.await;
                    inner.get_or_compute("inner", async { Some(()) }).tags(["late"]).await;
                    value
                })
                .await
        }
    });
    started.await.unwrap();
    cache.invalidate_tags(["late"]).await.unwrap();
    finish.send(1).unwrap();
    slow.await.unwrap();
    assert_eq!(cache.get::<i32>("outer").await, None, "its fence is from before the invalidation");
}

#[tokio::test]
async fn creating_a_tag_does_not_undo_its_invalidation() {
    // case 54: the tag has no record when the invalidation comes, and the fill creates one
    let cache = Cache::new();
    let fence = cache.fence();
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.set_local("k", "from before").tags(["t"]).fence(fence).await);
    assert_eq!(cache.get_local::<&str>("k").await, None);
    let fence = cache.fence();
    assert!(cache.set_local("k", "from after").tags(["t"]).fence(fence).await);
}

#[tokio::test]
async fn a_put_that_was_deferred_past_an_eviction_is_rejected() {
    // case 90
    let cache = Cache::new();
    let fence = cache.fence();
    let old = "read before the other writer's commit";
    cache.invalidate_key("k").await.unwrap();
    assert!(!cache.set_local("k", old).fence(fence).await);
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn a_caller_that_starts_after_an_invalidation_does_not_join_the_old_flight() {
    // case 39
    let (cache, calls) = (Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).local().await }
    });
    started.await.unwrap();
    cache.invalidate_key("k").await.unwrap();
    let second = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load("new")).local().await }
    });
    crate::support::settle().await;
    finish.send("old").unwrap();
    assert_eq!(first.await.unwrap(), Some("old"));
    assert_eq!(second.await.unwrap(), Some("new"));
    assert_eq!(cache.get_local::<&str>("k").await, Some("new"));
}

#[tokio::test]
async fn an_older_computation_does_not_replace_a_newer_one() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let slow = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).local().await }
    });
    started.await.unwrap();
    cache.invalidate_tags(["something else"]).await.unwrap();
    cache.get_or_compute("k", calls.load("newer")).local().refresh().await;
    finish.send("older").unwrap();
    slow.await.unwrap();
    assert_eq!(cache.get_local::<&str>("k").await, Some("newer"));
}

#[tokio::test]
async fn a_follower_is_not_handed_what_another_caches_tag_outdated() {
    let (cache, source, calls) = (Cache::new(), Cache::new(), Calls::default());
    let (gate, started, finish) = calls.gated::<()>();
    let leader = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move {
            let load = async move {
                easy_cache_core::scope::depend(&source, ["t"]);
                gate.await.map(|()| 1)
            };
            cache.get_or_compute("k", load).await
        }
    });
    started.await.unwrap();
    source.invalidate_tags(["t"]).await.unwrap();
    let follower = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load(2)).await }
    });
    crate::support::settle().await;
    finish.send(()).unwrap();
    assert_eq!(leader.await.unwrap(), Some(1));
    assert_eq!(follower.await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_second_flush_removes_whatever_a_write_beside_the_first_has_left() {
    // case 59: the first flush comes before, during and after the computation
    for flush_at in ["before", "during", "after"] {
        let (cache, calls) = (Cache::new(), Calls::default());
        let (load, started, finish) = calls.gated();
        let flush = |now| flush_at == now;
        if flush("before") {
            cache.invalidate_tags(["t"]).await.unwrap();
        }
        let write = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get_or_compute("k", load).tags(["t"]).await }
        });
        started.await.unwrap();
        if flush("during") {
            cache.invalidate_tags(["t"]).await.unwrap();
        }
        finish.send(1).unwrap();
        write.await.unwrap();
        assert_eq!(cache.contains("k").await, !flush("during"), "flushed {flush_at} the write");
        if flush("after") {
            cache.invalidate_tags(["t"]).await.unwrap();
        }
        cache.invalidate_tags(["t"]).await.unwrap();
        assert!(!cache.contains("k").await, "flushed {flush_at} the write, and once more");
    }
}
