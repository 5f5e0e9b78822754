//! `moka`: loads of one key run once. What it puts off (eviction, its queues) is part of later calls.

use std::time::Duration;

use super::CAPACITY;
use crate::candidate::{Candidate, Loads, candidate, ready};
use crate::workload;

const TTL: Duration = Duration::from_secs(3_600);

/// The synchronous and the asynchronous cache.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    static SYNC: Loads = Loads::new();
    static FUTURE: Loads = Loads::new();
    let sync = moka::sync::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(TTL).build();
    let future = moka::future::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(TTL).build();
    vec![
        candidate("moka 0.12 sync, get_with", &SYNC, move |user, month| {
            sync.get_with(workload::key(user, month), || SYNC.instant())
        }),
        candidate("moka 0.12 future, get_with", &FUTURE, move |user, month| {
            ready(future.get_with(workload::key(user, month), async { FUTURE.instant() }))
        }),
    ]
}
