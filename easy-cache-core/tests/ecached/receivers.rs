//! Methods that take `self` by other means than `&self`.

use crate::support::{Calls, block_on};
use easy_cache_core::ecached;
use std::fmt::Display;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Default)]
struct Shop {
    id: u64,
    calls: Calls,
}

impl Shop {
    #[ecached("arc:{self.id}:{n}")]
    async fn by_arc(self: Arc<Self>, n: u64) -> u64 {
        n + self.calls.count()
    }

    #[ecached("rc:{self.id}:{n}")]
    fn by_rc(self: Rc<Self>, n: u64) -> u64 {
        n + self.calls.count()
    }

    #[ecached("pin:{self.id}:{n}")]
    async fn by_pin(self: Pin<&Self>, n: u64) -> u64 {
        n + self.calls.count()
    }

    #[ecached("ref-arc:{self.id}:{n}")]
    fn by_reference_to_arc(self: &Arc<Self>, n: u64) -> u64 {
        n + self.calls.count()
    }

    #[ecached("box:{self.id}")]
    fn by_box(self: Box<Self>) -> u64 {
        self.calls.count()
    }
}

// parity 16
#[test]
fn pointers_to_self_are_taken_along_and_lent_to_the_key() {
    let shop = Arc::new(Shop { id: 4, ..Shop::default() });
    assert_eq!((block_on(shop.clone().by_arc(10)), block_on(shop.clone().by_arc(10))), (11, 11));
    assert_eq!((shop.by_arc_key(&10).key(), shop.by_arc_key(&10).peek()), ("arc:4:10", Some(11)));
    assert_eq!(block_on(shop.clone().by_arc_cache(10).refresh()), 12);
    assert_eq!((shop.by_reference_to_arc(1), shop.by_reference_to_arc(1)), (4, 4));
    assert_eq!(shop.by_reference_to_arc_key(&1).peek(), Some(4));

    let shop = Rc::new(Shop { id: 5, ..Shop::default() });
    assert_eq!((shop.clone().by_rc(1), shop.clone().by_rc(1), shop.by_rc_key(&1).peek()), (2, 2, Some(2)));

    let shop = Shop { id: 6, ..Shop::default() };
    let pinned = Pin::new(&shop);
    assert_eq!((block_on(pinned.by_pin(1)), block_on(pinned.by_pin(1)), pinned.by_pin_key(&1).peek()), (2, 2, Some(2)));

    let boxed = || Box::new(Shop { id: 7, ..Shop::default() });
    assert_eq!((boxed().by_box(), boxed().by_box(), boxed().by_box_key().peek()), (1, 1, Some(1)));
}

#[test]
fn a_handle_to_something_shared_may_be_taken_by_value() {
    #[derive(Clone, Copy)]
    struct Handle<'a> {
        calls: &'a Calls,
        id: u64,
    }
    impl Handle<'_> {
        #[ecached("value:{self.id}")]
        async fn by_value(mut self) -> u64 {
            self.id += self.calls.count();
            self.id
        }
    }
    let calls = Calls::default();
    let handle = Handle { calls: &calls, id: 10 };
    assert_eq!((block_on(handle.by_value()), block_on(handle.by_value())), (11, 11));
    assert_eq!(handle.by_value_key().peek(), Some(11));
}

struct Named<'a, T, const N: usize> {
    name: &'a T,
    calls: Calls,
}

#[ecached]
impl<'a, T: Display + Sync, const N: usize> Named<'a, T, N>
where
    T: Clone,
{
    #[ecached("named:{self.name}:{other}")]
    async fn both<'b, U: Display + Sync>(&self, other: &'b U, times: impl Fn() -> u64) -> String
    where
        'a: 'b,
    {
        format!("{}{other}{N}{}{}", self.name, times(), self.calls.count())
    }

    #[ecached]
    fn associated<U: Display>(name: &'a T, other: U) -> String {
        format!("{name}{other}{N}")
    }
}

// parity 16
#[test]
fn generics_of_the_block_and_of_the_function_meet() {
    let name = String::from("n");
    let named = Named::<_, 3> { name: &name, calls: Calls::default() };
    assert_eq!(block_on(named.both(&1, || 5)), "n1351");
    assert_eq!(block_on(named.both(&1, || 6)), "n1351");
    assert_eq!(named.both_key(&1).peek().as_deref(), Some("n1351"));
    assert_eq!(block_on(named.both_cache(&1, || 7).refresh()), "n1372");
    assert_eq!(Named::<_, 1>::associated(&name, 'x'), "nx1");
    let key = Named::<_, 1>::associated_key(&name, &'x').key().to_owned();
    assert!(key.ends_with("Named<'_, alloc::string::String, 1>::associated<char>:n:x"), "{key}");
}
