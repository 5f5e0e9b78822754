//! What a result says of its own keeping: ttl, tags, whether it is stored; and loads that see what was there before.

use std::sync::Mutex;
use std::time::Duration;

use easy_cache_core::{Cache, Loaded, Loading};

use crate::support::{Calls, cache_and_clock, seconds};

#[tokio::test]
async fn a_value_says_how_long_it_is_good_and_under_which_tags() {
    let (cache, calls) = (cache_and_clock().0, Calls::default());
    let call = cache.get_or_compute("k", calls.load((7_u64, 30_u64)));
    call.ttl(seconds(5)).ttl_of(|value| seconds(value.1)).tags_of(|value| [format!("row {}", value.0)]).await;
    assert_eq!(cache.time_to_live("k").wait(), Some(seconds(30)));
    cache.invalidate_tags(["row 7"]).await.unwrap();
    assert!(!cache.contains("k").await);
}

#[tokio::test]
async fn a_value_that_fails_the_test_is_returned_and_not_stored() {
    // case 12
    let (cache, calls) = (Cache::new(), Calls::default());
    for n in [1, 2] {
        assert_eq!(cache.get_or_compute("k", calls.load(n)).only_if(|value| *value > 1).local().await, Some(n));
    }
    assert_eq!(cache.get_or_compute("k", calls.load(3)).only_if(|value| *value > 1).await, Some(2));
    assert_eq!(calls.count(), 2);
}

#[test]
fn what_does_not_exist_is_remembered_for_a_time_of_its_own() {
    let (cache, clock) = cache_and_clock();
    let look =
        |answer: Option<i32>| cache.get_or_compute_sync("k", || answer).ttl(seconds(60)).cache_none(seconds(5)).wait();
    assert_eq!(look(None), None);
    assert_eq!(look(Some(1)), None);
    assert_eq!(cache.get::<i32>("k").wait(), None);
    clock.advance(seconds(5));
    assert_eq!(look(Some(1)), Some(1));
    assert_eq!(cache.time_to_live("k").wait(), Some(seconds(60)));
}

#[tokio::test]
async fn a_value_computed_by_another_plan_is_no_answer_to_an_error() {
    let cache = Cache::new();
    let failing = async { Err::<i32, String>("down".into()) };
    assert!(cache.get_or_compute("k", failing).cache_err(seconds(5)).await.is_err());
    assert_eq!(cache.get_or_compute("k", async { Some(1) }).await, Some(1), "who does not know of it computes");
}

/// An origin with a value, its version, and a record of what it was asked.
#[derive(Default)]
struct Origin(Mutex<(i32, Vec<String>)>);

impl Origin {
    fn set(&self, value: i32) {
        self.0.lock().unwrap().0 = value;
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().1.clone()
    }

    async fn load(&self, loading: Loading<i32>) -> Result<Loaded<i32>, String> {
        let (value, version) = {
            let mut origin = self.0.lock().unwrap();
            let version = format!("v{}", origin.0);
            let age = loading.age().map(|age| age.as_secs());
            origin.1.push(format!("{:?} {age:?}", loading.validator()));
            (origin.0, version)
        };
        match loading.not_modified().filter(|_| loading.validator() == Some(&*version)) {
            Some(unchanged) => Ok(unchanged),
            None => Ok(Loaded::new(value).validator(version)),
        }
    }
}

#[tokio::test]
async fn an_unchanged_value_is_kept_without_being_sent_again() {
    // case 31
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    origin.set(1);
    let mut values = Vec::new();
    for wait in [0, 1, 4, 5, 5] {
        clock.advance(seconds(wait));
        if values.len() == 4 {
            origin.set(42);
        }
        values.push(cache.get_or_refresh("k", |loading| origin.load(loading)).ttl(seconds(5)).await.unwrap());
    }
    assert_eq!(values, [1, 1, 1, 1, 42]);
    let conditional = r#"Some("v1") Some(5)"#;
    assert_eq!(origin.asked(), ["None None", conditional, conditional, conditional]);
}

