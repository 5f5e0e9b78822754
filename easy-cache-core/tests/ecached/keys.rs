//! Keys: templates, lists, default keys, prefixes.

use crate::support::{Book, Calls, Shop, block_on, book};
use easy_cache_core::{KeyBuf, KeyPart, ecached};
use std::fmt::{self, Display};

impl Shop {
    #[ecached(skip(self))]
    fn price(&self, goods: u64) -> u64 {
        goods * 2
    }

    #[ecached("shelf:{self.id}:{Self::KIND}:{book.author.id}:{2:?}:{n:04}:{{x}}")]
    fn shelf(&self, book: &Book, n: u64, (_side, _row): (char, u8)) -> u64 {
        book.id + n
    }

    #[ecached("p1:{a}:{b}:{c}", prefix = "USER:{self.id}")]
    fn prefixed(&self, a: u64, b: u64, c: u64) -> u64 {
        self.calls.count();
        a + b + c
    }
}

// case 1
// parity 3
#[test]
fn a_template_is_the_stored_key() {
    let calls = Calls::default();
    #[ecached("{a}:{b}")]
    fn sum(calls: &Calls, a: u64, b: u64) -> u64 {
        calls.count();
        a + b
    }
    assert_eq!((sum(&calls, 1, 2), sum(&calls, 1, 2)), (3, 3));
    assert_eq!(calls.number(), 1);
    assert_eq!(sum_key(&1, &2).key(), "1:2");
    assert_eq!(sum_cache(&calls, 1, 2).key(), "1:2");
}

// case 2
// parity 5
#[test]
fn a_list_is_a_template_and_other_arguments_do_not_matter() {
    let calls = Calls::default();
    #[ecached(key = ["list", a, b], local)]
    fn sum(calls: &Calls, a: u64, b: u64, _c: u64) -> u64 {
        calls.count();
        a + b
    }
    assert_eq!((sum(&calls, 1, 2, 3), sum(&calls, 1, 2, 4)), (3, 3));
    assert_eq!(calls.number(), 1);
    assert_eq!(sum_key(&1, &2).key(), "list:1:2");
}

// case 3
// parity 1
#[test]
fn the_default_key_is_the_path_and_every_argument() {
    let calls = Calls::default();
    #[ecached(skip(calls))]
    fn plain(calls: &Calls, a: u64, b: &str, c: Option<u8>) -> String {
        calls.count();
        format!("{a}{b}{c:?}")
    }
    assert_eq!(plain(&calls, 10, "3", Some(2)), "103Some(2)");
    assert_eq!(plain(&calls, 10, "3", Some(2)), "103Some(2)");
    assert_eq!(calls.number(), 1);
    let path = concat!(module_path!(), "::the_default_key_is_the_path_and_every_argument::plain");
    assert_eq!(plain_key(&10, "3", &Some(2)).key(), format!("{path}:10:3:2"));
    assert_eq!(plain_key(&10, "3", &None).key(), format!("{path}:10:3:\\-"));
}

// case 3
#[test]
fn the_default_key_of_a_method_has_its_type_and_not_self() {
    let key = Shop::new(1).price_key(&4).key().to_owned();
    assert_eq!(key, "ecached::keys::<impl ecached::support::Shop>::price:4");
}

// parity 1
#[test]
fn neighbours_in_a_default_key_do_not_run_into_each_other() {
    #[ecached]
    fn pair(a: &str, b: &str) -> String {
        format!("{a}|{b}")
    }
    assert_eq!(pair("a:b", "c"), "a:b|c");
    assert_eq!(pair("a", "b:c"), "a|b:c");
    assert_eq!(pair("a\\", ":c"), "a\\|:c");
    assert_eq!(pair("a\\:", "c"), "a\\:|c");
    assert!(pair_key("a:b", "c").key().ends_with("::pair:a\\:b:c"));
}

#[test]
fn functions_of_the_same_name_in_different_bodies_differ() {
    fn first() -> u64 {
        #[ecached]
        fn inner(n: u64) -> u64 {
            n
        }
        inner(1)
    }
    fn second() -> u64 {
        #[ecached]
        fn inner(n: u64) -> u64 {
            n + 100
        }
        inner(1)
    }
    assert_eq!((first(), second()), (1, 101));
}

#[test]
fn methods_of_the_same_name_on_two_types_differ() {
    struct Left;
    struct Right;
    impl Left {
        #[ecached(skip(self))]
        async fn name(&self, n: u64) -> String {
            format!("left {n}")
        }
    }
    impl Right {
        #[ecached(skip(self))]
        async fn name(&self, n: u64) -> String {
            format!("right {n}")
        }
    }
    assert_eq!(block_on(Left.name(1)), "left 1");
    assert_eq!(block_on(Right.name(1)), "right 1");
}

#[test]
fn a_generic_argument_that_a_bound_of_the_key_mentions_is_kept() {
    trait Loads<C> {}
    impl Loads<Calls> for u64 {}
    #[ecached("bound:{id}")]
    fn load<C: Sync, O, I: Loads<C> + Display>(calls: &C, _other: O, id: I) -> String
    where
        O: From<u8>,
    {
        id.to_string()
    }
    assert_eq!(load(&Calls::default(), 1_u8, 7), "7");
    assert_eq!(load_key::<Calls, u64>(&7).peek().as_deref(), Some("7"));
}

