//! Where the responses of these tests are kept: in a store outside the process.

use easy_cache_core::testing::MemoryPlainStore;
use easy_cache_core::{Cache, ManualClock};

/// Whether a body that is served twice is the same memory.
pub(crate) const IS_THE_PROCESS: bool = false;

/// Over a store in which something has happened before.
pub(crate) fn cache(clock: &ManualClock) -> Cache {
    let store = MemoryPlainStore::new(clock.clock());
    let cache = Cache::builder().clock(clock.clock()).plain_store(store).build();
    cache.invalidate_all().wait().unwrap();
    cache
}

/// What is stored arrives behind the answer.
pub(crate) async fn arrive() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
