// Signatures whose expansion depends on the edition of the caller. Included by the tests of both.

use easy_cache_core::ecached;
use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::sync::atomic::{AtomicU64, Ordering};

struct Db<'a> {
    name: &'a str,
    calls: AtomicU64,
}

impl Db<'_> {
    fn count(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    #[ecached("method:{self.name}:{id}")]
    async fn method(&self, id: u64) -> Option<String> {
        Some(format!("{}{id}{}", self.name, self.count()))
    }

    #[ecached("sync:{self.name}:{id}")]
    fn sync(&self, id: u64) -> Option<String> {
        Some(format!("{}{id}{}", self.name, self.count()))
    }
}

fn with_db<T>(test: impl FnOnce(&Db<'_>) -> T) -> T {
    let name = String::from("db");
    test(&Db { name: &name, calls: AtomicU64::new(0) })
}

fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let mut future = Box::pin(future.into_future());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

#[test]
fn elided_lifetimes_are_captured() {
    #[ecached("elided:{name}")]
    async fn elided(db: &Db<'_>, name: &str) -> String {
        format!("{}{name}{}", db.name, db.count())
    }
    with_db(|db| {
        assert_eq!(block_on(elided(db, "a")), "dba1");
        assert_eq!(block_on(elided(db, "a")), "dba1");
        assert_eq!(block_on(elided_cache(db, "a").refresh()), "dba2");
        assert_eq!(elided_key("a").peek(), Some("dba2".to_owned()));
    });
}

#[test]
fn named_lifetimes_and_bounds_are_kept() {
    #[ecached("named:{name}")]
    async fn named<'a, 'b: 'a, D>(db: &'a D, name: &'b str) -> Result<String, String>
    where
        D: std::ops::Deref<Target = &'a Db<'b>> + Sync,
    {
        if name.is_empty() {
            return Err("empty".to_owned());
        }
        Ok(format!("{}{name}", db.name))
    }
    let name = String::from("n");
    let db = Db { name: &name, calls: AtomicU64::new(0) };
    let boxed = Box::new(&db);
    assert_eq!(block_on(named(&boxed, "")), Err("empty".to_owned()));
    assert_eq!(block_on(named(&boxed, &name)), Ok("nn".to_owned()));
    assert_eq!(named_key(&name).peek(), Some(Ok("nn".to_owned())));
}

#[test]
fn methods_borrow_self_with_its_lifetime() {
    with_db(|db| {
        assert_eq!(block_on(db.method(1)).as_deref(), Some("db11"));
        assert_eq!(block_on(db.method(1)).as_deref(), Some("db11"));
        assert_eq!(db.sync(1).as_deref(), Some("db12"));
        assert_eq!(db.sync_cache(1).get().as_deref(), Some("db12"));
        assert_eq!(db.method_key(&1).key(), "method:db:1");
    });
}

#[test]
fn arguments_may_be_impl_traits_patterns_and_mutable() {
    #[ecached(skip(load))]
    async fn mixed(
        shown: impl Display + Clone + Send,
        (a, b): (u64, u64),
        mut number: u64,
        load: &mut (impl FnMut() -> u64 + Send),
    ) -> String {
        number += a + b + load();
        format!("{shown}{number}")
    }
    let mut calls = 0;
    let mut load = || {
        calls += 1;
        calls
    };
    assert_eq!(block_on(mixed("x", (1, 2), 3, &mut load)), "x7");
    assert_eq!(block_on(mixed("x", (1, 2), 3, &mut load)), "x7");
    assert_eq!(block_on(mixed("x", (2, 2), 3, &mut load)), "x9");
    assert_eq!(calls, 2);
}

#[test]
fn sync_closures_capture_what_they_borrow() {
    #[ecached("sync-borrow:{name}")]
    fn sync(db: &Db<'_>, name: &str, extra: impl Fn() -> u64) -> u64 {
        db.count() + name.len() as u64 + extra()
    }
    with_db(|db| {
        let extra = 10;
        assert_eq!((sync(db, "ab", || extra), sync(db, "ab", || extra)), (13, 13));
        assert_eq!(sync_cache(db, "ab", || extra).refresh(), 14);
    });
}

#[test]
fn bodies_may_return_early_and_use_the_question_mark() {
    #[ecached("early:{text}")]
    async fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
        if text.is_empty() {
            return Ok(0);
        }
        let number: u64 = text.parse()?;
        Ok(number)
    }
    assert_eq!(block_on(parse("")), Ok(0));
    assert_eq!(block_on(parse("12")), Ok(12));
    assert!(block_on(parse("x")).is_err());
}

#[test]
fn raw_names_and_constant_generics() {
    #[ecached]
    fn r#match<const N: usize>(r#type: [u8; N]) -> usize {
        r#type.len() + N
    }
    assert_eq!((r#match([1, 2]), r#match([1, 2, 3])), (4, 6));
    assert!(match_key(&[1, 2]).key().contains("::match<2>:"));
}

trait Store {
    type Error;

    fn goods(&self, id: u64) -> Result<String, Self::Error>;
}

#[ecached(tags = ["{self.name}"])]
impl Store for Db<'_> {
    type Error = String;

    #[ecached(key = |meta| format!("common:{}:{}", self.name, meta.argument("id").unwrap_or("?")))]
    fn goods(&self, id: u64) -> Result<String, Self::Error> {
        if id == 0 {
            return Err::<_, Self::Error>("none".to_owned());
        }
        Ok(format!("{}{id}{}", self.name, self.count()))
    }
}

#[test]
fn a_traits_implementation_has_handles() {
    with_db(|db| {
        assert_eq!((db.goods(1), db.goods(1)), (Ok("db11".to_owned()), Ok("db11".to_owned())));
        assert_eq!((db.goods(0), db.goods_key(&1).key()), (Err("none".to_owned()), "common:db:1"));
        assert_eq!(db.goods_cache(1).refresh(), Ok("db12".to_owned()));
    });
}

#[test]
fn a_function_without_handles_has_all_inside() {
    #[ecached("alone:{name}", tags = |value, meta| [format!("{}{value}", meta.function())], no_handle)]
    async fn alone<'a>(db: &'a Db<'_>, name: &str, mut number: u64, (a, _): (u64, u64)) -> Result<String, String> {
        number += a;
        if name.is_empty() {
            return Err("empty".to_owned());
        }
        Ok(format!("{}{name}{number}{}", db.name, db.count()))
    }
    with_db(|db| {
        assert_eq!(block_on(alone(db, "a", 1, (2, 0))).as_deref(), Ok("dba31"));
        assert_eq!(block_on(alone(db, "a", 1, (2, 0))).as_deref(), Ok("dba31"));
        assert!(block_on(alone(db, "", 1, (2, 0))).is_err());
        assert_eq!(block_on(easy_cache_core::of(alone(db, "a", 1, (2, 0))).key()).unwrap(), "alone:a");
    });
}
