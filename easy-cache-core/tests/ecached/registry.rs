//! Named caches, and tests side by side that do not see each other's.

use std::sync::{Arc, Barrier};
use std::thread;

use easy_cache_core::{Cache, Tag, ecached, registry};

#[ecached("town:{n}", tags = ["towns"])]
fn town(n: u64) -> String {
    format!("town {n}")
}

#[ecached("guest:{n}", tags = ["guests"], cache = "hotel")]
async fn guest(n: u64) -> String {
    format!("guest {n}")
}

/// Each of these runs at the same time as the other, on another cache with the same keys and tags.
fn uses_a_cache_of_its_own(together: &Barrier) {
    let cache = Cache::new();
    let _mine = registry::with(cache.clone()).enter();
    for n in 0..100 {
        together.wait();
        assert!(town_key(&n).peek().is_none(), "somebody else filled it");
        together.wait();
        town(n);
        together.wait();
        assert!(town_key(&n).peek().is_some(), "somebody else dropped it");
        together.wait();
        registry::default_cache().invalidate_tags(["towns"]).wait().unwrap();
    }
    assert!(!cache.is_empty());
}

// parity 25
#[test]
fn tests_side_by_side_use_caches_of_their_own_without_taking_turns() {
    let together = Arc::new(Barrier::new(2));
    let other = thread::spawn({
        let together = Arc::clone(&together);
        move || uses_a_cache_of_its_own(&together)
    });
    uses_a_cache_of_its_own(&together);
    other.join().unwrap();
}

// parity 25
#[tokio::test]
async fn another_cache_under_a_name_is_used_inside_a_future_and_nowhere_else() {
    let (mine, yours) = (Cache::new(), Cache::new());
    let wrapped = registry::with_alias("hotel", mine.clone()).wrap(async {
        guest(1).await;
        registry::with_alias("hotel", yours.clone()).wrap(guest(2)).await;
        assert_eq!(guest_key(&1).peek().as_deref(), Some("guest 1"), "the inner one has ended");
        tokio::task::yield_now().await;
        guest(3).await
    });
    let (third, fourth) = tokio::join!(wrapped, guest(4));
    assert_eq!((third.as_str(), fourth.as_str()), ("guest 3", "guest 4"));
    let stored = |cache: &Cache| (1..=4).filter(|n| cache.stored(format!("guest:{n}").as_bytes()).is_some()).collect();
    let (of_mine, of_yours, usual): (Vec<_>, Vec<_>, Vec<_>) =
        (stored(&mine), stored(&yours), stored(registry::cache("hotel")));
    assert_eq!((of_mine, of_yours, usual), (vec![1, 3], vec![2], vec![4]));
}

#[test]
fn several_names_are_replaced_at_once_and_guards_end_in_any_order() {
    let named = |namespace: &str| Cache::builder().namespace(namespace).expected_entries(1).build();
    let seen = || (registry::default_cache().namespace(), registry::cache("inn").namespace());
    let outer = registry::with(named("a")).and("inn", named("b")).enter();
    assert_eq!(seen(), ("a", "b"));
    let inner = registry::with(named("c")).enter();
    assert_eq!(seen(), ("c", "b"));
    drop(outer);
    assert_eq!(seen(), ("c", ""));
    drop(inner);
    assert_eq!(seen(), ("", ""));
}

// parity 25: also while others use another cache under the same name
#[test]
fn a_name_may_be_given_away_anew_while_a_test_uses_its_own_cache() {
    let named = |namespace: &str| Cache::builder().namespace(namespace).expected_entries(1).build();
    let mine = registry::with_alias("motel", named("mine"));
    registry::register("motel", named("first")).unwrap();
    assert_eq!(registry::cache("motel").namespace(), "first");
    mine.run(|| {
        registry::register("motel", named("second")).unwrap();
        assert_eq!(registry::cache("motel").namespace(), "mine");
    });
    assert_eq!(registry::cache("motel").namespace(), "second");
    drop(mine);
    assert_eq!(registry::cache("motel").namespace(), "second");
}

#[test]
fn an_override_that_ends_drops_the_values_of_a_cache_that_nobody_else_has() {
    let value = Arc::new(1);
    let cache = Cache::new();
    cache.set_local("k", Arc::clone(&value)).wait();
    let kept = cache.clone();
    drop(registry::with(cache));
    assert_eq!(Arc::strong_count(&value), 2, "somebody still has the cache");
    drop(registry::with(kept));
    assert_eq!(Arc::strong_count(&value), 1);
}

// parity 24
#[tokio::test]
async fn whoever_knows_a_name_can_invalidate_without_knowing_the_function() {
    for n in 1..=3 {
        #[ecached("room:{n}", prefix = "floor:{n}", tags = ["rooms:{n}"], cache = "lodge")]
        async fn room(n: u64) -> u64 {
            n
        }
        room(n).await;
    }
    let lodge = registry::cache("lodge");
    let there = || (1..=3).map(|n| lodge.contains(format!("floor:{n}:room:{n}")).wait()).collect::<Vec<_>>();
    assert_eq!(there(), [true, true, true]);
    registry::cache("lodge").invalidate_key("floor:1:room:1").await.unwrap();
    assert_eq!(there(), [false, true, true]);
    registry::cache("lodge").invalidate_tags([Tag::new("rooms:2")]).await.unwrap();
    assert_eq!(there(), [false, false, true]);
    registry::cache("lodge").invalidate_prefix("floor:3").await.unwrap();
    assert_eq!(there(), [false, false, false]);
}

/// Decided on every call, by whatever the application likes.
fn chosen() -> &'static Cache {
    registry::cache(if std::env::var_os("NO_SUCH_VARIABLE_IS_SET").is_some() { "tent" } else { "cabin" })
}

// parity 26
#[test]
fn an_expression_chooses_the_cache_of_each_call() {
    #[ecached("where", cache = chosen())]
    fn place() -> u64 {
        1
    }
    place();
    assert!(registry::cache("cabin").contains("where").wait());
    let swapped = Cache::new();
    registry::with_alias("cabin", swapped.clone()).run(place);
    assert!(swapped.contains("where").wait(), "a name inside an expression means what it means here and now");
}
