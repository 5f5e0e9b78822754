//! Tags flow outward: from inner computations, hits, waits and database reads to whatever encloses them.

use easy_cache_core::{Cache, Scope, Tag, scope};

use crate::support::{Calls, poll, settle};

async fn outer(cache: &Cache, calls: &Calls) -> Option<i32> {
    let inner = cache.clone();
    let count = calls.clone();
    cache
        .get_or_compute("outer", async move {
            count.load(()).await;
            inner.get_or_compute("inner", async { Some(1) }).tags(["t"]).await
        })
        .await
}

#[tokio::test]
async fn an_inner_tag_drops_the_outer_value() {
    let (cache, calls) = (Cache::new(), Calls::default());
    outer(&cache, &calls).await;
    cache.invalidate_tags(["t"]).await.unwrap();
    outer(&cache, &calls).await;
    assert_eq!(calls.count(), 2);
    cache.invalidate_key("outer").await.unwrap();
    outer(&cache, &calls).await; // this time the inner value is a hit
    cache.invalidate_tags(["t"]).await.unwrap();
    outer(&cache, &calls).await;
    assert_eq!(calls.count(), 4);
}

#[tokio::test]
async fn a_hit_hands_out_the_tags_that_its_computation_had_collected() {
    let (cache, calls) = (Cache::new(), Calls::default());
    outer(&cache, &calls).await;
    let mut request = Scope::new();
    request.wrap(outer(&cache, &calls)).await;
    assert_eq!(calls.count(), 1);
    assert_eq!(request.tags(), [Tag::new("t")]);
}

#[tokio::test]
async fn a_follower_hands_out_the_tags_of_the_flight_it_waited_for() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (load, started, finish) = calls.gated();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).await }
    });
    started.await.unwrap();
    let follower = tokio::spawn({
        let cache = cache.clone();
        async move {
            let mut request = Scope::new();
            request.wrap(cache.get_or_compute("k", async { Some(0) })).await;
            request.tags()
        }
    });
    settle().await;
    finish.send(1).unwrap();
    leader.await.unwrap();
    assert_eq!(follower.await.unwrap(), [Tag::new("t")]);
}

#[tokio::test]
async fn what_is_not_stored_still_hands_its_tags_outward() {
    let cache = Cache::new();
    let inner = cache.clone();
    let load = async move {
        let nothing = inner.get_or_compute("inner", async { None::<i32> }).tags(["t"]).await;
        Some(nothing.is_none())
    };
    assert_eq!(cache.get_or_compute("outer", load).await, Some(true));
    assert!(cache.contains("outer").await);
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("outer").await, "the missing value may exist now");
}

#[tokio::test]
async fn a_value_of_another_cache_brings_its_tags_along() {
    let (near, far) = (Cache::new(), Cache::new());
    let source = far.clone();
    let load = || {
        let far = source.clone();
        async move { far.get_or_compute("inner", async { Some(1) }).tags(["t"]).await }
    };
    near.get_or_compute("outer", load()).await;
    far.invalidate_tags(["t"]).await.unwrap();
    assert!(!near.contains("outer").await);
    near.get_or_compute("outer", load()).await;
    assert!(near.contains("outer").await);
    far.invalidate_all().await.unwrap();
    assert!(!near.contains("outer").await);
}

#[tokio::test]
async fn an_inner_hit_that_was_outdated_meanwhile_is_not_built_into_an_outer_value() {
    let (cache, calls) = (Cache::new(), Calls::default());
    cache.set("inner", 1).tags(["t"]).await;
    let (gate, started, finish) = calls.gated::<()>();
    let slow = tokio::spawn({
        let cache = cache.clone();
        async move {
            let inner = cache.clone();
            let load = async move {
                let value = inner.get::<i32>("inner").await;
                gate.await;
                value
            };
            cache.get_or_compute("outer", load).await
        }
    });
    started.await.unwrap();
    cache.invalidate_tags(["t"]).await.unwrap();
    finish.send(()).unwrap();
    assert_eq!(slow.await.unwrap(), Some(1));
    assert!(!cache.contains("outer").await);
}

