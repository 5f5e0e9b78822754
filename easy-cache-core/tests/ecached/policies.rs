//! Ttl and tags, from arguments and from values.

use crate::support::{Author, Book, Calls, block_on, book};
use easy_cache_core::{Cache, ManualClock, ecached, registry};
use std::sync::{Arc, Once};
use std::time::Duration;

/// In the cache `standing`, a ttl is as long when it is asked for as when it was given.
fn time_stands_still() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        registry::register("standing", Cache::builder().clock(ManualClock::new().clock()).build()).unwrap();
    });
}

// parity 2, 9
#[test]
fn a_ttl_has_many_spellings() {
    time_stands_still();
    const HALF_MINUTE: Duration = Duration::from_secs(30);

    #[ecached("ttl:positional", 100, cache = "standing")]
    fn positional() -> u64 {
        1
    }
    #[ecached("ttl:text", ttl = "1h 30m", cache = "standing")]
    fn text() -> u64 {
        1
    }
    #[ecached("ttl:constant", ttl = HALF_MINUTE, cache = "standing")]
    fn constant() -> u64 {
        1
    }
    #[ecached("ttl:none", cache = "standing")]
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
    time_stands_still();
    #[ecached("ttl:arguments:{name}", ttl = Duration::from_secs(seconds * name.len() as u64), cache = "standing")]
    async fn from_arguments(name: String, seconds: u64) -> String {
        format!("{name}{seconds}")
    }
    #[ecached("ttl:value:{n}", ttl = |value| Duration::from_secs(*value), cache = "standing")]
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
    #[ecached("late:mixed:{id}", tags = ["books", |book| [format!("book:{}", book.id), shelf.to_owned()]], cache = cache)]
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
