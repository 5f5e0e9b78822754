//! What is said of a near cache: how old its knowledge may be. What keeps to it is `engine::near`.

use std::time::Duration;

use crate::clock::{TICK, nanoseconds};

/// Keeps copies of a shared store's values in this process, ready to be served without a trip, and never staler than a bound:
/// for [`CacheBuilder::near`](crate::CacheBuilder::near).
///
/// The store tells this process what changes. It takes a moment until that is heard, and the connection may break; so a copy is
/// served only while the store has confirmed, within the bound, that everything up to then has been told. Otherwise calls ask the
/// store itself, in one trip, as they would without a near cache.
///
/// What this process invalidates or holds itself is not served by it any more when that returns. The bound is for what others do.
///
/// # Example: a second old at most
/// ```
/// use std::time::Duration;
/// use easy_cache_core::store::Store;
/// use easy_cache_core::{Cache, Near};
///
/// fn cache_over(store: impl Store) -> Cache {
///     Cache::builder().store(store).near(Near::within(Duration::from_secs(1))).build()
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it is passed to `CacheBuilder::near`"]
pub struct Near {
    bound: Duration,
    keep_for: Option<Duration>,
}

impl Near {
    /// Values are served up to this long after somebody else has invalidated them, and no longer. A second is a good beginning: the
    /// store is asked three times within it whether everything was heard.
    ///
    /// By the cache's clock, which ticks every 5 ms: a bound of that or less serves nothing.
    pub const fn within(bound: Duration) -> Self {
        Self { bound, keep_for: None }
    }

    /// How long a copy is served before the store is asked again, at most. Default: as long as the value is fresh.
    ///
    /// For what the store does not tell: that a value was computed anew, elsewhere, before it had to be.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::Near;
    ///
    /// let near = Near::within(Duration::from_secs(1)).keep_for(Duration::from_secs(60));
    /// # let _ = near;
    /// ```
    pub const fn keep_for(mut self, ttl: Duration) -> Self {
        self.keep_for = Some(ttl);
        self
    }

    pub(crate) const fn bound(&self) -> Duration {
        self.bound
    }

    /// How long a proof is good, in nanoseconds. The clock that hits read may be behind by a tick.
    pub(crate) fn proof_lasts(&self) -> u64 {
        nanoseconds(self.bound.saturating_sub(TICK))
    }

    /// How long a copy is kept, in nanoseconds.
    pub(crate) fn keeps_for(&self) -> u64 {
        self.keep_for.map_or(u64::MAX, nanoseconds)
    }
}
