//! `#[ecached]` on `impl` blocks: inherent ones, implementations of traits, functions without `self`, defaults for all.

use crate::support::{Calls, block_on};
use easy_cache_core::{Cache, ecached};
use std::fmt::{self, Debug};
use std::time::Duration;

struct Shop {
    id: u64,
    cache: Cache,
    calls: Calls,
}

impl Shop {
    fn new(id: u64) -> Self {
        Self { id, cache: Cache::new(), calls: Calls::default() }
    }
}

// parity 15
#[ecached(cache = self.cache, ttl = "1h", prefix = "shop:{self.id}", tags = ["shop"])]
impl Shop {
    #[ecached("article:{id}")]
    async fn article(&self, id: u64) -> String {
        format!("article {id}, {}", self.calls.count())
    }

    #[ecached("name", ttl = "10s", tags = ["names"])]
    fn name(&self) -> String {
        format!("shop {}", self.id)
    }

    fn plain(&self) -> u64 {
        self.calls.count()
    }
}

// parity 15, 19
#[test]
fn what_the_block_says_counts_for_its_methods_unless_they_say_otherwise() {
    let shop = Shop::new(7);
    assert_eq!((block_on(shop.article(1)), shop.name()), ("article 1, 1".into(), "shop 7".into()));
    assert_eq!((shop.article_key(&1).key(), shop.name_key().key()), ("shop:7:article:1", "shop:7:name"));
    let (long, short) = (shop.article_key(&1).ttl().unwrap(), shop.name_key().ttl().unwrap());
    assert!(long > Duration::from_secs(3000) && short <= Duration::from_secs(10));
    block_on(shop.article_cache(1).invalidate_tags()).unwrap();
    assert_eq!((shop.article_key(&1).peek(), shop.name_key().peek()), (None, Some("shop 7".into())));
    block_on(shop.name_cache().invalidate_prefix()).unwrap();
    assert_eq!(shop.name_key().peek(), None);
    assert_eq!((shop.plain(), shop.plain()), (2, 3));
}

#[ecached(skip(self))]
impl Shop {
    #[ecached]
    fn doubled(&self, n: u64) -> u64 {
        n * 2 + self.calls.count()
    }

    /// The block skips what this one has no need to.
    #[ecached]
    fn tripled(n: u64) -> u64 {
        n * 3
    }
}

#[test]
fn a_block_may_skip_what_not_every_method_has() {
    let shop = Shop::new(1);
    assert_eq!((shop.doubled(4), shop.doubled(4), Shop::tripled(4)), (9, 9, 12));
    assert_eq!(Shop::tripled_key(&4).peek(), Some(12));
}

struct Counter;

#[ecached]
impl Counter {
    const FACTOR: u64 = 100;

    // parity 16
    #[ecached]
    async fn associated(calls: &Calls, n: u64) -> u64
    where
        Self: Sized,
    {
        n * Self::FACTOR + calls.count()
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("calls")
    }
}

// parity 16
#[test]
fn functions_of_a_type_have_handles_there() {
    let calls = Calls::default();
    assert_eq!((block_on(Counter::associated(&calls, 2)), block_on(Counter::associated(&calls, 2))), (201, 201));
    let key = Counter::associated_key(&calls, &2).key().to_owned();
    assert_eq!(key, "ecached::blocks::Counter::associated:calls:2");
    assert_eq!(block_on(Counter::associated_cache(&calls, 2).refresh()), 202);
}

#[test]
fn a_function_that_names_self_needs_no_mark_on_the_block() {
    #[derive(Clone, Debug, PartialEq)]
    struct Book(u64);
    impl Book {
        #[ecached("by-self:{id}", local)]
        fn find(id: u64) -> Option<Self> {
            (id > 0).then_some(Self(id))
        }
    }
    assert_eq!((Book::find(1), Book::find(0)), (Some(Book(1)), None));
    assert_eq!(Book::find_key(&1).peek(), Some(Some(Book(1))));
}

trait Store {
    type Error: Debug;
    type Item;
    const KIND: &'static str;

    fn goods(&self, id: u64) -> impl Future<Output = Result<Self::Item, Self::Error>> + Send;
    fn count(&self) -> u64;
    fn associated(n: u64) -> Vec<Self::Item>;
    fn all(&self) -> u64 {
        self.count()
    }
}

#[derive(Debug, PartialEq)]
struct Missing(u64);

#[ecached(tags = ["{Self::KIND}"], cache = self.cache)]
impl Store for Shop {
    type Error = Missing;
    type Item = String;
    const KIND: &'static str = "store";

    #[ecached("{Self::KIND}:{id}:{self.id}")]
    async fn goods(&self, id: u64) -> Result<Self::Item, Self::Error> {
        let calls = self.calls.count();
        if id == 0 {
            return Err::<_, Self::Error>(Missing(calls));
        }
        Ok(format!("{} {id}", Self::KIND))
    }

    #[ecached(skip(self))]
    fn count(&self) -> u64 {
        self.calls.count()
    }

    #[ecached("assoc:{n}", cache = easy_cache_core::registry::default_cache())]
    fn associated(n: u64) -> Vec<Self::Item> {
        vec![format!("{n}"), stringify!(Self::Item).to_owned()]
    }
}

/// The same names on another type, behind the same trait.
#[ecached]
impl Store for Counter {
    type Error = Missing;
    type Item = String;
    const KIND: &'static str = "counter";

    async fn goods(&self, id: u64) -> Result<String, Missing> {
        Err(Missing(id))
    }

    #[ecached(skip(self))]
    fn count(&self) -> u64 {
        77
    }

    fn associated(_: u64) -> Vec<String> {
        vec![]
    }
}

// parity 16, 18
#[test]
fn methods_of_a_traits_implementation_have_handles_on_the_type() {
    fn generic<S: Store>(store: &S, id: u64) -> Result<S::Item, S::Error> {
        block_on(store.goods(id))
    }
    let shop = Shop::new(5);
    assert_eq!((generic(&shop, 1), generic(&shop, 1)), (Ok("store 1".into()), Ok("store 1".into())));
    assert_eq!((generic(&shop, 0), generic(&shop, 0)), (Err(Missing(2)), Err(Missing(3))));
    assert_eq!(shop.goods_key(&1).key(), "store:1:5");
    assert_eq!((shop.count(), shop.all()), (4, 4));
    assert!(shop.count_key().key().ends_with("blocks::Shop::count"), "{}", shop.count_key().key());
    assert_eq!((Counter.count(), Counter.all()), (77, 77));
    assert_eq!(<Shop as Store>::associated(3).len(), 2);
    assert_eq!(Shop::associated_key(&3).key(), "assoc:3");
    block_on(shop.count_cache().invalidate_tags()).unwrap();
    assert_eq!((generic(&shop, 1), shop.calls.number()), (Ok("store 1".into()), 5));
}
