//! Where the responses of these tests are kept: in the process.

use easy_cache_core::{Cache, ManualClock};

/// Whether a body that is served twice is the same memory.
pub(crate) const IS_THE_PROCESS: bool = true;

pub(crate) fn cache(clock: &ManualClock) -> Cache {
    Cache::builder().clock(clock.clock()).build()
}

/// What is stored is there when the answer is.
pub(crate) async fn arrive() {}
