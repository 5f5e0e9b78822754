//! `#[ecached]`: this project's cached functions, with tags, a ttl, one load per key, and invalidations that are not lost.
//!
//! Nothing is chosen but what the comparison demands: the default cache, a template for the key, two tags, a ttl. The
//! functions share that cache, so their keys differ by one word, of the same length.

use std::convert::Infallible;

use easy_cache_benches::candidate::{Answer, Candidate, Loads, candidate, ready};
use easy_cache_core::ecached;

static SYNC: Loads = Loads::new();
static FALLIBLE: Loads = Loads::new();
static ASYNC: Loads = Loads::new();
static ASYNC_FALLIBLE: Loads = Loads::new();

/// Sync and async, each also with a result that can be an error.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![
        candidate("#[ecached] sync", &SYNC, orders),
        candidate("#[ecached] sync, Result", &FALLIBLE, |user, month| match orders_or_error(user, month) {
            Ok(answer) => answer,
        }),
        candidate("#[ecached] async", &ASYNC, |user, month| ready(orders_async(user, month))),
        candidate("#[ecached] async, Result", &ASYNC_FALLIBLE, |user, month| {
            match ready(orders_async_or_error(user, month)) {
                Ok(answer) => answer,
            }
        }),
    ]
}

#[ecached("user:{user}:orders:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders(user: u64, month: &str) -> Answer {
    SYNC.load(user, month)
}

#[ecached("user:{user}:bought:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders_or_error(user: u64, month: &str) -> Result<Answer, Infallible> {
    Ok(FALLIBLE.load(user, month))
}

#[ecached("user:{user}:basket:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
async fn orders_async(user: u64, month: &str) -> Answer {
    ASYNC.load(user, month)
}

#[ecached("user:{user}:pickup:{month}", tags = ["orders", "user:{user}"], ttl = "1h")]
async fn orders_async_or_error(user: u64, month: &str) -> Result<Answer, Infallible> {
    Ok(ASYNC_FALLIBLE.load(user, month))
}
