//! What was not found, and what failed, stored for a time of its own.

use crate::support::Calls;
use easy_cache_core::{Cache, ManualClock, ecached};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Failure(u64);

fn find(n: u64) -> Result<Option<u64>, Failure> {
    match n {
        0 => Ok(None),
        1..10 => Ok(Some(n)),
        _ => Err(Failure(n)),
    }
}

// parity 30
#[test]
fn none_and_err_have_a_ttl_of_their_own() {
    let cache = Cache::builder().clock(ManualClock::new().clock()).build();
    const THREE: Duration = Duration::from_secs(3);
    #[ecached("option:{n}", ttl = "1m", cache_none = "10s", cache = cache)]
    fn option(cache: &Cache, n: u64) -> Option<u64> {
        (n > 0).then_some(n)
    }
    #[ecached("result:{n}", ttl = |value| SECOND * if value.is_ok() { 60 } else { 50 }, cache_err = THREE, cache = cache)]
    fn result(cache: &Cache, n: u64) -> Result<u64, Failure> {
        find(n).map(|n| n.unwrap_or_default())
    }
    #[ecached("both:{n}", cache_none = 10, cache_err = "1s", cache = cache)]
    fn both(cache: &Cache, n: u64) -> Result<Option<u64>, Failure> {
        find(n)
    }
    let _ = (option(&cache, 0), option(&cache, 1), result(&cache, 1), result(&cache, 10));
    assert_eq!(option_key(&cache, &0).ttl(), Some(SECOND * 10));
    assert_eq!(option_key(&cache, &1).ttl(), Some(SECOND * 60));
    assert_eq!(result_key(&cache, &1).ttl(), Some(SECOND * 60));
    assert_eq!(result_key(&cache, &10).ttl(), Some(THREE));
    for (n, ttl) in [(0, Some(SECOND * 10)), (1, None), (10, Some(SECOND))] {
        assert_eq!((both(&cache, n), both_key(&cache, &n).ttl()), (find(n), ttl));
        assert_eq!(both_key(&cache, &n).peek(), Some(find(n)));
    }
}

#[test]
fn storing_errors_says_nothing_of_none() {
    let calls = Calls::default();
    #[ecached("err-only:{n}", cache_err)]
    fn only_err(calls: &Calls, n: u64) -> Result<Option<u64>, Failure> {
        calls.count();
        find(n)
    }
    #[ecached("none-only:{n}", cache_none)]
    fn only_none(calls: &Calls, n: u64) -> Result<Option<u64>, Failure> {
        calls.count();
        find(n)
    }
    for (n, of_only_err, of_only_none) in [(0, 2, 1), (1, 1, 1), (10, 1, 2)] {
        calls.reset();
        assert_eq!((only_err(&calls, n), only_err(&calls, n)), (find(n), find(n)));
        assert_eq!(calls.number(), of_only_err, "{n}");
        calls.reset();
        assert_eq!((only_none(&calls, n), only_none(&calls, n)), (find(n), find(n)));
        assert_eq!(calls.number(), of_only_none, "{n}");
    }
}
