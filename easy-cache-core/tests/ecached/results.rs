//! Which results are stored, and how they come back.

use crate::support::{Calls, block_on};
use easy_cache_core::ecached;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    assert_eq!((find(&calls, 0), find(&calls, 0), find(&calls, 1), find(&calls, 1)), (None, None, Some(1), Some(1)));
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
