//! `#[ecached]`: a flight, a fence, a frame, tags that are resolved, and a fill that may be refused.
//!
//! Tags as in the comparison (one for all, one for each of 64 users), and with a tag that no other entry has, as for the
//! row of a database. `local` leaves out what else a miss pays for by default: the value is measured as it would be written.

use std::sync::LazyLock;

use easy_cache_core::{Cache, ecached};

use super::CAPACITY;
use crate::candidate::{Answer, Candidate, Loads, candidate, ready};

static SYNC: Loads = Loads::new();
static LOCAL: Loads = Loads::new();
static ROWS: Loads = Loads::new();
static ASYNC: Loads = Loads::new();

/// About ten thousand entries: what one weighs was seen by filling the cache with `local` ones, and the others count 258
/// bytes more.
fn cache(bytes_per_entry: usize) -> Cache {
    Cache::builder().max_weight((CAPACITY * bytes_per_entry) as u64).expected_entries(CAPACITY).build()
}

static OF_SYNC: LazyLock<Cache> = LazyLock::new(|| cache(500));
static OF_LOCAL: LazyLock<Cache> = LazyLock::new(|| cache(260));
static OF_ROWS: LazyLock<Cache> = LazyLock::new(|| cache(500));
static OF_ASYNC: LazyLock<Cache> = LazyLock::new(|| cache(500));

/// Sync, sync without measuring, sync with a tag of its own, and async.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![
        candidate("#[ecached] sync", &SYNC, orders),
        candidate("#[ecached] sync, local", &LOCAL, orders_local),
        candidate("#[ecached] sync, a tag of its own", &ROWS, orders_with_row),
        candidate("#[ecached] async", &ASYNC, |user, month| ready(orders_async(user, month))),
    ]
}

#[ecached("user:{user}:orders:{month}", cache = OF_SYNC, tags = ["orders", "user:{user}"], ttl = "1h")]
fn orders(user: u64, month: &str) -> Answer {
    let _ = (user, month);
    SYNC.instant()
}

#[ecached("user:{user}:orders:{month}", cache = OF_LOCAL, tags = ["orders", "user:{user}"], ttl = "1h", local)]
fn orders_local(user: u64, month: &str) -> Answer {
    let _ = (user, month);
    LOCAL.instant()
}

#[ecached("user:{user}:orders:{month}", cache = OF_ROWS, tags = ["orders", "orders:{month}"], ttl = "1h")]
fn orders_with_row(user: u64, month: &str) -> Answer {
    let _ = user;
    ROWS.instant()
}

#[ecached("user:{user}:orders:{month}", cache = OF_ASYNC, tags = ["orders", "user:{user}"], ttl = "1h")]
async fn orders_async(user: u64, month: &str) -> Answer {
    let _ = (user, month);
    ASYNC.instant()
}
