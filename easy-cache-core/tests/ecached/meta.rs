//! Keys, prefixes, tags and a ttl that are computed: by functions, by closures, and from what is known of a call.

use crate::support::{Calls, Shop, block_on};
use easy_cache_core::{Cache, ManualClock, Meta, ecached, of};
use std::fmt::Display;
use std::time::Duration;

fn by_signature(state: &str, page: &u64) -> String {
    format!("f:{state}:{page}")
}

fn displayed<'a>(shop: &'a Shop, goods: &'a u64) -> impl Display + 'a {
    format!("{}-{goods}", shop.id)
}
impl Shop {
    #[ecached(key = displayed)]
    async fn by_function(&self, goods: u64) -> u64 {
        goods + self.calls.count()
    }
}

// case 7
// parity 6
#[test]
fn a_function_with_the_same_arguments_by_reference_makes_the_key() {
    #[ecached(key = by_signature, skip(calls))]
    fn users(calls: &Calls, state: String, page: u64) -> String {
        format!("{state}{page}{}", calls.count())
    }
    let calls = Calls::default();
    assert_eq!((users(&calls, "on".into(), 3), users(&calls, "on".into(), 3)), ("on31".into(), "on31".into()));
    assert_eq!(users_key("on", &3).key(), "f:on:3");
    let shop = Shop::new(6);
    assert_eq!((block_on(shop.by_function(4)), block_on(shop.by_function(4))), (5, 5));
    assert_eq!(shop.by_function_key(&4).key(), "6-4");
}

// parity 6
#[test]
fn a_closure_sees_the_arguments_by_their_names_and_by_reference() {
    #[ecached(key = || (state.len(), page), skip(_calls))]
    fn users(_calls: &Calls, state: String, page: u64) -> u64 {
        page + state.len() as u64
    }
    assert_eq!(users(&Calls::default(), "abc".into(), 2), 5);
    assert_eq!(users_key("abc", &2).key(), "\\(3\\,2\\)");

    #[ecached(key = || format!("{state}/{page}"), no_handle)]
    async fn alone(state: String, page: &mut u64) -> u64 {
        *page += 1;
        *page + state.len() as u64
    }
    let mut page = 1;
    assert_eq!(block_on(of(alone("abc".into(), &mut page)).key()).unwrap(), "abc/1");
    assert_eq!((block_on(alone("abc".into(), &mut page)), page), (5, 2));
}

/// What an application may want of all its keys.
fn versioned(meta: &Meta) -> String {
    let arguments: Vec<_> = meta.arguments().map(|(name, text)| format!("{name}={text}")).collect();
    format!("v1:{}({})", meta.function(), arguments.join(","))
}

impl Shop {
    #[ecached(key = |meta| format!("{}|{:?}|{}", versioned(meta), meta.scope(), meta.path()), skip(self, times))]
    async fn described(&self, id: u64, (_, _): (u8, u8), times: u64, text: Option<&str>) -> u64 {
        id + times + text.map_or(0, str::len) as u64
    }
}

// parity 7
#[test]
fn a_key_can_be_made_from_all_that_is_known_of_the_call() {
    let shop = Shop::new(1);
    let scope = std::any::type_name::<Shop>();
    let key = shop.described_key(&7, &(1, 2), &Some("a")).key().to_owned();
    let path = concat!(module_path!(), "::described");
    assert_eq!(key, format!("v1:described(id=7,1=\\(1\\,2\\),text=a)|Some(\"{scope}\")|{path}"));
    assert_eq!(block_on(shop.described(7, (1, 2), 3, None)), 10);

    #[ecached(key = |meta| { assert_eq!((meta.scope(), meta.argument("no")), (None, None)); meta.argument("n").unwrap_or_default().len() })]
    fn free(n: u64) -> u64 {
        n
    }
    assert_eq!((free(12345), free_key(&12345).key()), (12345, "5"));
}

