//! Copies of what integrations keep: several places of one key, all of which go with it.

use std::sync::Arc;

use easy_cache_core::{Address, Cache, Carrier, Joined, Policy, Scope, Shared as Value, Shelf};

use super::{BOUND, Shared};
use crate::world::{get, settle};

#[derive(Debug)]
struct Texts;

impl Carrier for Texts {
    fn kind(&self) -> &str {
        "test/text/1"
    }

    fn write(&self, value: &Value) -> Option<Vec<u8>> {
        value.downcast_ref::<String>().map(|text| text.clone().into_bytes())
    }

    fn read(&self, bytes: Vec<u8>) -> Option<Value> {
        String::from_utf8(bytes).ok().map(|text| Arc::new(text) as Value)
    }
}

const PLACES: [&str; 3] = ["k", "k in German", "k in English"];

fn shelf(cache: &Cache) -> Shelf {
    cache.shelf(&Texts).unwrap_or_else(|| panic!("its values are in a store outside"))
}

fn text(stored: Option<easy_cache_core::Stored>) -> Option<String> {
    stored.and_then(|stored| stored.value.downcast_ref::<String>().cloned())
}

/// What is kept near at each place.
fn near(cache: &Cache, key: &str) -> [Option<String>; 3] {
    PLACES.map(|place| text(shelf(cache).near(&Address::at(key, place))))
}

fn all(text: &str) -> [Option<String>; 3] {
    PLACES.map(|place| Some(format!("{place}: {text}")))
}

const NONE: [Option<String>; 3] = [None, None, None];

async fn put(cache: &Cache, key: &str, text: &str) {
    for place in PLACES {
        let (value, policy) = (Arc::new(format!("{place}: {text}")), Policy::new().tags(["t"]));
        assert!(shelf(cache).put(&Address::at(key, place), value, &policy).await);
    }
}

/// Puts texts elsewhere, and brings copies here.
async fn with_copies(shared: &Shared, key: &str, text: &str) -> Cache {
    let cache = shared.near();
    put(&shared.far(), key, text).await;
    look_everywhere(&cache, key).await;
    cache
}

async fn look_everywhere(cache: &Cache, key: &str) {
    for place in PLACES {
        assert!(shelf(cache).look(&Address::at(key, place)).await.is_some(), "{place}");
    }
}

#[tokio::test]
async fn what_was_found_at_a_place_is_there_without_a_trip() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    shared.remote.take_trips();
    assert_eq!(near(&cache, "k"), all("old"));
    assert_eq!(shared.remote.take_trips(), 0);
    assert_eq!(near(&cache, "another key"), NONE);
    assert_eq!(near(&shared.far(), "k"), NONE, "nothing is kept near there");
}

#[tokio::test]
async fn an_invalidation_of_the_key_here_is_one_of_all_its_places() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    shared.remote.hold_news();
    cache.invalidate_key("k").await.unwrap();
    assert_eq!(near(&cache, "k"), NONE);
    put(&shared.far(), "k", "new").await;
    look_everywhere(&cache, "k").await;
    shared.remote.release_news();
    look_everywhere(&cache, "k").await;
    assert_eq!(near(&cache, "k"), all("new"));
}

#[tokio::test]
async fn an_invalidation_of_the_key_that_does_not_arrive_is_in_force_here() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    shared.remote.hold_news();
    shared.remote.hold_invalidations();
    let invalidation = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_key("k").await }
    });
    settle().await;
    assert_eq!(near(&cache, "k"), NONE, "on its way");
    invalidation.abort();
    assert!(invalidation.await.is_err());
    assert_eq!(near(&cache, "k"), NONE, "nobody waits for it");
    shared.remote.release_invalidations();
}

#[tokio::test]
async fn an_invalidation_of_the_key_elsewhere_is_heard_for_all_its_places() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    shared.far().invalidate_key("k").await.unwrap();
    assert_eq!(near(&cache, "k"), NONE);
}

#[tokio::test]
async fn a_tag_of_a_place_is_one_like_any_other() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    cache.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(near(&cache, "k"), NONE);
    let cache = with_copies(&shared, "k", "old").await;
    shared.far().invalidate_tags(["t"]).await.unwrap();
    assert_eq!(near(&cache, "k"), NONE);
}

#[tokio::test]
async fn places_are_served_within_the_bound_like_any_copy() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    shared.remote.hold_news();
    shared.far().invalidate_key("k").await.unwrap();
    assert_eq!(near(&cache, "k"), all("old"), "nobody has said anything");
    shared.clock.advance(BOUND);
    assert_eq!(near(&cache, "k"), NONE);
}

#[tokio::test]
async fn an_answer_that_an_invalidation_of_its_key_overtakes_is_not_kept() {
    let shared = Shared::new();
    let cache = shared.near();
    put(&shared.far(), "k", "old").await;
    for here in [true, false] {
        shared.remote.hold_replies();
        let address = Address::at("k", PLACES[1]);
        let shelf = shelf(&cache);
        let look = tokio::spawn(async move { text(shelf.look(&address).await) });
        settle().await;
        let who = if here { cache.clone() } else { shared.far() };
        who.invalidate_key("k").await.unwrap();
        shared.remote.release_replies();
        look.await.unwrap();
        assert_eq!(near(&cache, "k"), NONE, "here: {here}");
        put(&shared.far(), "k", "old").await;
    }
}

#[tokio::test]
async fn a_function_with_the_same_key_is_something_else() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    assert_eq!(get(&shared.far(), 1).await, 1);
    assert_eq!(get(&cache, 99).await, 1);
    shared.remote.take_trips();
    assert_eq!((get(&cache, 99).await, near(&cache, "k")), (1, all("old")));
    assert_eq!(shared.remote.take_trips(), 0);
}

#[tokio::test]
async fn what_is_built_from_a_copy_carries_no_tag_that_the_store_does_not_know() {
    let shared = Shared::new();
    let cache = with_copies(&shared, "k", "old").await;
    let (outer, inner) = (Address::of("outer"), Address::at("k", PLACES[1]));
    let Joined::Compute(computation) = shelf(&cache).join(&outer, &[]).await else { panic!("nothing is there") };
    let mut scope = Scope::new();
    let value = scope.run(|| text(shelf(&cache).near(&inner))).unwrap();
    computation.fill(Arc::new(value), &Policy::new(), scope);
    settle().await;
    let other = shared.far();
    assert_eq!(text(shelf(&other).look(&outer).await).as_deref(), Some("k in German: old"));
    other.invalidate_tags(["t"]).await.unwrap();
    assert_eq!(text(shelf(&other).look(&outer).await), None);
}

#[tokio::test]
async fn a_key_that_is_no_text_is_not_kept_near() {
    let shared = Shared::new();
    let cache = shared.near();
    let address = Address::at([0xff, 1], "place");
    assert!(shelf(&shared.far()).put(&address, Arc::new(String::from("old")), &Policy::new()).await);
    assert!(shelf(&cache).look(&address).await.is_some());
    assert!(shelf(&cache).near(&address).is_none());
}