#[test]
fn provided_methods_of_different_traits_differ() {
    struct Both<T>(T);
    trait First<A: Display> {
        #[ecached(skip(self))]
        fn name(&self, n: A) -> String {
            format!("first {} {n}", size_of::<A>())
        }
    }
    trait Second {
        #[ecached(skip(self))]
        fn name(&self, n: u8) -> String {
            format!("second {n}")
        }
    }
    impl<T> First<u8> for Both<T> {}
    impl<T> First<u16> for Both<T> {}
    impl<T> Second for Both<T> {}
    impl<T: Display + Clone> Both<T> {
        #[ecached(skip(self))]
        fn name(&self, n: u8) -> String {
            format!("own {} {n}", self.0)
        }
    }
    let both = Both(5);
    assert_eq!(First::name(&both, 1_u8), "first 1 1");
    assert_eq!(First::name(&both, 1_u16), "first 2 1");
    assert_eq!(Second::name(&both, 1), "second 1");
    assert_eq!(both.name(1), "own 5 1");
    assert!(both.name_key(&1).key().ends_with("::Both<i32>::name:1"));
}

// parity 3
#[test]
fn places_reach_into_fields_and_constants_and_take_formats() {
    let shop = Shop::new(7);
    assert_eq!(shop.shelf(&book(3), 5, ('l', 1)), 8);
    assert_eq!(shop.shelf_key(&book(3), &5, &('l', 1)).key(), "shelf:7:corner:30:('l', 1):0005:{x}");
}

// parity 4
#[test]
fn places_can_be_positions() {
    #[ecached("pos:{1}:{0.author.id}")]
    fn by_position(book: &Book, n: u64) -> u64 {
        book.id + n
    }
    assert_eq!(by_position_key(&book(2), &9).key(), "pos:9:20");
    assert_eq!(by_position(&book(2), 9), 11);
}

#[test]
fn own_types_are_written_by_display_or_by_key_part() {
    struct State;
    impl Display for State {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("active")
        }
    }
    struct Page {
        number: u32,
    }
    impl KeyPart for Page {
        fn write_key(&self, key: &mut KeyBuf) {
            key.put_fmt(format_args!("p{}", self.number));
        }
    }
    #[ecached("own:{state}:{page}:{pages}")]
    fn own(state: State, page: &Page, pages: &[Page]) -> u64 {
        let _ = state;
        u64::from(page.number) + pages.len() as u64
    }
    let pages = [Page { number: 1 }, Page { number: 2 }];
    assert_eq!(own_key(&State, &pages[0], &pages).key(), "own:active:p1:\\[p1\\,p2\\,\\]");
    assert_eq!(own(State, &pages[1], &pages), 4);
}

#[test]
fn a_key_longer_than_the_stack_buffer_is_whole() {
    #[ecached("long:{text}")]
    fn long(text: String) -> usize {
        text.len()
    }
    let text = "x".repeat(1000);
    assert_eq!(long(text.clone()), 1000);
    assert_eq!(long_key(&text).key(), format!("long:{text}"));
    assert_eq!(long_key(&text).peek(), Some(1000));
}

#[test]
fn instances_of_a_generic_function_have_their_own_default_keys() {
    #[ecached]
    fn name<T: Default + Display>(suffix: u8) -> String {
        format!("{}{suffix}", T::default())
    }
    assert_eq!((name::<u64>(1), name::<bool>(1)), ("01".to_owned(), "false1".to_owned()));
    assert!(name_key::<u64>(&1).key().ends_with("::name<u64>:1"));
}

#[test]
fn a_generic_argument_outside_the_key_is_not_needed_by_its_handle() {
    #[ecached("count:{id}")]
    fn count<C>(connection: &C, id: u64) -> u64
    where
        C: Fn() -> u64,
    {
        connection() + id
    }
    assert_eq!(count(&|| 40, 2), 42);
    assert_eq!(count_key(&2).peek(), Some(42));
}

// case 5
// parity 14, 20
#[test]
fn a_prefix_begins_the_key_and_drops_everything_under_it() {
    let shop = Shop::new(7);
    let other = Shop::new(8);
    assert_eq!((shop.prefixed(1, 2, 3), shop.prefixed(1, 2, 3), other.prefixed(1, 2, 3)), (6, 6, 6));
    assert_eq!(shop.calls.number(), 1);
    assert_eq!(shop.prefixed_key(&1, &2, &3).key(), "USER:7:p1:1:2:3");
    shop.prefixed_cache(0, 0, 0).invalidate_prefix().wait().unwrap();
    assert_eq!((shop.prefixed(1, 2, 3), other.prefixed(1, 2, 3)), (6, 6));
    assert_eq!((shop.calls.number(), other.calls.number()), (2, 1));
}

#[test]
fn a_prefix_goes_before_a_default_key_unescaped() {
    #[ecached(prefix = "größe:{n}")]
    fn sized(n: u64, text: &str) -> usize {
        text.len() + n as usize
    }
    assert_eq!(sized(1, "a:b"), 4);
    let key = sized_key(&1, "a:b").key().to_owned();
    assert!(key.starts_with("größe:1:ecached::keys::") && key.ends_with("::sized:1:a\\:b"), "{key}");
}
