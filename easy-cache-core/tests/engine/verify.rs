//! A cache that verifies its hits reports what would be another value now, and nothing else; callers notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::events::Redaction;
use easy_cache_core::testing::Difference;
use easy_cache_core::{Cache, CacheBuilder, Error, Scope, ecached};
use parking_lot::Mutex;

use crate::support::{Calls, settle};

/// What was reported.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<Difference>>>);

impl Reports {
    fn listen(&self, builder: CacheBuilder, share: f64) -> Cache {
        let reports = self.clone();
        builder.verify(share, move |difference| reports.0.lock().push(difference.clone())).build()
    }

    fn take(&self) -> Vec<Difference> {
        std::mem::take(&mut *self.0.lock())
    }

    fn keys(&self) -> Vec<String> {
        self.take().iter().map(|difference| difference.key().to_owned()).collect()
    }
}

fn verifying() -> (Cache, Reports) {
    let reports = Reports::default();
    (reports.listen(Cache::builder(), 1.0), reports)
}

/// What a database is: it changes behind the cache.
#[derive(Clone, Default)]
struct Price(Arc<AtomicU64>);

impl Price {
    fn set(&self, price: u64) {
        self.0.store(price, Ordering::SeqCst);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[ecached("sync", cache = cache, tags = ["prices"])]
fn sync(cache: &Cache, price: &Price) -> u64 {
    price.read()
}

#[ecached("async", cache = cache, tags = ["prices"])]
async fn later(cache: &Cache, price: &Price) -> Result<u64, Error> {
    Ok(price.read())
}

#[ecached("timed", cache = cache, tags = ["prices"], hard_timeout = "5s")]
async fn timed(cache: &Cache, price: &Price) -> Result<u64, Error> {
    Ok(price.read())
}

/// One call by each way into the cache that has a load.
async fn call_all(cache: &Cache, price: &Price) -> [u64; 6] {
    let load = || Some(price.read());
    let detached = {
        let price = price.clone();
        async move { Some(price.read()) }
    };
    [
        sync(cache, price),
        later(cache, price).await.unwrap(),
        timed(cache, price).await.unwrap(),
        cache.get_or_compute_sync("wrapped sync", load).tags(["prices"]).wait().unwrap(),
        cache.get_or_compute("wrapped", async { load() }).tags(["prices"]).await.unwrap(),
        cache.get_or_compute("detached", detached).tags(["prices"]).detach().await.unwrap(),
    ]
}

const ALL: [&str; 6] = ["sync", "async", "timed", "wrapped sync", "wrapped", "detached"];

#[tokio::test]
async fn a_forgotten_tag_is_found_whatever_the_way_into_the_cache() {
    let ((cache, reports), price) = (verifying(), Price::default());
    assert_eq!(call_all(&cache, &price).await, [0; 6]);
    price.set(7);
    cache.invalidate_tags(["forgotten"]).await.unwrap();
    assert_eq!(call_all(&cache, &price).await, [0; 6], "the caller gets the stored value");
    let found = reports.take();
    assert_eq!(found.iter().map(Difference::key).collect::<Vec<_>>(), ALL);
    for difference in found {
        assert_eq!(difference.tags(), ["prices"]);
        assert_ne!(difference.computed(), Some(difference.stored()));
        assert!(difference.computed().is_some());
        assert!(difference.to_string().contains(&format!("`{}`", difference.key())), "{difference}");
    }
    assert_eq!(call_all(&cache, &price).await, [0; 6], "what was computed is not kept");
}

#[tokio::test]
async fn where_the_tags_are_right_nothing_is_reported() {
    let ((cache, reports), price) = (verifying(), Price::default());
    for round in 1..4 {
        assert_eq!(call_all(&cache, &price).await, [round - 1; 6]);
        assert_eq!(call_all(&cache, &price).await, [round - 1; 6]);
        price.set(round);
        cache.invalidate_tags(["prices"]).await.unwrap();
    }
    assert_eq!(reports.keys(), [""; 0]);
}

/// A hit whose recomputation has begun; what comes of it when `meanwhile` has happened.
async fn verified_beside(meanwhile: impl AsyncFnOnce(&Cache)) -> Vec<String> {
    let ((cache, reports), calls) = (verifying(), Calls::default());
    cache.get_or_compute("k", calls.load(1)).tags(["t"]).await;
    let (load, started, finish) = calls.gated();
    let hit = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).tags(["t"]).await }
    });
    started.await.unwrap();
    meanwhile(&cache).await;
    finish.send(2).unwrap();
    assert_eq!(hit.await.unwrap(), Some(1));
    reports.keys()
}