#[tokio::test]
async fn a_database_read_is_a_dependency_from_before_it_ran() {
    let cache = Cache::new();
    let read = |disturbed: bool| {
        let cache = cache.clone();
        async move {
            scope::depend(&cache, [Tag::table("books")]);
            if disturbed {
                cache.invalidate_tags([Tag::table("books")]).await.unwrap();
            }
            Some(1)
        }
    };
    cache.get_or_compute("k", read(true)).await;
    assert!(!cache.contains("k").await);
    cache.get_or_compute("k", read(false)).await;
    assert!(cache.contains("k").await);
    cache.invalidate_tags([Tag::table("books")]).await.unwrap();
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn inside_a_transaction_no_cache_is_read_or_filled() {
    let (cache, calls) = (Cache::new(), Calls::default());
    cache.set("k", 1).await;
    let inside = scope::bypass(cache.get_or_compute("k", calls.load(2))).await;
    assert_eq!(inside, Some(2), "its own uncommitted write");
    assert_eq!(cache.get::<i32>("k").await, Some(1), "nobody else sees it");
    let enclosed = cache.clone();
    let outer = cache
        .get_or_compute("outer", async move { scope::bypass(enclosed.get_or_compute("k", async { Some(2) })).await });
    assert_eq!(outer.await, Some(2));
    assert!(!cache.contains("outer").await, "nor is it built into anything");
}

#[test]
fn a_closure_is_kept_from_all_caches_as_well() {
    let cache = Cache::new();
    cache.set("k", 1).wait();
    let inside = || cache.get_or_compute_sync("k", || Some(2)).wait();
    let outer = cache.get_or_compute_sync("outer", || scope::bypass_sync(inside)).wait();
    assert_eq!(outer, Some(2), "it does not read");
    assert_eq!(cache.get::<i32>("k").wait(), Some(1), "and does not fill");
    assert!(!cache.contains("outer").wait(), "nor is it built into anything");
    assert_eq!(inside(), Some(1), "outside, the cache is back");
}

#[tokio::test]
async fn what_is_tainted_is_neither_kept_nor_shared() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let (gate, started, finish) = calls.gated::<()>();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move {
            let load = async move {
                gate.await;
                scope::taint();
                Some("private")
            };
            cache.get_or_compute("k", load).local().await
        }
    });
    started.await.unwrap();
    let follower = tokio::spawn({
        let (cache, calls) = (cache.clone(), calls.clone());
        async move { cache.get_or_compute("k", calls.load("public")).local().await }
    });
    settle().await;
    finish.send(()).unwrap();
    assert_eq!(leader.await.unwrap(), Some("private"));
    assert_eq!(follower.await.unwrap(), Some("public"));
}

#[test]
fn a_closed_scope_hands_everything_to_the_one_around_it() {
    let cache = Cache::new();
    let mut outer = Scope::new();
    outer.run(|| {
        let mut inner = Scope::new();
        inner.run(|| cache.get_or_compute_sync("k", || Some(1)).tags(["t"]).wait());
        inner.close();
    });
    assert_eq!(outer.tags(), [Tag::new("t")]);
    assert!(!scope::is_active());
}

#[tokio::test]
async fn what_was_read_before_an_inner_computation_ended_without_a_result_is_a_dependency() {
    let cache = Cache::new();
    let cancelled = || async {
        let inner = cache.get_or_compute("inner", async {
            scope::depend(&cache, ["t"]);
            std::future::pending::<Option<i32>>().await
        });
        let mut inner = Box::pin(inner.into_future());
        poll(inner.as_mut()).is_pending().then_some(0)
    };
    assert_eq!(cache.get_or_compute("cancelled", cancelled()).await, Some(0));
    let panicking = || {
        let load = || -> Option<i32> {
            scope::depend(&cache, ["t"]);
            panic!("what was read is odd");
        };
        let inner = || cache.get_or_compute_sync("other", load).wait();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(inner)).ok().or(Some(None)).flatten().or(Some(0))
    };
    assert_eq!(cache.get_or_compute_sync("panicked", panicking).wait(), Some(0));
    assert!(cache.contains("cancelled").await && cache.contains("panicked").await);
    cache.invalidate_tags(["t"]).await.unwrap();
    assert!(!cache.contains("cancelled").await && !cache.contains("panicked").await);
}
