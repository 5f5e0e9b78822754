//! `of(..)`: the entry of a call when only the call is at hand.

use crate::support::{Calls, block_on};
use easy_cache_core::{Cache, ErrorKind, Scope, Tag, ecached, of, of_sync, scope};

trait Store: Sync {
    fn goods(&self, id: u64) -> impl Future<Output = String> + Send;
    fn count(&self) -> u64;
}

#[derive(Default)]
struct Shop {
    calls: Calls,
    inner: Calls,
    cache: Cache,
}

impl Shop {
    #[ecached("inner", tags = ["inner"], cache = self.cache)]
    fn inner(&self) -> u64 {
        self.inner.count()
    }
}

#[ecached(cache = self.cache, no_handle)]
impl Store for Shop {
    #[ecached("goods:{id}", tags = ["goods"])]
    async fn goods(&self, id: u64) -> String {
        let inner = self.inner();
        tokio::task::yield_now().await;
        format!("{id}:{inner}:{}", self.calls.count())
    }

    #[ecached("count", skip(self))]
    fn count(&self) -> u64 {
        self.calls.count() * 100 + self.inner()
    }
}

fn keys(store: &impl Store, id: u64) -> String {
    block_on(of(store.goods(id)).key()).unwrap()
}

// parity 18, 22
#[test]
fn a_call_behind_a_trait_can_be_named_looked_at_refreshed_and_dropped() {
    let shop = Shop::default();
    assert_eq!(keys(&shop, 3), "goods:3");
    assert_eq!(block_on(of(shop.goods(3)).peek()).unwrap(), None);
    assert_eq!(shop.calls.number(), 0, "nothing ran");
    assert_eq!(block_on(shop.goods(3)), "3:1:1");
    assert_eq!(block_on(of(shop.goods(3)).peek()).unwrap().as_deref(), Some("3:1:1"));
    assert_eq!(block_on(of(shop.goods(3)).refresh()).unwrap(), "3:1:2");
    assert_eq!(block_on(shop.goods(3)), "3:1:2");
    block_on(of(shop.goods(3)).invalidate()).unwrap();
    assert_eq!((block_on(shop.goods(3)), shop.inner.number()), ("3:1:3".into(), 1));
}

#[test]
fn a_sync_call_can_be_refreshed() {
    let shop = Shop::default();
    assert_eq!((shop.count(), shop.count()), (101, 101));
    assert_eq!(of_sync(|| shop.count()).refresh().unwrap(), 201);
    assert_eq!((shop.count(), shop.inner.number()), (201, 1), "what it calls is answered from the cache as usual");
}

#[test]
fn a_refresh_hands_its_tags_to_the_scope_around_it() {
    let shop = Shop::default();
    let mut request = Scope::new();
    block_on(request.wrap(of(shop.goods(1)).refresh())).unwrap();
    assert_eq!(request.tags(), [Tag::new("goods"), Tag::new("inner")]);
    assert!(!request.is_tainted());
    let mut request = Scope::new();
    request.run(|| of_sync(|| shop.count()).refresh()).unwrap();
    assert_eq!((request.tags(), request.is_tainted()), (vec![Tag::new("inner")], false));
}

#[test]
fn a_call_that_comes_to_no_cached_function_is_an_error_that_says_what_to_do() {
    let shop = Shop::default();
    async fn plain(n: u64) -> u64 {
        n
    }
    async fn late(shop: &Shop) -> String {
        tokio::task::yield_now().await;
        shop.goods(1).await
    }
    let error = block_on(of(plain(1)).refresh()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotCached);
    assert!(error.to_string().contains("of(..)"), "{error}");
    for error in [
        block_on(of(plain(1)).invalidate()).unwrap_err(),
        block_on(of(plain(1)).key()).unwrap_err(),
        block_on(of(plain(1)).peek()).unwrap_err(),
        block_on(of(late(&shop)).key()).unwrap_err(),
        block_on(of(late(&shop)).refresh()).unwrap_err(),
        of_sync(|| 7).refresh().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotCached);
    }
    assert_eq!(block_on(shop.goods(1)), "1:1:1", "no question is left in the air");
}

#[test]
fn a_sync_function_on_the_way_to_an_async_one_is_not_meant() {
    let shop = Shop::default();
    async fn both(shop: &Shop) -> String {
        format!("{}/{}", shop.inner(), shop.goods(9).await)
    }
    assert_eq!(block_on(of(both(&shop)).key()).unwrap(), "goods:9");
    assert_eq!(shop.inner.number(), 1, "it ran, past the cache");
    assert_eq!(shop.inner_key().peek(), None);
}

#[test]
fn a_panic_leaves_no_question_in_the_air() {
    let shop = Shop::default();
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| of_sync(|| panic!("on the way")).refresh()));
    assert!(panicked.is_err());
    assert_eq!((shop.count(), shop.count(), shop.calls.number()), (101, 101, 1));
}

#[test]
fn a_question_inside_a_question_is_its_own() {
    let shop = Shop::default();
    let outer = of(async {
        let inner = block_on(of(shop.goods(1)).key()).unwrap();
        format!("{inner}+{}", shop.goods(2).await)
    });
    assert_eq!(block_on(outer.refresh()).unwrap(), "goods:1+2:1:1");
    assert!(shop.cache.stored(b"goods:2").is_some(), "the outer question was put");
}

#[test]
fn inside_a_bypass_a_refresh_computes_and_stores_nothing() {
    let shop = Shop::default();
    let refreshed = block_on(scope::bypass(of(shop.goods(1)).refresh())).unwrap();
    assert_eq!((refreshed.as_str(), shop.cache.len()), ("1:1:1", 0));
}
