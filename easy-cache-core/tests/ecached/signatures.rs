//! Signatures that can be cached as they are, in the edition of this package; `ecached_2021.rs` has the older one.

use crate::support::{Calls, block_on};
use easy_cache_core::ecached;
use std::fmt::Display;
use std::pin::Pin;

mod common {
    include!("../common/signatures.rs");
}

#[test]
fn an_async_function_can_call_itself() {
    #[ecached]
    async fn fib(n: u64) -> u64 {
        match n {
            0 | 1 => n,
            _ => Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await,
        }
    }
    assert_eq!(block_on(fib(60)), 1_548_008_755_920);
    let spawned: Pin<Box<dyn Future<Output = u64> + Send>> = Box::pin(fib(61));
    assert_eq!(block_on(spawned), 2_504_730_781_961);
}

#[test]
fn a_function_can_call_itself() {
    #[ecached]
    fn fib(n: u64) -> u64 {
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
    assert_eq!(fib(60), 1_548_008_755_920);
}

#[test]
fn a_future_holds_its_arguments_and_a_pointer() {
    struct Db([u64; 32]);
    #[ecached("small:{n}", tags = ["small"], ttl = "1m")]
    async fn small(db: &Db, n: u64) -> Vec<u64> {
        let local = [n; 100];
        std::future::ready(()).await;
        vec![db.0[0], local[99]]
    }
    impl Db {
        #[ecached("small:{name}:{n}", skip(self))]
        async fn text(&self, name: String, n: u64) -> Result<String, String> {
            Ok(format!("{name}{n}"))
        }
    }
    let db = Db([7; 32]);
    let call = small(&db, 1);
    assert!(size_of_val(&call) <= 48, "{}", size_of_val(&call));
    assert_eq!(block_on(call), [7, 1]);
    let call = db.text("a".to_owned(), 1);
    assert!(size_of_val(&call) <= 96, "{}", size_of_val(&call));
    assert_eq!(block_on(call), Ok("a1".to_owned()));
}

#[test]
fn futures_are_send_where_the_body_is() {
    fn sent<F: Future + Send>(future: F) -> F {
        future
    }
    #[ecached("send:{n}", tags = |v| [v.clone()], only_if = |v| !v.is_empty())]
    async fn text(db: &Calls, n: u64) -> String {
        std::future::ready(()).await;
        format!("{n}{}", db.number())
    }
    let db = Calls::default();
    assert_eq!(block_on(sent(text(&db, 1))), "10");
    assert_eq!(block_on(sent(text_cache(&db, 1).refresh())), "10");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let spawned = runtime.spawn(async { text(&Calls::default(), 2).await });
    assert_eq!(runtime.block_on(spawned).unwrap(), "20");
}

#[test]
fn methods_of_generic_types_have_keys_of_their_own() {
    struct Named<T>(T);
    impl<T: Display + Clone + Send + Sync> Named<T> {
        #[ecached(skip(self))]
        async fn shown(&self, n: u64) -> String {
            format!("{}{n}", self.0)
        }
    }
    assert_eq!(block_on(Named(1).shown(1)), "11");
    assert_eq!(block_on(Named("a").shown(1)), "a1");
}

#[test]
fn a_provided_method_of_a_trait_can_be_cached() {
    trait Greets: Sync {
        fn name(&self) -> String;

        #[ecached(skip(self))]
        fn greeting(&self, times: u64) -> String {
            format!("{}{times}", self.name())
        }
    }
    struct One;
    struct Two;
    impl Greets for One {
        fn name(&self) -> String {
            "one".to_owned()
        }
    }
    impl Greets for Two {
        fn name(&self) -> String {
            "two".to_owned()
        }
    }
    assert_eq!((One.greeting(1), Two.greeting(1), One.greeting(1)), ("one1".into(), "two1".into(), "one1".into()));
}

#[test]
fn other_attributes_work_above_and_below() {
    #[tracing::instrument(skip(calls))]
    #[ecached("above:{n}")]
    async fn above(calls: &Calls, n: u64) -> u64 {
        n * 10 + calls.count()
    }
    #[ecached("below:{n}")]
    #[tracing::instrument(ret, fields(twice = n * 2))]
    #[inline]
    fn below(calls: &Calls, n: u64) -> u64 {
        n * 10 + calls.count()
    }
    let calls = Calls::default();
    assert_eq!((block_on(above(&calls, 1)), block_on(above(&calls, 1))), (11, 11));
    assert_eq!((below(&calls, 1), below(&calls, 1)), (12, 12));
}

#[test]
fn functions_written_by_other_macros_can_be_cached() {
    macro_rules! twice {
        ($name:ident, $argument:ident: $ty:ty, $key:literal) => {
            #[ecached($key, tags = ["twice:{n}"])]
            fn $name($argument: $ty, _other: u8) -> $ty {
                $argument * 2
            }
        };
    }
    twice!(doubled, n: u64, "twice:{n}");
    assert_eq!((doubled(4, 1), doubled(4, 2)), (8, 8));
    assert_eq!(doubled_key(&4).key(), "twice:4");
}

#[test]
fn names_of_the_caller_do_not_meet_the_names_of_the_macro() {
    type Option = ();
    struct Box;
    #[ecached("names:{key}:{value}:{policy}", tags = |found| [format!("{value}{found}")], only_if = |keyed| *keyed > 0)]
    async fn names(key: u64, value: u64, policy: u64, found: Option, tag: &Box, bypass: bool, plan: u8) -> u64 {
        let Box = tag;
        let () = found;
        key + value + policy + u64::from(bypass) + u64::from(plan)
    }
    assert_eq!(block_on(names(1, 2, 3, (), &Box, true, 1)), 8);
    assert_eq!(names_key(&1, &2, &3).peek(), Some(8));
}