#[tokio::test]
async fn an_invalidation_during_the_recomputation_explains_the_difference() {
    assert_eq!(verified_beside(async |_| {}).await, ["k"]);
    assert_eq!(verified_beside(async |cache| cache.invalidate_tags(["other"]).await.unwrap()).await, ["k"]);
    assert_eq!(verified_beside(async |cache| cache.invalidate_tags(["t"]).await.unwrap()).await, [""; 0]);
    assert_eq!(verified_beside(async |cache| cache.invalidate_key("k").await.unwrap()).await, [""; 0]);
    assert_eq!(verified_beside(async |cache| cache.invalidate_all().await.unwrap()).await, [""; 0]);
    let replaced = async |cache: &Cache| assert!(cache.set("k", 2).tags(["t"]).await);
    assert_eq!(verified_beside(replaced).await, [""; 0], "what is served now is another entry");
    let held = async |cache: &Cache| std::mem::forget(cache.hold(["t"], Duration::from_secs(30)).await);
    assert_eq!(verified_beside(held).await, [""; 0], "a writer is at it");
}

#[test]
fn the_share_is_kept_exactly() {
    for (share, expected) in
        [(0.0, 0), (0.01, 1), (0.25, 25), (0.3, 30), (1.0, 100), (7.0, 100), (-1.0, 0), (f64::NAN, 0)]
    {
        let (reports, calls) = (Reports::default(), Calls::default());
        let cache = reports.listen(Cache::builder(), share);
        for _ in 0..=100 {
            assert_eq!(cache.get_or_compute_sync("k", calls.run(1)).wait(), Some(1));
        }
        assert_eq!(calls.count() - 1, expected, "a share of {share}");
    }
}

#[test]
fn the_share_is_spread_evenly() {
    let (reports, calls) = (Reports::default(), Calls::default());
    let cache = reports.listen(Cache::builder(), 0.25);
    let counts: Vec<_> = (0..=8)
        .map(|_| {
            cache.get_or_compute_sync("k", calls.run(1)).wait();
            calls.count() - 1
        })
        .collect();
    assert_eq!(counts, [0, 0, 0, 0, 1, 1, 1, 1, 2]);
}

#[test]
fn what_the_recomputation_uses_does_not_flow_outward() {
    let (cache, reports) = verifying();
    cache.get_or_compute_sync("k", || Some(1)).tags(["of the stored value"]).wait();
    let mut scope = Scope::new();
    scope.run(|| {
        let load = || {
            cache.get_or_compute_sync("inner", || Some(2)).tags(["of the recomputation"]).wait();
            easy_cache_core::scope::taint();
            Some(1)
        };
        cache.get_or_compute_sync("k", load).wait();
    });
    assert_eq!(scope.tags().iter().map(ToString::to_string).collect::<Vec<_>>(), ["of the stored value"]);
    assert!(!scope.is_tainted());
    assert_eq!(reports.keys(), [""; 0]);
}

#[test]
fn a_hit_in_a_scope_is_verified_like_any_other() {
    let ((cache, reports), price) = (verifying(), Price::default());
    sync(&cache, &price);
    price.set(7);
    let mut scope = Scope::new();
    assert_eq!(scope.run(|| sync(&cache, &price)), 0);
    assert_eq!(reports.keys(), ["sync"]);
    assert_eq!(scope.tags().iter().map(ToString::to_string).collect::<Vec<_>>(), ["prices"]);
}

#[test]
fn the_difference_is_found_where_it_arises() {
    let ((cache, reports), price) = (verifying(), Price::default());
    let outer = || {
        let inner = || cache.get_or_compute_sync("inner", || Some(price.read())).wait();
        cache.get_or_compute_sync("outer", inner).wait()
    };
    outer();
    price.set(7);
    assert_eq!(outer(), Some(0));
    assert_eq!(reports.keys(), ["inner"]);
}

#[test]
fn values_that_stay_in_the_process_are_not_computed_again() {
    let ((cache, reports), calls) = (verifying(), Calls::default());
    for n in 0..3 {
        assert_eq!(cache.get_or_compute_sync("k", calls.run(n)).local().wait(), Some(0));
    }
    assert_eq!(calls.count(), 1);
    assert_eq!(reports.keys(), [""; 0]);
}

