//! `moka`: bounded, with a ttl, loads of one key run once. No tags.
//!
//! Looked up by reference, so that a hit needs no owned key: the cheaper of its two forms, as `get_with` takes a `String`.

use std::time::Duration;

use crate::candidate::{Candidate, Loads, candidate, ready};
use crate::workload;

const CAPACITY: u64 = 10_000;
const TTL: Duration = Duration::from_secs(3_600);

/// The synchronous and the asynchronous cache.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    static SYNC: Loads = Loads::new();
    static FUTURE: Loads = Loads::new();
    let sync = moka::sync::Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build();
    let future = moka::future::Cache::builder().max_capacity(CAPACITY).time_to_live(TTL).build();
    vec![
        candidate("moka 0.12 sync, get_with_by_ref, key by format!", &SYNC, move |user, month| {
            sync.get_with_by_ref(&workload::key(user, month), || SYNC.load(user, month))
        }),
        candidate("moka 0.12 future, get_with_by_ref, key by format!", &FUTURE, move |user, month| {
            ready(async {
                let key = workload::key(user, month);
                future.get_with_by_ref(&key, async { FUTURE.load(user, month) }).await
            })
        }),
    ]
}
