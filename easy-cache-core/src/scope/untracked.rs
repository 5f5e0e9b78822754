//! The scope refused: what runs inside leaves no trace in what encloses it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::frame::{self, Frame};

/// Runs a future whose tags the scope around it does not get.
///
/// **Dangerous**: what is built from the result is *not* dropped when the data behind the result changes. It is right where the
/// result does not show in the value, or may be outdated in it by decision: a look at a feature flag, a counter of visits,
/// the names in an audit log, a list of suggestions that nobody compares. It also keeps a tag that changes all the time
/// from dropping everything around. When in doubt, leave it out.
///
/// What forbids keeping the value goes outward all the same: a read inside an open transaction, or of something private. And
/// what forbids the cache stays in force inside: [`bypass`](super::bypass), a cache that is switched off.
///
/// # Example: a page does not depend on how often it was visited
/// ```
/// use easy_cache_core::{Cache, Scope, scope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let cache = Cache::new();
/// let visits = cache.get_or_compute("visits", async { Some(41) }).tags(["visits"]);
/// let mut request = Scope::new();
/// assert_eq!(request.wrap(scope::untracked(visits)).await, Some(41));
/// assert!(request.tags().is_empty());
/// # }
/// ```
pub fn untracked<F: IntoFuture>(future: F) -> Untracked<F::IntoFuture> {
    Untracked { frame: Some(Frame::untracked()), future: Box::pin(future.into_future()) }
}

/// [`untracked`] for a closure.
///
/// # Example
/// ```
/// use easy_cache_core::{Cache, Scope, scope};
///
/// let cache = Cache::new();
/// let mut request = Scope::new();
/// request.run(|| scope::untracked_sync(|| scope::depend(&cache, ["visits"])));
/// assert!(request.tags().is_empty());
/// ```
pub fn untracked_sync<T>(f: impl FnOnce() -> T) -> T {
    frame::within(&mut Some(Frame::untracked()), f)
}

/// A future whose tags the scope around it does not get.
#[must_use = "futures do nothing unless polled"]
pub struct Untracked<F> {
    frame: Option<Box<Frame>>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Untracked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { frame, future } = &mut *self;
        frame::within(frame, || future.as_mut().poll(cx))
    }
}

impl<F> fmt::Debug for Untracked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Untracked")
    }
}
