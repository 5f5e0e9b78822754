//! A cached function together with the key of one call: what can be asked and dropped without running the function.
//! What needs all the arguments is `bound.rs`.

use super::{Cache, Explanation, KeyBuf, Operation, Shape, Shared, Site};
use std::fmt;
use std::time::Duration;

/// The entry of one call of a cached function, from the arguments that its key needs: `users_key(&state)`.
///
/// # Example: dropping what is known to have changed
/// ```
/// use easy_cache_core::ecached;
///
/// #[ecached("square:{n}")]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// square(7);
/// assert_eq!(square_key(&7).key(), "square:7");
/// assert_eq!(square_key(&7).peek(), Some(49));
/// square_key(&7).invalidate().wait()?;
/// assert_eq!(square_key(&7).peek(), None);
/// # Ok::<(), easy_cache_core::Error>(())
/// ```
#[must_use = "a handle does nothing until one of its methods is called"]
pub struct Keyed<R> {
    site: &'static Site,
    cache: Cache,
    key: KeyBuf,
    restore: fn(Shared) -> Option<R>,
}

/// The handle of `site` for the entry `key` in `cache`.
#[inline]
pub fn keyed<R, S: Shape<R>>(site: &'static Site, cache: &Cache, key: KeyBuf, _shape: S) -> Keyed<R> {
    Keyed { site, cache: cache.clone(), key, restore: S::restore }
}

impl<R> Keyed<R> {
    /// The key of the entry.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_str()
    }

    /// What a call would get from the cache now, if anything. The function does not run, and nothing is counted. Looks into this
    /// process only: with a store outside of it, ask [`Cache::get`](crate::Cache::get).
    #[must_use]
    pub fn peek(&self) -> Option<R> {
        self.cache.stored(self.key.as_bytes()).and_then(self.restore)
    }

    /// The same, asked from where the cache is not to be looked into.
    pub(super) fn peek_anyway(&self) -> Option<R> {
        crate::engine::frame::look_again();
        self.peek()
    }

    /// How long the entry will be fresh from now on; none if there is no entry or it has no end. Looks into this process only: with a
    /// store outside of it, ask [`Cache::time_to_live`](crate::Cache::time_to_live).
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.cache.time_to_live_here(self.key.as_bytes())
    }

    /// Why a call would be answered from the cache, or not: see [`Cache::explain`].
    ///
    /// # Example
    /// ```
    /// use easy_cache_core::{Verdict, ecached};
    ///
    /// #[ecached("cube:{n}")]
    /// fn cube(n: u64) -> u64 {
    ///     n * n * n
    /// }
    ///
    /// assert_eq!(cube_key(&7).explain().verdict, Verdict::Absent);
    /// cube(7);
    /// assert!(matches!(cube_key(&7).explain().verdict, Verdict::Served { .. }));
    /// ```
    #[must_use]
    pub fn explain(&self) -> Explanation {
        self.cache.explain(self.key.as_bytes())
    }

    /// Drops the entry: whoever calls after this is done computes anew. Await it, or `.wait()` where nothing can be awaited.
    pub fn invalidate(&self) -> Operation<'_> {
        self.cache.invalidate_key(self.key.as_bytes())
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) fn key_buf(&self) -> &KeyBuf {
        &self.key
    }

    pub(super) fn debug(&self, f: &mut fmt::Formatter<'_>, name: &str, policy: Option<&dyn fmt::Debug>) -> fmt::Result {
        let mut debug = f.debug_struct(name);
        debug.field("function", &self.site.path()).field("key", &self.key()).field("prefix", &self.key.prefix());
        if let Some(policy) = policy {
            debug.field("policy", policy);
        }
        debug.finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Keyed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f, "Keyed", None)
    }
}
