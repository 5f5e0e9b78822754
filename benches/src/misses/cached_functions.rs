//! `cached`: by default concurrent loads all run; `sync_writes` lets them wait, per key.

use cached::macros::cached;

use crate::candidate::{Answer, Candidate, Loads, candidate, ready};

static SYNC: Loads = Loads::new();
static WAITING: Loads = Loads::new();
static ASYNC: Loads = Loads::new();

/// The default, the careful one, and async.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![
        candidate("cached 4.1 sync", &SYNC, orders),
        candidate("cached 4.1 sync, sync_writes = by_key", &WAITING, orders_once),
        candidate("cached 4.1 async", &ASYNC, |user, month| ready(orders_async(user, month))),
    ]
}

#[cached(max_size = 10_000, ttl_secs = 3_600)]
fn orders(user: u64, month: &str) -> Answer {
    let _ = (user, month);
    SYNC.instant()
}

#[cached(max_size = 10_000, ttl_secs = 3_600, sync_writes = "by_key")]
fn orders_once(user: u64, month: &str) -> Answer {
    let _ = (user, month);
    WAITING.instant()
}

#[cached(max_size = 10_000, ttl_secs = 3_600)]
async fn orders_async(user: u64, month: &str) -> Answer {
    let _ = (user, month);
    ASYNC.instant()
}
