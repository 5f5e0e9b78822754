//! A step that both an async and a sync caller can ask for: `.await` it, or `.wait()` for it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::Error;
use crate::spawn::block_on;

/// What there is to do: at once, or in as many steps as a store outside the process takes.
enum Run<'a, T> {
    Now(Box<dyn FnOnce() -> T + Send + 'a>),
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

/// A prepared operation on a cache. Nothing happens before it is awaited, or waited for.
///
/// # Example: one operation, two kinds of callers
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
/// let cache = easy_cache_core::Cache::new();
/// cache.invalidate_tags(["books"]).await?;   // in async code
/// cache.invalidate_tags(["books"]).wait()?;  // anywhere else
/// # Ok(()) }
/// ```
#[must_use = "nothing happens before the operation is awaited, or run with `.wait()`"]
pub struct Operation<'a, T = Result<(), Error>> {
    run: Run<'a, T>,
}

impl<'a, T> Operation<'a, T> {
    pub(crate) fn new(run: impl FnOnce() -> T + Send + 'a) -> Self {
        Self { run: Run::Now(Box::new(run)) }
    }

    pub(crate) fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self { run: Run::Later(Box::pin(future)) }
    }

    /// Runs the operation and blocks this thread until it is done.
    ///
    /// With a memory store there is nothing to block on. What a store outside the process needs for its work (a runtime) must
    /// go on meanwhile: not on a runtime whose only thread this is.
    ///
    /// # Example
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = easy_cache_core::Cache::new();
    /// cache.invalidate_all().wait()?; // where nothing can be awaited; elsewhere `.await?`
    /// # Ok(()) }
    /// ```
    pub fn wait(self) -> T {
        match self.run {
            Run::Now(run) => run(),
            Run::Later(future) => block_on(future),
        }
    }
}

impl<'a, T> IntoFuture for Operation<'a, T> {
    type Output = T;
    type IntoFuture = OperationFuture<'a, T>;

    fn into_future(self) -> OperationFuture<'a, T> {
        OperationFuture { run: Some(self.run) }
    }
}

impl<T> fmt::Debug for Operation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operation(not started)")
    }
}

/// The future of an [`Operation`].
#[must_use = "futures do nothing unless polled"]
pub struct OperationFuture<'a, T> {
    run: Option<Run<'a, T>>,
}

impl<T> Future for OperationFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.run.take() {
            Some(Run::Now(run)) => Poll::Ready(run()),
            Some(Run::Later(mut future)) => {
                let polled = future.as_mut().poll(cx);
                if polled.is_pending() {
                    self.run = Some(Run::Later(future));
                }
                polled
            }
            None => panic!("an operation on a cache was polled after it was done"),
        }
    }
}

impl<T> fmt::Debug for OperationFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationFuture").field("done", &self.run.is_none()).finish()
    }
}
