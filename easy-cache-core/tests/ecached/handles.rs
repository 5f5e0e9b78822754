//! What can be done with a call beside making it, and which cache it uses.

use crate::support::{Calls, Shop, block_on};
use easy_cache_core::{Cache, ecached, registry};
use std::sync::{Arc, LazyLock};

impl Shop {
    #[ecached("name:{self.id}", cache = self.cache)]
    fn name(&self) -> String {
        self.calls.count();
        format!("shop {}", self.id)
    }
}

// case 9
// parity 22
#[test]
fn refresh_runs_the_function_and_replaces_value_and_tags() {
    let calls = Calls::default();
    let cache = Cache::new();
    #[ecached("refresh", tags = |n| [format!("run:{n}")], cache = cache)]
    async fn run(cache: &Cache, calls: &Calls) -> u64 {
        calls.count()
    }
    assert_eq!((block_on(run(&cache, &calls)), block_on(run(&cache, &calls))), (1, 1));
    assert_eq!(block_on(run_cache(&cache, &calls).refresh()), 2);
    block_on(cache.invalidate_tags(["run:1"])).unwrap();
    assert_eq!(block_on(run(&cache, &calls)), 2);
    block_on(cache.invalidate_tags(["run:2"])).unwrap();
    assert_eq!(block_on(run(&cache, &calls)), 3);
}

// parity 18
#[test]
fn a_handle_alone_runs_nothing() {
    let calls = Calls::default();
    #[ecached("lazy")]
    async fn lazy(calls: &Calls) -> u64 {
        calls.count()
    }
    let _ = lazy_cache(&calls);
    assert_eq!((lazy_cache(&calls).peek(), calls.number()), (None, 0));
    assert_eq!((block_on(lazy_cache(&calls).get()), block_on(lazy(&calls))), (1, 1));
    block_on(lazy_key().invalidate()).unwrap();
    assert_eq!(lazy_key().peek(), None);
}

// parity 17, 23
#[test]
fn handles_of_methods_are_reached_through_instance_and_type() {
    let shop = Shop::new(3);
    assert_eq!((shop.name(), Shop::name_cache(&shop).refresh()), ("shop 3".into(), "shop 3".into()));
    assert_eq!(shop.calls.number(), 2);
    assert!(shop.cache.stored(b"name:3").is_some() && shop.name_key().peek().is_some());
    shop.name_key().invalidate().wait().unwrap();
    assert!(shop.cache.stored(b"name:3").is_none());
}

// parity 19
#[test]
fn given_tags_are_limited_to_the_functions_own() {
    let cache = Cache::new();
    #[ecached("own:{n}", tags = ["own", "n:{n}", |value| [format!("value:{value}")]], cache = cache)]
    fn own(cache: &Cache, n: u64) -> u64 {
        n * 2
    }
    #[ecached("other", tags = ["other", "n:7"], cache = cache)]
    fn other(cache: &Cache) -> u64 {
        1
    }
    let fill = || assert_eq!((own(&cache, 1), own(&cache, 2), other(&cache)), (2, 4, 1));
    for (tags, left) in [
        (vec!["other", "n:2", "n:7", "value:4"], (true, true, true)),
        (vec!["other", "n:1"], (false, true, true)),
        (vec!["value:2"], (false, true, true)),
        (vec!["own", "n:7"], (false, false, true)),
        (vec![], (true, true, true)),
    ] {
        fill();
        own_cache(&cache, 1).invalidate_tags_only(tags.iter().copied()).wait().unwrap();
        let there = |n| own_key(&cache, &n).peek().is_some();
        assert_eq!((there(1), there(2), other_key(&cache).peek().is_some()), left, "{tags:?}");
    }
}

// parity 33
#[test]
fn debug_shows_function_key_prefix_tags_and_ttl() {
    #[ecached("shown:{n}", prefix = "p", ttl = "10s", tags = ["t:{n}"])]
    fn shown(n: u64) -> u64 {
        n
    }
    let text = format!("{:?}", shown_cache(4));
    for part in [concat!(module_path!(), "::shown"), "p:shown:4", "t:4", "10s"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(shown(4), 4);
}

static OWN: LazyLock<Cache> = LazyLock::new(Cache::new);

// parity 26
#[test]
fn a_function_can_name_its_cache() {
    #[ecached("where", cache = "sessions")]
    fn by_alias() -> u64 {
        1
    }
    #[ecached("where", cache = OWN)]
    fn by_static() -> u64 {
        2
    }
    #[ecached("where", cache = caches.1)]
    fn by_argument(caches: &(u8, Arc<Cache>)) -> u64 {
        3
    }
    let caches = (0, Arc::new(Cache::new()));
    assert_eq!((by_alias(), by_static(), by_argument(&caches)), (1, 2, 3));
    assert!(registry::cache("sessions").stored(b"where").is_some());
    assert!(OWN.stored(b"where").is_some() && caches.1.stored(b"where").is_some());
    assert_eq!(by_argument_key(&caches).peek(), Some(3));
    by_static_key().invalidate().wait().unwrap();
    assert_eq!((by_alias_key().peek(), by_static_key().peek()), (Some(1), None));
}
