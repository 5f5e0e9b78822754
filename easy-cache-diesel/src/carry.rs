//! Threads and tasks: a scope does not follow a closure to another thread by itself, so it is carried there and back.

use easy_cache_core::{Scope, scope};

/// Makes a closure for another thread that brings back what it has read, for the computation or request that sends it there.
///
/// Without it, what runs in `spawn_blocking`, actix's `web::block` or a pool's `interact` is not noticed by the cached function
/// or the cached response around it, which then miss the tags of the database and **outlive its changes**.
///
/// # Example: a query in a blocking task
/// ```
/// use easy_cache_diesel::carry;
///
/// # fn count_books() -> Result<i64, diesel::result::Error> { Ok(0) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let count = tokio::task::spawn_blocking(carry(|| count_books())).await?.unpack()?;
/// # Ok(())
/// # }
/// ```
pub fn carry<T>(run: impl FnOnce() -> T) -> impl FnOnce() -> Carried<T> {
    let is_wanted = scope::is_active();
    move || {
        let mut scope = Scope::new();
        let value = if is_wanted { scope.run(run) } else { run() };
        Carried { value, scope }
    }
}

/// A result from another thread, with what it depends on.
#[derive(Debug)]
#[must_use = "what was read on the other thread is not known here before it is unpacked"]
pub struct Carried<T> {
    value: T,
    scope: Scope,
}

impl<T> Carried<T> {
    /// The result. Whatever it depends on, the computation around the caller does now, too.
    pub fn unpack(self) -> T {
        self.scope.close();
        self.value
    }
}
