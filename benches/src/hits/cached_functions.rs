//! `cached`: memoised functions, bounded and with a ttl. No tags, and by default concurrent loads all run.
//!
//! The key is left to the macro (a tuple of the arguments, owned): the cheapest that it offers for a `&str`.

use crate::candidate::{Answer, Candidate, Loads, candidate, ready};

use cached::macros::{cached, concurrent_cached};

static SYNC: Loads = Loads::new();
static SHARDED: Loads = Loads::new();
static ASYNC: Loads = Loads::new();

/// The general macro, sync and async, and the one with a lock per shard.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![
        candidate("cached 4.1 sync, max_size + ttl", &SYNC, orders),
        candidate("cached 4.1 sync, sharded", &SHARDED, orders_sharded),
        candidate("cached 4.1 async, max_size + ttl", &ASYNC, |user, month| ready(orders_async(user, month))),
    ]
}

#[cached(max_size = 10_000, ttl_secs = 3_600)]
fn orders(user: u64, month: &str) -> Answer {
    SYNC.load(user, month)
}

#[concurrent_cached(max_size = 10_000, ttl_secs = 3_600)]
fn orders_sharded(user: u64, month: &str) -> Answer {
    SHARDED.load(user, month)
}

#[cached(max_size = 10_000, ttl_secs = 3_600)]
async fn orders_async(user: u64, month: &str) -> Answer {
    ASYNC.load(user, month)
}
