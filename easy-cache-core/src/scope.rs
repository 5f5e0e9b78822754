//! The ambient collector of tags while a computation or a request runs: opened by hand, or by the integrations.
//!
//! A scope follows its computation across awaits, and from thread to thread, but not into what the computation *starts*: a
//! spawned task, a thread, a closure on a pool of blocking threads. What is read there is not seen by the scope, and nothing can
//! notice it. So take the scope along, with one word: [`spawn_thread`], `spawn` and `spawn_blocking` (feature `tokio`), or
//! [`carry`] for everything else that runs a future or a closure elsewhere.
//!
//! ```
//! use easy_cache_core::{Cache, Scope, Tag, scope};
//!
//! let cache = Cache::new();
//! let mut request = Scope::new();
//! request.run(|| {
//!     let inside = cache.clone();
//!     let read = move || inside.get_or_compute_sync("k", || Some(1)).tags(["books"]).wait();
//!     scope::spawn_thread(read).join()
//! }).ok();
//! assert_eq!(request.tags(), [Tag::new("books")]);
//! ```

mod carry;
#[cfg(feature = "tokio")]
mod tasks;
mod untracked;

pub use carry::{Carried, Carrying, carry, spawn_thread};
#[cfg(feature = "tokio")]
pub use tasks::{spawn, spawn_blocking};
pub use untracked::{Untracked, untracked, untracked_sync};

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::backend::memory::Seen;
use crate::clock::{Clock, NEVER};
use crate::engine::frame::{self, Frame};
use crate::engine::ticket;
use crate::{Cache, Tag};

/// Collects the tags of everything that runs inside it: hits, inner computations, database reads.
///
/// # Example: what does a computation depend on?
/// ```
/// use easy_cache_core::{Cache, Scope, Tag};
///
/// let cache = Cache::new();
/// let mut scope = Scope::new();
/// scope.run(|| cache.get_or_compute_sync("k", || Some(1)).tags(["books"]).wait());
/// assert_eq!(scope.tags(), [Tag::new("books")]);
/// ```
#[derive(Debug, Default)]
pub struct Scope {
    frame: Option<Box<Frame>>,
}

impl Scope {
    /// An empty scope.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a closure inside the scope: also a single poll of a future, or of a body.
    pub fn run<T>(&mut self, f: impl FnOnce() -> T) -> T {
        frame::within(&mut self.frame, f)
    }

    /// Runs a future inside the scope.
    ///
    /// # Example: what does a request depend on?
    /// ```
    /// use easy_cache_core::{Cache, Scope, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = Cache::new();
    /// let mut request = Scope::new();
    /// request.wrap(cache.get_or_compute("k", async { Some(1) }).tags(["books"])).await;
    /// assert_eq!(request.tags(), [Tag::new("books")]);
    /// # }
    /// ```
    pub fn wrap<F: IntoFuture>(&mut self, future: F) -> Scoped<'_, F::IntoFuture> {
        Scoped { scope: self, future: Some(Box::pin(future.into_future())) }
    }

    /// The tags collected so far, each once, in order.
    #[must_use]
    pub fn tags(&self) -> Vec<Tag> {
        self.frame.as_ref().map(|frame| frame.tags()).unwrap_or_default()
    }

    /// How long it takes until the first of what was used so far ends: what is built from it does not last longer. `None` if
    /// nothing that ends was used.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::{Cache, Scope};
    ///
    /// let cache = Cache::new();
    /// let mut page = Scope::new();
    /// page.run(|| cache.get_or_compute_sync("count", || Some(7)).ttl(Duration::from_secs(10)).wait());
    /// assert!(page.lasts(cache.clock()).is_some_and(|time| time <= Duration::from_secs(10)));
    /// ```
    #[must_use]
    pub fn lasts(&self, clock: &Clock) -> Option<Duration> {
        let until = self.frame.as_ref().map_or(NEVER, |frame| frame.until(clock));
        (until != NEVER).then(|| Duration::from_nanos(until.saturating_sub(clock.precise())))
    }

    /// Whether something ran inside that must not be kept, such as a read in an open transaction.
    #[must_use]
    pub fn is_tainted(&self) -> bool {
        self.frame.as_ref().is_some_and(|frame| frame.is_tainted())
    }

    /// Hands all that was collected to the scope around the caller, if there is one.
    pub fn close(self) {
        frame::absorb(self.into_frame());
    }

    pub(crate) const fn of_frame(frame: Box<Frame>) -> Self {
        Self { frame: Some(frame) }
    }

    pub(crate) fn into_frame(self) -> Frame {
        self.frame.map(|frame| *frame).unwrap_or_default()
    }
}

/// A future that runs inside a [`Scope`].
#[must_use = "futures do nothing unless polled"]
pub struct Scoped<'a, F> {
    scope: &'a mut Scope,
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Scoped<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { scope, future } = &mut *self;
        scope.run(|| future.as_mut().map_or(Poll::Pending, |future| future.as_mut().poll(cx)))
    }
}

/// Dropped half done, it is dropped inside the scope as well: what it has used is still the scope's.
impl<F> Drop for Scoped<'_, F> {
    fn drop(&mut self) {
        let Self { scope, future } = self;
        scope.run(|| drop(future.take()));
    }
}

