//! Tokio's tasks with the scope taken along. Anything else that spawns does the same with `carry`.

use std::future::Future;

use tokio::task::{self, JoinHandle};

use super::carry;

/// [`tokio::spawn`], inside the caller's scope.
///
/// # Panics
/// Outside of a Tokio runtime, like `tokio::spawn` itself.
///
/// # Example: the task's reads are the request's
/// ```
/// use easy_cache_core::{Cache, Scope, Tag, scope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tokio::task::JoinError> {
/// let cache = Cache::new();
/// let mut request = Scope::new();
/// request.wrap(async { scope::spawn(async move { scope::depend(&cache, ["books"]) }).await }).await?;
/// assert_eq!(request.tags(), [Tag::new("books")]);
/// # Ok(()) }
/// ```
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(carry().wrap(future))
}

/// [`tokio::task::spawn_blocking`], inside the caller's scope.
///
/// # Panics
/// Outside of a Tokio runtime, like `spawn_blocking` itself.
///
/// # Example
/// ```
/// use easy_cache_core::{Cache, Scope, Tag, scope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tokio::task::JoinError> {
/// let cache = Cache::new();
/// let mut request = Scope::new();
/// request.wrap(async { scope::spawn_blocking(move || scope::depend(&cache, ["books"])).await }).await?;
/// assert_eq!(request.tags(), [Tag::new("books")]);
/// # Ok(()) }
/// ```
pub fn spawn_blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let carried = carry();
    task::spawn_blocking(move || carried.run(f))
}