#[test]
fn a_recomputation_that_fails_or_panics_proves_nothing() {
    let (cache, reports) = verifying();
    let read = |load: &dyn Fn() -> Result<u64, String>| cache.get_or_compute_sync("k", load).wait();
    assert_eq!(read(&|| Ok(1)), Ok(1));
    assert_eq!(read(&|| Err("the database is gone".into())), Ok(1));
    assert_eq!(read(&|| panic!("a computation that panics")), Ok(1));
    assert_eq!(reports.keys(), [""; 0]);
    assert_eq!(read(&|| Ok(2)), Ok(1));
    assert_eq!(reports.keys(), ["k"]);
}

#[test]
fn what_is_gone_from_the_source_is_a_difference() {
    let (cache, reports) = verifying();
    cache.get_or_compute_sync("k", || Some(1)).wait();
    assert_eq!(cache.get_or_compute_sync("k", || None).wait(), Some(1));
    let found = reports.take();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].computed(), None);
}

#[tokio::test]
async fn reads_without_a_load_hit_as_ever() {
    let (cache, reports) = verifying();
    cache.set("k", 1).tags(["t"]).await;
    let mut scope = Scope::new();
    scope.run(|| {
        assert_eq!(cache.get::<i32>("k").wait(), Some(1));
        assert_eq!(cache.get_stale::<i32>("k").wait(), Some(1));
        assert_eq!(cache.get::<i32>("k").wait(), Some(1));
    });
    assert_eq!(cache.get::<i32>("k").await, Some(1));
    assert_eq!(scope.tags().len(), 1);
    cache.set_enabled(false);
    assert_eq!(cache.get::<i32>("k").await, None);
    assert_eq!(reports.keys(), [""; 0]);
}

#[tokio::test]
async fn nobody_waits_for_a_recomputation_but_the_call_that_makes_it() {
    let (reports, calls) = (Reports::default(), Calls::default());
    let cache = reports.listen(Cache::builder(), 0.5);
    for _ in 0..2 {
        cache.get_or_compute("k", calls.load(1)).tags(["t"]).await;
    }
    let (load, started, finish) = calls.gated::<i32>();
    let verified = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_compute("k", load).await }
    });
    started.await.unwrap();
    assert_eq!(cache.get_or_compute("k", calls.load(2)).await, Some(1), "it hits");
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(cache.get_or_compute("k", calls.load(3)).await, Some(3), "it leads a flight of its own");
    verified.abort();
    settle().await;
    drop(finish);
    assert_eq!(cache.get::<i32>("k").await, Some(3), "a recomputation that was dropped leaves nothing behind");
    assert_eq!(reports.keys(), [""; 0]);
}

#[test]
fn a_call_within_the_computation_of_its_own_key_is_left_alone() {
    let (cache, reports) = verifying();
    cache.get_or_compute_sync("k", || Some(1)).wait();
    let inner = || cache.get_or_compute_sync("k", || Some(2)).wait();
    assert_eq!(cache.get_or_compute_sync("k", inner).wait(), Some(1));
    assert_eq!(reports.keys(), [""; 0]);
}

#[test]
fn what_is_asked_for_anew_is_stored_and_not_compared() {
    let (cache, reports) = verifying();
    for n in 0..3 {
        assert_eq!(cache.get_or_compute_sync("k", || Some(n)).refresh().wait(), Some(n));
    }
    assert_eq!(reports.keys(), [""; 0]);
}

#[test]
fn reports_show_no_more_of_keys_and_tags_than_events_do() {
    let reports = Reports::default();
    let cache = reports.listen(Cache::builder().redact_keys(Redaction::FirstPart), 1.0);
    for n in 0..2 {
        cache.get_or_compute_sync("user:ada", || Some(n)).tags(["of:ada"]).wait();
    }
    let found = format!("{0} {0:?}", reports.take()[0]);
    assert!(found.contains("user:") && !found.contains("ada"), "{found}");
}

#[test]
#[should_panic(expected = "`k` is served, and another value would be computed")]
fn a_report_that_panics_fails_the_test() {
    let cache = Cache::builder().verify(1.0, |difference| panic!("{difference}")).build();
    for n in 0..2 {
        cache.get_or_compute_sync("k", || Some(n)).wait();
    }
}
