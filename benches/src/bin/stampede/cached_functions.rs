//! `cached`: by default everybody computes; `sync_writes` is its cure.
//!
//! A memoised function has one cache for the whole process, so each run has a key of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use cached::macros::cached;
use easy_cache_benches::candidate::Answer;

use crate::crowd::{Candidate, Load};

static RUNS: AtomicU64 = AtomicU64::new(0);

/// The default, and with waiting per key.
pub(crate) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate {
            name: "cached 4.1 async",
            make: |load| {
                let run = RUNS.fetch_add(1, Ordering::Relaxed);
                Box::new(move || Box::pin(orders(run, load.clone())))
            },
        },
        Candidate {
            name: "cached 4.1 async, sync_writes = by_key",
            make: |load| {
                let run = RUNS.fetch_add(1, Ordering::Relaxed);
                Box::new(move || Box::pin(orders_once(run, load.clone())))
            },
        },
    ]
}

#[cached(max_size = 10_000, ttl_secs = 3_600, key = "u64", convert = { run })]
async fn orders(run: u64, load: Load) -> Answer {
    let _ = run;
    load.run().await
}

#[cached(max_size = 10_000, ttl_secs = 3_600, key = "u64", convert = { run }, sync_writes = "by_key")]
async fn orders_once(run: u64, load: Load) -> Answer {
    let _ = run;
    load.run().await
}
