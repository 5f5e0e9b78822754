//! Storing and finding values: defaults, ttl, prefixes, refresh, what is not stored.

use std::sync::Arc;

use easy_cache_core::Cache;

use crate::support::{Calls, cache_and_clock, seconds};

#[tokio::test]
async fn a_computed_value_is_served_until_it_is_gone() {
    // case 15
    // parity 27: the store in memory
    let (cache, calls) = (Cache::new(), Calls::default());
    assert_eq!(cache.get_or_compute("k", calls.load(42)).await, Some(42));
    assert_eq!(cache.get_or_compute("k", calls.load(21)).await, Some(42));
    assert_eq!(calls.count(), 1);
    cache.invalidate_key("k").await.unwrap();
    assert_eq!(cache.get_or_compute("k", calls.load(21)).await, Some(21));
}

#[tokio::test]
async fn a_prefix_is_the_beginning_of_the_key_and_a_tag() {
    // case 5
    let (cache, calls) = (Cache::new(), Calls::default());
    cache.get_or_compute("p1:1:2:3", calls.load(1)).prefix("USER:7").await;
    assert!(cache.contains("USER:7:p1:1:2:3").await);
    cache.invalidate_prefix("USER:8").await.unwrap();
    cache.invalidate_tags(["USER:7"]).await.unwrap();
    assert!(cache.contains("USER:7:p1:1:2:3").await, "a tag of the same name is another thing");
    cache.invalidate_prefix("USER:7").await.unwrap();
    assert_eq!(cache.get_or_compute("p1:1:2:3", calls.load(2)).prefix("USER:7").await, Some(2));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_default_for_a_missing_value_is_not_stored() {
    // case 7
    let cache = Cache::new();
    assert_eq!(cache.get("missing").await.unwrap_or(42), 42);
    assert_eq!(cache.get("missing").await.unwrap_or(21), 21);
    assert!(!cache.contains("missing").await);
}

#[tokio::test]
async fn a_value_without_tags_is_itself_on_a_hit() {
    // case 8, parity 13
    let (cache, calls) = (Cache::new(), Calls::default());
    for _ in 0..2 {
        assert_eq!(cache.get_or_compute("k", calls.load(7)).tags(Vec::<String>::new()).await, Some(7));
    }
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn a_refresh_replaces_value_and_tags() {
    // case 9, parity 22
    let (cache, calls) = (Cache::new(), Calls::default());
    cache.get_or_compute("k", calls.load(1)).tags(["old"]).await;
    assert_eq!(cache.get_or_compute("k", calls.load(2)).tags(["new"]).refresh().await, Some(2));
    assert_eq!(calls.count(), 2);
    cache.invalidate_tags(["old"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, Some(2));
    cache.invalidate_tags(["new"]).await.unwrap();
    assert_eq!(cache.get::<i32>("k").await, None);
}

#[tokio::test]
async fn nothing_and_errors_are_answers_but_not_stored() {
    // case 11
    let (cache, calls) = (Cache::new(), Calls::default());
    let nothing = async { None::<i32> };
    assert_eq!(cache.get_or_compute("k", nothing).await, None);
    let failed = cache.get_or_compute("k", async { Err::<i32, _>("no luck") }).await;
    assert_eq!(failed, Err("no luck"));
    assert_eq!(cache.get_or_compute("k", calls.load(3)).await, Some(3));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn a_whole_option_can_be_stored() {
    // case 6
    let cache = Cache::new();
    assert_eq!(cache.get_or_compute_value("k", async { None::<i32> }).await, None);
    assert_eq!(cache.get_or_compute_value("k", async { Some(1) }).await, None, "the stored `None` is the answer");
}

#[tokio::test]
async fn a_ttl_of_zero_removes() {
    // case 13; case 14 cannot be written: a `Duration` is never negative
    let (cache, _) = cache_and_clock();
    cache.set("foo", 10).ttl(seconds(0)).await;
    assert_eq!(cache.get("foo").await.unwrap_or(1), 1);
    cache.set("foo", 20).ttl(seconds(600)).await;
    assert_eq!(cache.get("foo").await.unwrap_or(2), 20);
    cache.set("foo", 30).ttl(seconds(0)).await;
    assert_eq!(cache.get("foo").await.unwrap_or(3), 3);
}

#[tokio::test]
async fn a_value_is_fresh_for_its_ttl_and_not_longer() {
    // case 10
    let (cache, clock) = cache_and_clock();
    let calls = Calls::default();
    cache.get_or_compute("k", calls.load(1)).ttl(seconds(600)).await;
    assert_eq!(cache.time_to_live("k").wait(), Some(seconds(600)));
    clock.advance(seconds(599));
    assert_eq!(cache.get_or_compute("k", calls.load(2)).await, Some(1));
    clock.advance(seconds(1));
    assert_eq!(cache.get_or_compute("k", calls.load(2)).await, Some(2));
    assert_eq!(cache.time_to_live("k").wait(), None, "the second value was stored without a ttl");
}

#[tokio::test]
async fn a_value_of_another_type_under_the_same_key_is_a_miss() {
    let (cache, calls) = (Cache::new(), Calls::default());
    cache.get_or_compute("k", calls.load(1_u8)).await;
    assert_eq!(cache.get_or_compute("k", calls.load("text".to_owned())).await.as_deref(), Some("text"));
    assert_eq!(cache.get::<u8>("k").await, None);
}

#[test]
fn sync_callers_need_no_runtime() {
    let (cache, calls) = (Cache::new(), Calls::default());
    for _ in 0..2 {
        assert_eq!(cache.get_or_compute_sync("k", calls.run(5)).tags(["t"]).wait(), Some(5));
    }
    assert_eq!(calls.count(), 1);
    cache.invalidate_tags(["t"]).wait().unwrap();
    assert_eq!(cache.get_or_compute_sync("k", calls.run(6)).wait(), Some(6));
}

#[tokio::test]
async fn a_type_that_cannot_be_serialised_is_kept_in_this_process() {
    #[derive(Clone, PartialEq, Debug)]
    struct Handle(i32);
    let cache = Cache::new();
    assert_eq!(cache.get_or_compute("k", async { Some(Handle(1)) }).local().await, Some(Handle(1)));
    assert_eq!(cache.get_local("k").await, Some(Handle(1)));
}

#[tokio::test]
async fn a_cache_that_is_switched_off_computes_every_time() {
    let (cache, calls) = (Cache::new(), Calls::default());
    cache.get_or_compute("k", calls.load(1)).await;
    cache.set_enabled(false);
    assert_eq!(cache.get_or_compute("k", calls.load(2)).await, Some(2));
    assert_eq!(cache.get::<i32>("k").await, None);
    cache.set_enabled(true);
    assert_eq!(cache.get::<i32>("k").await, Some(1));
}

#[tokio::test]
async fn weight_bounds_the_cache() {
    let cache = Cache::builder().max_weight(1 << 20).expected_entries(1_000).build();
    for n in 0..1_000 {
        cache.get_or_compute(format!("k{n}"), async { Some(vec![0_u8; 10_000]) }).await;
    }
    assert!(cache.weight() <= 1 << 20, "{} bytes", cache.weight());
    assert!((50..=105).contains(&cache.len()), "{} entries of about 10 kB in 1 MiB", cache.len());
}

#[test]
fn a_value_may_call_the_cache_while_it_is_dropped() {
    struct Tidy(Cache);
    impl Drop for Tidy {
        fn drop(&mut self) {
            self.0.invalidate_key("k").wait().unwrap();
            self.0.set("k", 1).tags(["t"]).wait();
            self.0.invalidate_tags(["t"]).wait().unwrap();
        }
    }
    let cache = Cache::builder().max_weight(20_000).expected_entries(1).build();
    let put = |key: String| cache.set_local(key, Arc::new(Tidy(cache.clone()))).weight(5_000).wait();
    for n in 0..20 {
        put(format!("evicted {n}"));
    }
    put("k".to_owned());
    put("k".to_owned());
    cache.invalidate_key("k").wait().unwrap();
    put("k".to_owned());
    cache.set("k", 0).ttl(seconds(0)).wait();
    put("k".to_owned());
    cache.invalidate_all().wait().unwrap();
    assert!(!cache.contains("k").wait());
}