// case 5
// parity 7, 14, 20
#[test]
fn a_prefix_can_be_made_too() {
    fn tenant(id: &u64) -> String {
        format!("tenant:{id}")
    }
    #[ecached("goods", prefix = tenant)]
    fn by_function(id: u64) -> u64 {
        id
    }
    #[ecached("{n}", prefix = |meta| format!("größe:{}", meta.argument("id").unwrap_or_default()))]
    fn by_meta(id: u64, n: u64) -> u64 {
        id + n
    }
    assert_eq!((by_function(3), by_meta(3, 4), by_meta(4, 4)), (3, 7, 8));
    assert_eq!((by_function_key(&3).key(), by_meta_key(&3, &4).key()), ("tenant:3:goods", "größe:3:4"));
    by_function_cache(3).invalidate_prefix().wait().unwrap();
    by_meta_cache(3, 0).invalidate_prefix().wait().unwrap();
    assert_eq!(
        (by_function_key(&3).peek(), by_meta_key(&3, &4).peek(), by_meta_key(&4, &4).peek()),
        (None, None, Some(8))
    );
}

// case 8, 10
// parity 7, 10, 12
#[test]
fn tags_and_ttl_see_the_call_and_the_value() {
    let cache = Cache::builder().clock(ManualClock::new().clock()).build();
    #[ecached(
        "list:{id}",
        cache = cache,
        tags = ["all", |value: &Vec<u64>, meta| value.iter().map(|n| format!("{}:{n}", meta.argument("id").unwrap_or("?"))).collect::<Vec<_>>()],
        ttl = |value, meta| Duration::from_secs(value.len() as u64 * 10 + meta.function().len() as u64),
        only_if = |value, meta| !value.is_empty() && meta.argument("owner") != Some("nobody")
    )]
    async fn list(cache: &Cache, id: u64, owner: String) -> Vec<u64> {
        (0..id + owner.len() as u64 - 6).collect()
    }
    let call = |id, owner: &str| block_on(list(&cache, id, owner.to_owned()));
    assert_eq!((call(0, "nobody"), call(2, "nobody")), (vec![], vec![0, 1]));
    assert!(cache.is_empty());
    assert_eq!(call(2, "myself"), [0, 1]);
    assert_eq!(list_key(&cache, &2).ttl(), Some(Duration::from_secs(24)));
    for tag in ["2:2", "3:1", "myself"] {
        cache.invalidate_tags([tag]).wait().unwrap();
        assert!(list_key(&cache, &2).peek().is_some(), "{tag}");
    }
    cache.invalidate_tags(["2:1"]).wait().unwrap();
    assert!(list_key(&cache, &2).peek().is_none());
}

// parity 12, 19
#[test]
fn tags_and_ttl_that_leave_the_value_alone_are_known_without_one() {
    let cache = Cache::builder().clock(ManualClock::new().clock()).build();
    #[ecached(
        "known:{id}",
        cache = cache,
        tags = |_, meta| [format!("of:{}", meta.argument("id").unwrap_or_default())],
        ttl = |_, meta| Duration::from_secs(meta.arguments().len() as u64 * 2)
    )]
    fn known(cache: &Cache, id: u64) -> u64 {
        id
    }
    #[ecached("other", cache = cache, tags = ["of:5"])]
    fn other(cache: &Cache) -> u64 {
        1
    }
    assert_eq!((known(&cache, 4), other(&cache)), (4, 1));
    assert_eq!(known_key(&cache, &4).ttl(), Some(Duration::from_secs(2)));
    known_cache(&cache, 5).invalidate_tags().wait().unwrap();
    assert_eq!((known_key(&cache, &4).peek(), other_key(&cache).peek()), (Some(4), None));
}

// parity 31
#[test]
fn what_a_skipped_argument_brings_is_not_needed_by_the_key() {
    trait Connection {
        fn id(&self) -> u64;
    }
    impl Connection for u64 {
        fn id(&self) -> u64 {
            *self
        }
    }
    #[ecached(skip(connection))]
    fn load<C: Connection, T: Display + Default>(connection: &C, id: u64) -> String {
        format!("{}{id}{}", connection.id(), T::default())
    }
    assert_eq!((load::<_, u8>(&5_u64, 1), load::<_, bool>(&5_u64, 1)), ("510".into(), "51false".into()));
    assert_eq!(load_key::<u8>(&1).peek().as_deref(), Some("510"));
}