#[tokio::test]
async fn what_an_invalidation_has_outdated_is_not_shown_to_a_loader() {
    let ((cache, clock), origin) = (cache_and_clock(), Origin::default());
    let load = || cache.get_or_refresh("k", |loading| origin.load(loading)).ttl(seconds(5)).tags(["t"]);
    load().await.unwrap();
    clock.advance(seconds(5));
    cache.invalidate_tags(["t"]).await.unwrap();
    load().await.unwrap();
    assert_eq!(origin.asked(), ["None None", "None None"]);
}

#[tokio::test]
async fn an_unchanged_value_keeps_its_tags_and_takes_the_new_fence() {
    for change in ["before", "during", "former tag", "new tag"] {
        let (cache, clock) = cache_and_clock();
        let first = async |_: Loading<i32>| Ok::<_, ()>(Loaded::new(1).tags(["former"]).validator("v"));
        cache.get_or_refresh("k", first).ttl(seconds(5)).await.unwrap();
        clock.advance(seconds(5));
        let again = async |loading: Loading<i32>| {
            if change == "during" {
                cache.invalidate_tags(["former"]).await.unwrap();
            }
            Ok::<_, ()>(loading.not_modified().unwrap().tags(["new"]).ttl(seconds(9)))
        };
        assert_eq!(cache.get_or_refresh("k", again).await, Ok(1));
        match change {
            "before" => assert_eq!(cache.time_to_live("k").wait(), Some(seconds(9))),
            "former tag" => cache.invalidate_tags(["former"]).await.unwrap(),
            "new tag" => cache.invalidate_tags(["new"]).await.unwrap(),
            _ => {}
        }
        assert_eq!(cache.contains("k").await, change == "before", "{change}");
    }
}

#[tokio::test]
async fn a_loader_may_answer_without_storing() {
    // case 11
    let (cache, calls) = (Cache::new(), Calls::default());
    for n in [1, 2] {
        let load = async |_: Loading<i32>| Ok::<_, ()>(Loaded::skip(calls.load(n).await.unwrap()));
        assert_eq!(cache.get_or_refresh("k", load).await, Ok(n));
    }
    assert_eq!(calls.count(), 2);
    let sync = cache.get_or_refresh_sync("k", |_: Loading<i32>| Ok::<_, ()>(Loaded::new(3))).wait();
    assert_eq!((sync, cache.get::<i32>("k").await), (Ok(3), Some(3)));
}

#[tokio::test]
async fn a_loader_may_refuse_that_anything_stands_in_for_it() {
    // cases 23, 24
    let (cache, clock) = cache_and_clock();
    let call = async |answer: Result<i32, &'static str>, refuses: bool| {
        let load = async |loading: Loading<i32>| {
            if refuses {
                loading.without_fail_safe();
            }
            answer.map(Loaded::new)
        };
        cache.get_or_refresh("k", load).ttl(seconds(1)).fail_safe(Duration::from_secs(60)).await
    };
    assert_eq!(call(Ok(42), false).await, Ok(42));
    clock.advance(seconds(1));
    assert_eq!(call(Err("x"), true).await, Err("x"));
    assert_eq!(call(Err("x"), false).await, Ok(42));
}

#[tokio::test]
async fn an_outer_value_ends_with_the_first_inner_one() {
    let ((cache, clock), calls) = (cache_and_clock(), Calls::default());
    let outer = || {
        let inner = async {
            cache.get_or_compute("short", calls.load(1)).ttl(seconds(5)).await?;
            cache.get_or_compute("long", calls.load(1)).ttl(seconds(50)).await
        };
        cache.get_or_compute("outer", inner).ttl(seconds(500))
    };
    outer().await;
    assert_eq!(cache.time_to_live("outer").wait(), Some(seconds(5)), "from values that were computed on the way");
    clock.advance(seconds(2));
    outer().refresh().await;
    assert_eq!(cache.time_to_live("outer").wait(), Some(seconds(3)), "and from hits");
    let none = cache.get_or_compute("around", async { outer().await.and(None::<i32>) });
    let around = cache.get_or_compute("far", async { Some(none.await.is_none()) });
    around.await;
    assert_eq!(cache.time_to_live("far").wait(), Some(seconds(3)), "also through a result that is not stored");
}
