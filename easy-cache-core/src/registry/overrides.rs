//! Other caches for a part of the code: for a test, a tenant, a job. The names themselves stay what they are.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use super::{DEFAULT, Slot, slot};
use crate::Cache;
use crate::engine::ambient::{self, Ambient};

/// Runs code with another default cache, without touching anybody else's: each test of a process may have its own.
///
/// It is in force for what runs inside, on any thread to which that takes its [scope](crate::scope::carry) along. While no such
/// code exists, this costs nothing.
///
/// # Example: a test with a cache of its own
/// ```
/// use easy_cache_core::{Cache, ecached, registry};
///
/// #[ecached("answer")]
/// fn answer() -> u64 {
///     42
/// }
///
/// let cache = Cache::new();
/// registry::with(cache.clone()).run(answer);
/// assert!(cache.contains("answer").wait());
/// assert!(!registry::default_cache().contains("answer").wait());
/// ```
pub fn with(cache: Cache) -> Overrides {
    with_alias(DEFAULT, cache)
}

/// The same for the cache of a name.
///
/// # Example
/// ```
/// use easy_cache_core::{Cache, registry};
///
/// let sessions = Cache::builder().namespace("test").build();
/// let name = registry::with_alias("sessions", sessions).run(|| registry::cache("sessions").namespace());
/// assert_eq!(name, "test");
/// ```
pub fn with_alias(name: &str, cache: Cache) -> Overrides {
    Overrides::default().and(name, cache)
}

/// Which names mean which caches for a part of the code. From [`with`].
#[derive(Clone, Default)]
#[must_use = "other caches are used by what is run or wrapped inside"]
pub struct Overrides(Ambient);

/// One name that means another cache, as long as anybody may say so.
struct Override {
    slot: &'static Slot,
    cache: &'static Cache,
}

impl Overrides {
    /// Another name, with another cache.
    ///
    /// # Example
    /// ```
    /// use easy_cache_core::{Cache, registry};
    ///
    /// let both = registry::with(Cache::new()).and("feeds", Cache::builder().namespace("test").build());
    /// assert_eq!(both.run(|| registry::cache("feeds").namespace()), "test");
    /// ```
    pub fn and(mut self, name: &str, cache: Cache) -> Self {
        let slot = slot(name);
        slot.change_overrides(|count| count + 1);
        self.0.push(Arc::new(Override { slot, cache: lasting(cache) }));
        self
    }

    /// Runs a closure with these caches.
    pub fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        f()
    }

    /// Runs a future with these caches.
    ///
    /// # Example: an async test
    /// ```
    /// use easy_cache_core::{Cache, registry};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let mine = Cache::builder().namespace("mine").build();
    /// let test = async { registry::default_cache().namespace() };
    /// assert_eq!(registry::with(mine).wrap(test).await, "mine");
    /// # }
    /// ```
    pub fn wrap<F: IntoFuture>(&self, future: F) -> Overridden<F::IntoFuture> {
        Overridden { overrides: self.clone(), future: Box::pin(future.into_future()) }
    }

    /// The rest of a block on this thread with these caches, until the guard is dropped.
    ///
    /// # Example: in the first line of a test
    /// ```
    /// use easy_cache_core::{Cache, registry};
    ///
    /// let _mine = registry::with(Cache::builder().namespace("mine").build()).enter();
    /// assert_eq!(registry::default_cache().namespace(), "mine");
    /// ```
    pub fn enter(&self) -> Entered {
        Entered(self.0.enter())
    }
}

/// The cache that the name of `slot` means on this thread, if it is not the usual one.
pub(super) fn find(slot: &'static Slot) -> Option<&'static Cache> {
    ambient::find(|entry: &Override| std::ptr::eq(entry.slot, slot).then_some(entry.cache))
}

/// The registry hands out references that last as long as the process. So the handle is kept for ever, once for each cache;
/// the values are dropped with the last override.
fn lasting(cache: Cache) -> &'static Cache {
    static KEPT: Mutex<Vec<&'static Cache>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = kept.iter().find(|same| same.shares_with(&cache)) {
        return same;
    }
    let cache: &'static Cache = Box::leak(Box::new(cache));
    kept.push(cache);
    cache
}

impl Drop for Override {
    fn drop(&mut self) {
        if self.cache.is_last_handle() {
            let _ = self.cache.invalidate_all().wait();
        }
        self.slot.change_overrides(|count| count - 1);
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.of_kind().map(|entry: &Override| entry.cache)).finish()
    }
}

/// Other caches are in force on this thread until this is dropped. Guards may be dropped in any order.
#[must_use = "the caches are in force until the guard is dropped"]
pub struct Entered(#[expect(dead_code, reason = "only its end matters")] ambient::Entered);

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}

/// A future that runs with other caches.
#[must_use = "futures do nothing unless polled"]
pub struct Overridden<F> {
    overrides: Overrides,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Overridden<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { overrides, future } = &mut *self;
        overrides.run(|| future.as_mut().poll(cx))
    }
}

impl<F> fmt::Debug for Overridden<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Overridden").field(&self.overrides).finish()
    }
}