impl<F> fmt::Debug for Scoped<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Whether somebody collects tags here.
///
/// # Example
/// ```
/// use easy_cache_core::{Scope, scope};
///
/// assert!(!scope::is_active());
/// assert!(Scope::new().run(scope::is_active));
/// ```
#[must_use]
pub fn is_active() -> bool {
    frame::is_collecting()
}

/// The tags that the innermost scope around the caller has collected so far, each once, in order; none outside a scope.
///
/// # Example: what has this request used up to here?
/// ```
/// use easy_cache_core::{Cache, Scope, Tag, scope};
///
/// let cache = Cache::new();
/// let used = Scope::new().run(|| {
///     scope::depend(&cache, ["books"]);
///     scope::current_tags()
/// });
/// assert_eq!(used, [Tag::new("books")]);
/// assert!(scope::current_tags().is_empty());
/// ```
#[must_use]
pub fn current_tags() -> Vec<Tag> {
    frame::current_tags()
}

/// Says that what is being computed depends on these tags of this cache. To be called **before** the data is read.
///
/// Costs nothing outside a scope; inside, one lookup of the tag's record for each tag.
///
/// # Example: a value that follows from a file
/// ```
/// use easy_cache_core::{Cache, scope};
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let cache = Cache::new();
/// let load = || {
///     scope::depend(&cache, ["file:motd"]);
///     Some("hello".to_owned()) // read the file here
/// };
/// cache.get_or_compute_sync("motd", load).wait();
/// cache.invalidate_tags(["file:motd"]).wait()?;
/// assert!(!cache.contains("motd").wait());
/// # Ok(()) }
/// ```
pub fn depend(cache: &Cache, tags: impl IntoIterator<Item: Into<Tag>>) {
    observe(cache, tags).record();
}

/// Notes how these tags stand **before** data is read; [`Observed::record`] makes them a dependency afterwards, for
/// readers that know only from the result which of them they depend on.
///
/// # Example: a row that exists depends on itself, a missing one on the whole table
/// ```
/// use easy_cache_core::{Cache, Scope, Tag, scope};
///
/// let cache = Cache::new();
/// let mut request = Scope::new();
/// request.run(|| {
///     let (row, table) = (scope::observe(&cache, [Tag::row("books", 42)]), scope::observe(&cache, [Tag::table("books")]));
///     let found = true; // the query runs here
///     if found { row.record() } else { table.record() }
/// });
/// assert_eq!(request.tags(), [Tag::row("books", 42)]);
/// ```
pub fn observe(cache: &Cache, tags: impl IntoIterator<Item: Into<Tag>>) -> Observed {
    Observed(ticket::observe(cache.engine(), tags.into_iter().map(Into::into)))
}

/// Tags with the versions that they had when they were observed. Nothing depends on them before they are recorded.
#[derive(Debug)]
#[must_use = "nothing depends on the tags before they are recorded"]
pub struct Observed(Vec<Seen>);

impl Observed {
    /// Adds the tags to the current scope.
    pub fn record(self) {
        frame::collect_seen(self.0);
    }
}

/// Says that what is being computed must not be kept by anybody: it saw data that others may not see.
///
/// # Example: a value that is for one reader only
/// ```
/// use easy_cache_core::{Cache, scope};
///
/// let cache = Cache::new();
/// let draft = cache.get_or_compute_sync("page", || {
///     scope::taint();
///     Some("a draft".to_owned())
/// });
/// assert_eq!(draft.wait().as_deref(), Some("a draft"));
/// assert!(!cache.contains("page").wait());
/// ```
pub fn taint() {
    frame::taint();
}

/// Runs a future that neither reads nor fills any cache: a transaction, which sees its own uncommitted writes.
///
/// # Example: a call that is to look for itself
/// ```
/// use easy_cache_core::{ecached, scope};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[ecached("visits")]
/// async fn visits(counter: &AtomicU64) -> u64 {
///     counter.fetch_add(1, Ordering::Relaxed)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let counter = AtomicU64::new(1);
/// assert_eq!((visits(&counter).await, visits(&counter).await), (1, 1));
/// assert_eq!(scope::bypass(visits(&counter)).await, 2);
/// assert_eq!(visits(&counter).await, 1);
/// # }
/// ```
pub fn bypass<F: IntoFuture>(future: F) -> Bypassing<F::IntoFuture> {
    Bypassing { frame: Some(Frame::bypassing()), future: Box::pin(future.into_future()) }
}

/// [`bypass`] for a closure.
///
/// # Example: a report that is to be right to the second
/// ```
/// use easy_cache_core::{ecached, scope};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[ecached("sales")]
/// fn sales(counter: &AtomicU64) -> u64 {
///     counter.fetch_add(1, Ordering::Relaxed)
/// }
///
/// let counter = AtomicU64::new(1);
/// assert_eq!((sales(&counter), sales(&counter)), (1, 1));
/// assert_eq!(scope::bypass_sync(|| sales(&counter)), 2);
/// assert_eq!(sales(&counter), 1);
/// ```
pub fn bypass_sync<T>(f: impl FnOnce() -> T) -> T {
    taint();
    frame::within(&mut Some(Frame::bypassing()), f)
}

/// A future that runs without any cache.
#[must_use = "futures do nothing unless polled"]
pub struct Bypassing<F> {
    frame: Option<Box<Frame>>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Bypassing<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        taint();
        let Self { frame, future } = &mut *self;
        frame::within(frame, || future.as_mut().poll(cx))
    }
}

impl<F> fmt::Debug for Bypassing<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bypassing")
    }
}
