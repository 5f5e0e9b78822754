//! The same functions over a memory cache and over copies of what a store outside has.

use std::sync::LazyLock;
use std::time::Duration;

use easy_cache_benches::candidate::{Answer, Candidate, Loads, ready, without_allocations};
use easy_cache_benches::workload;
use easy_cache_core::{Cache, Error, Near, ecached, registry};

use crate::store::Counting;

static MEMORY: Loads = Loads::new();
static MEMORY_ASYNC: Loads = Loads::new();
static NEAR: Loads = Loads::new();
static NEAR_ASYNC: Loads = Loads::new();

static STORE: LazyLock<Counting> = LazyLock::new(Counting::default);

/// Makes both caches.
pub(crate) fn register() -> Result<(), Error> {
    registry::register("memory", Cache::new())?;
    let near = Near::within(Duration::from_secs(24 * 3_600));
    registry::register("near", Cache::builder().store(STORE.clone()).near(near).build())
}

/// The first one is the measure for all others.
pub(crate) fn candidates() -> Vec<Box<dyn Candidate>> {
    vec![
        without_allocations("memory, sync", &MEMORY, memory),
        without_allocations("memory, async", &MEMORY_ASYNC, |user, month| ready(memory_async(user, month))),
        without_allocations("#[ecached] near, sync", &NEAR, near),
        without_allocations("#[ecached] near, async", &NEAR_ASYNC, |user, month| ready(near_async(user, month))),
    ]
}

/// One for each key to fill, one to bring it here; and what was measured asked nothing more.
pub(crate) fn expect_no_trips() -> Result<(), Box<dyn std::error::Error>> {
    let looks = |functions: u64| functions * 2 * workload::distinct().len() as u64;
    match STORE.looks() {
        asked if asked <= looks(2) => Ok(()),
        asked => Err(format!("near hits asked the store: {asked} lookups").into()),
    }
}

#[ecached("user:{user}:memory:{month}", tags = ["orders", "user:{user}"], ttl = "1h", cache = "memory")]
fn memory(user: u64, month: &str) -> Answer {
    MEMORY.load(user, month)
}

#[ecached("user:{user}:memora:{month}", tags = ["orders", "user:{user}"], ttl = "1h", cache = "memory")]
async fn memory_async(user: u64, month: &str) -> Answer {
    MEMORY_ASYNC.load(user, month)
}

#[ecached("user:{user}:nearby:{month}", tags = ["orders", "user:{user}"], ttl = "1h", cache = "near")]
fn near(user: u64, month: &str) -> Answer {
    NEAR.load(user, month)
}

#[ecached("user:{user}:nearba:{month}", tags = ["orders", "user:{user}"], ttl = "1h", cache = "near")]
async fn near_async(user: u64, month: &str) -> Answer {
    NEAR_ASYNC.load(user, month)
}
