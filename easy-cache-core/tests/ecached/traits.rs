//! Traits: implementations under `#[async_trait]`, for types of other crates, of traits with parameters, and bodies that a
//! trait provides.

use crate::support::{Calls, block_on};
use async_trait::async_trait;
use easy_cache_core::{Cache, ecached, of};
use std::fmt::Display;
use std::sync::Arc;

#[async_trait]
trait Store: Send + Sync {
    async fn goods(&self, id: u64) -> Result<String, u64>;

    /// Beside a body there is no place for handles in a trait behind `dyn`.
    #[ecached("all:{n}", no_handle, cache = self.cache())]
    fn all(&self, n: u64) -> Vec<u64>
    where
        Self: Sync,
    {
        (0..n + self.calls().count()).collect()
    }

    fn calls(&self) -> &Calls;
    fn cache(&self) -> &Cache;
}

struct Shop<'a> {
    calls: Calls,
    cache: Cache,
    name: &'a str,
}

#[ecached(cache = self.cache)]
#[async_trait]
impl Store for Shop<'_> {
    #[ecached("goods:{id}", tags = ["goods"])]
    async fn goods(&self, id: u64) -> Result<String, u64> {
        let calls = self.calls.count();
        std::future::ready(()).await;
        if id == 0 { Err(calls) } else { Ok(format!("{} {id} {calls}", self.name)) }
    }

    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn cache(&self) -> &Cache {
        &self.cache
    }
}

// parity 16
#[test]
fn async_trait_stands_below() {
    let name = String::from("shop");
    let shop = Shop { calls: Calls::default(), cache: Cache::new(), name: &name };
    let store: &dyn Store = &shop;
    assert_eq!((block_on(store.goods(1)), block_on(store.goods(1))), (Ok("shop 1 1".into()), Ok("shop 1 1".into())));
    assert_eq!((block_on(store.goods(0)), block_on(store.goods(0))), (Err(2), Err(3)));
    assert_eq!(shop.goods_key(&1).key(), "goods:1");
    assert_eq!(block_on(shop.goods_cache(1).refresh()), Ok("shop 1 4".into()));
    block_on(shop.goods_cache(1).invalidate_tags()).unwrap();
    assert_eq!(block_on(store.goods(1)), Ok("shop 1 5".into()));
}

#[test]
fn a_provided_body_without_handles_leaves_the_trait_usable_behind_dyn() {
    let shop = Shop { calls: Calls::default(), cache: Cache::new(), name: "" };
    let store: Arc<&dyn Store> = Arc::new(&shop);
    assert_eq!((store.all(1), store.all(1)), (vec![0, 1], vec![0, 1]));
    assert!(shop.cache.stored(b"all:1").is_some());
}

trait Priced {
    type Error;
    async fn price(&self, calls: &Calls) -> Result<u64, Self::Error>;
    fn doubled(&self, numbers: (u64, u64)) -> u64;
}

/// Nothing can stand beside the methods of a type from elsewhere.
#[ecached(no_handle)]
impl Priced for Vec<u64> {
    type Error = String;

    #[ecached("price:{self:?}")]
    async fn price(&self, calls: &Calls) -> Result<u64, Self::Error> {
        let sum = self.iter().sum::<u64>() + calls.count();
        if sum > 1000 { Err::<_, Self::Error>("too much".to_owned()) } else { Ok(sum) }
    }

    #[ecached(skip(self))]
    fn doubled(&self, (a, mut b): (u64, u64)) -> u64 {
        b += 1;
        a + b
    }
}

// parity 16, 18
#[test]
fn a_type_of_another_crate_is_cached_without_handles() {
    let (goods, calls) = (vec![1, 2], Calls::default());
    assert_eq!((block_on(goods.price(&calls)), block_on(goods.price(&calls))), (Ok(4), Ok(4)));
    assert_eq!(block_on(of(goods.price(&calls)).key()).unwrap(), "price:[1, 2]");
    assert_eq!(block_on(of(goods.price(&calls)).refresh()).unwrap(), Ok(5));
    block_on(of(goods.price(&calls)).invalidate()).unwrap();
    assert_eq!(block_on(goods.price(&calls)), Ok(6));
    assert_eq!((goods.doubled((1, 2)), goods.doubled((1, 2)), goods.doubled((2, 2))), (4, 4, 5));
}

trait Shows<A> {
    fn shown<B: Display>(&self, one: A, two: B, three: impl Display) -> String;
}

struct Both<T>(T);

/// What is no part of the type cannot be a parameter of a second block, but of the function itself.
#[ecached(no_handle, skip(self))]
impl<T: Display, A: Display> Shows<A> for Both<T> {
    #[ecached]
    fn shown<B: Display>(&self, one: A, two: B, three: impl Display) -> String {
        format!("{}{one}{two}{three}{}", self.0, size_of::<A>() + size_of::<B>())
    }
}

#[test]
fn default_keys_without_handles_tell_all_instances_apart() {
    assert_eq!(Both(1).shown(2_u8, 3_u8, 4_u8), "12342");
    assert_eq!(Both(1).shown(2_u16, 3_u8, 4_u8), "12343");
    assert_eq!(Both(1).shown(2_u8, 3_u16, 4_u8), "12343");
    assert_eq!(Both('1').shown(2_u8, 3_u8, 4_u8), "12342");
    assert_eq!(Both(5).shown(2_u8, 3_u8, 4_u8), "12342", "instances of one type are told not to matter");
    #[ecached(no_handle)]
    async fn free<T: Display>(n: T, text: &str) -> String {
        format!("{n}{text}")
    }
    assert_eq!((block_on(free(1_u8, "a")), block_on(free('1', "a"))), ("1a".into(), "1a".into()));
    let key = block_on(of(free(1_u8, "a:b")).key()).unwrap();
    let place = concat!(module_path!(), "::default_keys_without_handles_tell_all_instances_apart::free<u8>");
    assert_eq!(key, format!("{place}:1:a\\:b"));
}
