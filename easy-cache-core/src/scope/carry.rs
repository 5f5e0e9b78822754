//! The scope taken along into what a computation starts: tasks, threads, pools. Who spawns is the caller's choice.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use crate::engine::frame::{Frame, Surroundings};

/// Takes the caller's scope along into something that it starts.
///
/// What runs inside collects for the scope around the caller, at once and from any thread, and is bound by what binds the
/// caller: inside a [`bypass`](super::bypass) it uses no cache either, [`registry::with`](crate::registry::with) stays in
/// force, and a key that is being computed around the caller is computed alone instead of waited for.
///
/// A task that goes on after the computation has ended collects for nobody: its result is not part of the value. Outside of
/// any scope this costs two loads.
///
/// # Example: two reads at a time
/// ```
/// use easy_cache_core::{Cache, Scope, Tag, scope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::new();
/// let mut request = Scope::new();
/// request.wrap(async {
///     let inside = cache.clone();
///     let books = async move { inside.get_or_compute("books", async { Some(7) }).tags(["books"]).await };
///     tokio::spawn(scope::carry().wrap(books)).await
/// }).await?;
/// assert_eq!(request.tags(), [Tag::new("books")]);
/// # Ok(()) }
/// ```
#[must_use = "the scope is taken along by what is wrapped or run inside"]
pub fn carry() -> Carried {
    Carried { surroundings: Surroundings::here() }
}

/// A thread inside the caller's scope.
///
/// # Example
/// ```
/// use easy_cache_core::{Scope, scope};
///
/// let inside = Scope::new().run(|| scope::spawn_thread(scope::is_active).join());
/// assert!(inside.is_ok_and(|is_active| is_active));
/// ```
pub fn spawn_thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let carried = carry();
    thread::spawn(move || carried.run(f))
}

/// A scope on its way into tasks and threads. May be used, and cloned, any number of times.
#[derive(Clone)]
pub struct Carried {
    surroundings: Surroundings,
}

impl Carried {
    /// Runs a closure inside the scope that was taken along.
    ///
    /// # Example: on a pool of threads
    /// ```
    /// use easy_cache_core::{Scope, Tag, scope};
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// let mut request = Scope::new();
    /// request.run(|| {
    ///     let carried = scope::carry();
    ///     std::thread::scope(|threads| {
    ///         for table in ["authors", "books"] {
    ///             let (carried, cache) = (&carried, &cache);
    ///             threads.spawn(move || carried.run(|| scope::depend(cache, [Tag::table(table)])));
    ///         }
    ///     });
    /// });
    /// assert_eq!(request.tags(), [Tag::table("authors"), Tag::table("books")]);
    /// ```
    pub fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        self.surroundings.within(&mut self.surroundings.frame(), f)
    }

    /// Runs a future inside the scope that was taken along.
    pub fn wrap<F: IntoFuture>(&self, future: F) -> Carrying<F::IntoFuture> {
        let frame = self.surroundings.frame();
        Carrying { carried: self.clone(), frame, future: Some(Box::pin(future.into_future())) }
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").finish_non_exhaustive()
    }
}

/// A future that runs inside a scope that was taken along.
#[must_use = "futures do nothing unless polled"]
pub struct Carrying<F> {
    carried: Carried,
    frame: Option<Box<Frame>>,
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Carrying<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { carried, frame, future } = &mut *self;
        let poll = || future.as_mut().map_or(Poll::Pending, |future| future.as_mut().poll(cx));
        carried.surroundings.within(frame, poll)
    }
}

/// Dropped half done (an aborted task), it is dropped inside the scope as well: what it has used is still the scope's.
impl<F> Drop for Carrying<F> {
    fn drop(&mut self) {
        let Self { carried, frame, future } = self;
        carried.surroundings.within(frame, || drop(future.take()));
    }
}

impl<F> fmt::Debug for Carrying<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrying")
    }
}
