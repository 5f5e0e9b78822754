//! Cached functions as their users write and call them: signatures, keys, results, handles.

mod support;

use easy_cache_core::{Cache, KeyBuf, KeyPart, ecached};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;
use support::{Calls, block_on};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Book {
    id: u64,
    author: Author,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Author {
    id: u64,
}

fn book(id: u64) -> Book {
    Book { id, author: Author { id: id * 10 } }
}

struct Shop {
    id: u64,
    calls: Calls,
    cache: Cache,
}

impl Shop {
    const KIND: &'static str = "corner";

    fn new(id: u64) -> Self {
        Self { id, calls: Calls::default(), cache: Cache::new() }
    }
}

mod keys {
    use super::*;

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
        impl Shop {
            #[ecached(skip(self))]
            fn price(&self, goods: u64) -> u64 {
                goods * 2
            }
        }
        let key = Shop::new(1).price_key(&4).key().to_owned();
        assert_eq!(key, concat!(env!("CARGO_CRATE_NAME"), "::Shop::price:4"));
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

    // parity 3
    #[test]
    fn places_reach_into_fields_and_constants_and_take_formats() {
        impl Shop {
            #[ecached("shelf:{self.id}:{Self::KIND}:{book.author.id}:{2:?}:{n:04}:{{x}}")]
            fn shelf(&self, book: &Book, n: u64, (_side, _row): (char, u8)) -> u64 {
                book.id + n
            }
        }
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
        assert_eq!(own_key(&State, &pages[0], &pages).key(), "own:active:p1:\\[p1\\,p2\\]");
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
}

mod prefixes {
    use super::*;

    // case 5
    // parity 14, 20
    #[test]
    fn a_prefix_begins_the_key_and_drops_everything_under_it() {
        impl Shop {
            #[ecached("p1:{a}:{b}:{c}", prefix = "USER:{self.id}")]
            fn prefixed(&self, a: u64, b: u64, c: u64) -> u64 {
                self.calls.count();
                a + b + c
            }
        }
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
        assert!(key.starts_with("größe:1:ecached::prefixes::") && key.ends_with("::sized:1:a\\:b"), "{key}");
    }
}

mod results {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Failure(u64);

    // parity 30
    #[test]
    fn errors_are_computed_again_and_values_are_kept() {
        let calls = Calls::default();
        #[ecached("ok:{n}")]
        async fn even(calls: &Calls, n: u64) -> Result<u64, Failure> {
            calls.count();
            if n % 2 == 1 {
                Err(Failure(n))?;
            }
            Ok(n)
        }
        for _ in 0..2 {
            assert_eq!(block_on(even(&calls, 1)), Err(Failure(1)));
        }
        assert_eq!(calls.number(), 2);
        for _ in 0..2 {
            assert_eq!(block_on(even(&calls, 2)), Ok(2));
        }
        assert_eq!(calls.number(), 3);
    }

    // case 6
    // parity 30
    #[test]
    fn none_is_computed_again_unless_it_is_said_to_be_a_value() {
        let calls = Calls::default();
        #[ecached("some:{n}")]
        fn find(calls: &Calls, n: u64) -> Option<u64> {
            calls.count();
            (n > 0).then_some(n)
        }
        #[ecached("none:{n}", cache_none)]
        fn find_or_none(calls: &Calls, n: u64) -> Option<u64> {
            calls.count();
            (n > 0).then_some(n)
        }
        assert_eq!(
            (find(&calls, 0), find(&calls, 0), find(&calls, 1), find(&calls, 1)),
            (None, None, Some(1), Some(1))
        );
        assert_eq!(calls.number(), 3);
        assert_eq!((find_or_none(&calls, 0), find_or_none(&calls, 0)), (None, None));
        assert_eq!((find_or_none(&calls, 1), find_or_none(&calls, 1)), (Some(1), Some(1)));
        assert_eq!(calls.number(), 5);
        assert_eq!(find_or_none_key(&0).peek(), Some(None));
        assert_eq!(find_key(&0).peek(), None);
    }

    #[test]
    fn a_none_inside_ok_follows_the_same_rule() {
        let calls = Calls::default();
        #[ecached("ok-some:{n}")]
        fn find(calls: &Calls, n: u64) -> Result<Option<u64>, Failure> {
            calls.count();
            if n > 9 { Err(Failure(n)) } else { Ok((n > 0).then_some(n)) }
        }
        #[ecached("ok-none:{n}", cache_none)]
        fn find_or_none(calls: &Calls, n: u64) -> Result<Option<u64>, Failure> {
            calls.count();
            if n > 9 { Err(Failure(n)) } else { Ok((n > 0).then_some(n)) }
        }
        for (n, of_find, of_find_or_none) in [(0, 2, 1), (1, 1, 1), (10, 2, 2)] {
            calls.reset();
            assert_eq!(find(&calls, n), find(&calls, n));
            assert_eq!(calls.number(), of_find, "{n}");
            calls.reset();
            assert_eq!(find_or_none(&calls, n), find_or_none(&calls, n));
            assert_eq!(calls.number(), of_find_or_none, "{n}");
        }
    }

    // parity 30
    #[test]
    fn errors_can_be_values_too() {
        let calls = Calls::default();
        #[ecached("err:{n}", cache_err, local)]
        fn fail(calls: &Calls, n: u64) -> Result<u64, Failure> {
            calls.count();
            Err(Failure(n))
        }
        assert_eq!((fail(&calls, 1), fail(&calls, 1)), (Err(Failure(1)), Err(Failure(1))));
        assert_eq!(calls.number(), 1);
    }

    #[test]
    fn a_value_behind_an_arc_is_shared_and_not_cloned() {
        #[derive(Debug, Serialize, Deserialize)]
        struct Large(u64);
        type Answer<T> = Result<T, Failure>;

        #[ecached("arc:{n}")]
        fn plain(n: u64) -> Arc<Large> {
            Arc::new(Large(n))
        }
        #[ecached("arc-ok:{n}")]
        async fn in_ok(n: u64) -> Answer<Arc<Large>> {
            Ok(Arc::new(Large(n)))
        }
        #[ecached("arc-some:{n}")]
        fn in_some(n: u64) -> Option<Arc<Large>> {
            Some(Arc::new(Large(n)))
        }
        #[ecached("arc-ok-some:{n}")]
        fn in_both(n: u64) -> Answer<Option<Arc<Large>>> {
            Ok(Some(Arc::new(Large(n))))
        }
        assert!(Arc::ptr_eq(&plain(1), &plain(1)));
        assert!(Arc::ptr_eq(&block_on(in_ok(1)).unwrap(), &block_on(in_ok(1)).unwrap()));
        assert!(Arc::ptr_eq(&in_some(1).unwrap(), &in_some(1).unwrap()));
        assert!(Arc::ptr_eq(&in_both(1).unwrap().unwrap(), &in_both(1).unwrap().unwrap()));
        assert_eq!(plain(1).0, 1);
    }

    #[test]
    fn the_same_value_is_found_by_a_function_that_returns_it_in_another_wrapping() {
        #[ecached("wrapping:{n}")]
        fn owned(n: u64) -> String {
            n.to_string()
        }
        #[ecached("wrapping:{n}")]
        fn pointed(n: u64) -> Arc<String> {
            Arc::new(format!("not reached {n}"))
        }
        assert_eq!(owned(1), "1");
        assert_eq!(*pointed(1), "1");
    }

    // case 12
    #[test]
    fn what_the_condition_rejects_is_not_stored() {
        let calls = Calls::default();
        #[ecached("if:{n}", only_if = |answer| answer.len() > 1)]
        async fn digits(calls: &Calls, n: u64) -> Result<String, Failure> {
            calls.count();
            Ok(n.to_string())
        }
        assert_eq!((block_on(digits(&calls, 7)), block_on(digits(&calls, 7))), (Ok("7".into()), Ok("7".into())));
        assert_eq!(calls.number(), 2);
        assert_eq!((block_on(digits(&calls, 77)), block_on(digits(&calls, 77))), (Ok("77".into()), Ok("77".into())));
        assert_eq!(calls.number(), 3);
    }
}

mod policies {
    use super::*;

    // parity 2, 9
    #[test]
    fn a_ttl_has_many_spellings() {
        const HALF_MINUTE: Duration = Duration::from_secs(30);

        #[ecached("ttl:positional", 100)]
        fn positional() -> u64 {
            1
        }
        #[ecached("ttl:text", ttl = "1h 30m")]
        fn text() -> u64 {
            1
        }
        #[ecached("ttl:constant", ttl = HALF_MINUTE)]
        fn constant() -> u64 {
            1
        }
        #[ecached("ttl:none")]
        fn none() -> u64 {
            1
        }
        assert_eq!((positional(), text(), constant(), none()), (1, 1, 1, 1));
        assert_eq!(positional_key().ttl(), Some(Duration::from_secs(100)));
        assert_eq!(text_key().ttl(), Some(Duration::from_secs(5400)));
        assert_eq!(constant_key().ttl(), Some(HALF_MINUTE));
        assert_eq!(none_key().ttl(), None);
    }

    // case 10
    // parity 10
    #[test]
    fn a_ttl_can_follow_from_arguments_and_from_the_value() {
        #[ecached("ttl:arguments:{name}", ttl = Duration::from_secs(seconds * name.len() as u64))]
        async fn from_arguments(name: String, seconds: u64) -> String {
            format!("{name}{seconds}")
        }
        #[ecached("ttl:value:{n}", ttl = |value| Duration::from_secs(*value))]
        fn from_value(n: u64) -> Option<u64> {
            Some(n * 10)
        }
        assert_eq!(block_on(from_arguments("abc".to_owned(), 200)), "abc200");
        assert_eq!(from_arguments_key("abc").ttl(), Some(Duration::from_secs(600)));
        assert_eq!(from_value(60), Some(600));
        assert_eq!(from_value_key(&60).ttl(), Some(Duration::from_secs(600)));
    }

    // parity 11, 19
    #[test]
    fn tags_are_templates_over_all_arguments() {
        let calls = Calls::default();
        let cache = Cache::new();
        #[ecached("tags:{id}", tags = ["books", "by:{author}"], cache = cache)]
        async fn title(cache: &Cache, calls: &Calls, id: u64, author: String) -> String {
            calls.count();
            format!("{id} by {author}")
        }
        let call = |id: u64, author: &str| block_on(title(&cache, &calls, id, author.to_owned()));
        assert_eq!((call(1, "a"), call(2, "b"), call(1, "a")), ("1 by a".into(), "2 by b".into(), "1 by a".into()));
        assert_eq!(calls.number(), 2);
        block_on(cache.invalidate_tags(["by:a"])).unwrap();
        assert_eq!((call(1, "a"), call(2, "b")), ("1 by a".into(), "2 by b".into()));
        assert_eq!(calls.number(), 3);
        block_on(title_cache(&cache, &calls, 9, "c".to_owned()).invalidate_tags()).unwrap();
        assert_eq!((call(1, "a"), call(2, "b")), ("1 by a".into(), "2 by b".into()));
        assert_eq!(calls.number(), 5);
    }

    // case 8
    // parity 12, 13
    #[test]
    fn tags_follow_from_the_value() {
        fn ids(books: &[Book]) -> Vec<String> {
            books.iter().map(|book| format!("book:{}", book.id)).collect()
        }
        #[ecached("late:closure:{id}", tags = |books| books.iter().map(|book| format!("book:{}", book.id)), cache = cache)]
        fn by_closure(cache: &Cache, id: u64) -> Vec<Book> {
            (0..id).map(book).collect()
        }
        #[ecached("late:path", tags = |books| ids(books), cache = cache)]
        fn by_call(cache: &Cache) -> Arc<Vec<Book>> {
            Arc::new(vec![book(1)])
        }
        #[ecached("late:mixed:{id}", tags = ["books", |book| [format!("book:{}", book.id), format!("{shelf}")]], cache = cache)]
        async fn mixed(cache: &Cache, id: u64, shelf: &str) -> Option<Book> {
            Some(book(id))
        }
        let cache = Cache::new();
        let fill = || {
            let _ = (by_closure(&cache, 3), by_closure(&cache, 0), by_call(&cache), block_on(mixed(&cache, 1, "top")));
        };
        let present = || {
            let closure = by_closure_key(&cache, &3).peek().is_some();
            (closure, by_call_key(&cache).peek().is_some(), mixed_key(&cache, &1).peek().is_some())
        };
        for (tag, left) in [
            ("book:2", (false, true, true)),
            ("book:1", (false, false, false)),
            ("top", (true, true, false)),
            ("books", (true, true, false)),
        ] {
            fill();
            assert_eq!(present(), (true, true, true));
            cache.invalidate_tags([tag]).wait().unwrap();
            assert_eq!(present(), left, "{tag}");
            assert_eq!(by_closure_key(&cache, &0).peek(), Some(vec![]));
        }
    }

    #[test]
    fn tags_from_a_function_are_dropped_through_the_stored_value() {
        fn tag(book: &Book) -> [String; 1] {
            [format!("author:{}", book.author.id)]
        }
        #[ecached("late:function:{id}", tags = tag, cache = cache)]
        fn find(cache: &Cache, id: u64) -> Book {
            Book { id, author: Author { id: 5 } }
        }
        let cache = Cache::new();
        let _ = (find(&cache, 1), find(&cache, 2));
        find_cache(&cache, 1).invalidate_tags().wait().unwrap();
        assert_eq!(find_key(&cache, &2).peek(), None);
    }
}

mod handles {
    use super::*;

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
        impl Shop {
            #[ecached("name:{self.id}", cache = self.cache)]
            fn name(&self) -> String {
                self.calls.count();
                format!("shop {}", self.id)
            }
        }
        let shop = Shop::new(3);
        assert_eq!((shop.name(), Shop::name_cache(&shop).refresh()), ("shop 3".into(), "shop 3".into()));
        assert_eq!(shop.calls.number(), 2);
        assert_eq!(shop.cache.stored(b"name:3").is_some(), shop.name_key().peek().is_some());
        shop.name_key().invalidate().wait().unwrap();
        assert!(shop.cache.stored(b"name:3").is_none());
    }

    // parity 33
    #[test]
    fn debug_shows_function_key_prefix_tags_and_ttl() {
        #[ecached("shown:{n}", prefix = "p", ttl = "10s", tags = ["t:{n}"])]
        fn shown(n: u64) -> u64 {
            n
        }
        let text = format!("{:?}", shown_cache(4));
        for part in ["ecached::handles::shown", "p:shown:4", "t:4", "10s"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(shown(4), 4);
    }
}

mod caches {
    use super::*;
    use easy_cache_core::registry;
    use std::sync::LazyLock;

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
        assert!(registry::slot("sessions").cache().stored(b"where").is_some());
        assert!(OWN.stored(b"where").is_some() && caches.1.stored(b"where").is_some());
        assert_eq!(by_argument_key(&caches).peek(), Some(3));
        by_static_key().invalidate().wait().unwrap();
        assert_eq!((by_alias_key().peek(), by_static_key().peek()), (Some(1), None));
    }
}
