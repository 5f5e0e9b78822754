//! SQLite on asynchronous connections: the work is done on other threads, and the scope goes there with it.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll, ready};

use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use easy_cache_core::scope;
use tokio::task::JoinHandle;

/// A synchronous connection in asynchronous code, like diesel-async's own [`SyncConnectionWrapper`], whose reads are noticed by the
/// cached computation, or response, around the caller. With the wrapper as it is they are not, and what is cached
/// **outlives the changes**.
///
/// # Example: a pool for SQLite
/// ```
/// use diesel::SqliteConnection;
/// use diesel::sqlite::Sqlite;
/// use diesel_async::pooled_connection::AsyncDieselConnectionManager;
/// use diesel_async::pooled_connection::deadpool::Pool;
/// use easy_cache_core::Cache;
/// use easy_cache_diesel::{CachedDb, CarriedConnection};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// type Conn = CarriedConnection<SqliteConnection>;
///
/// let db = CachedDb::<Sqlite>::new(&Cache::new());
/// let manager = AsyncDieselConnectionManager::<Conn>::new_with_config("shop.db", db.manager_config());
/// let pool = Pool::builder(manager).build()?;
/// # Ok(())
/// # }
/// ```
pub type CarriedConnection<C> = SyncConnectionWrapper<C, CarryScope>;

/// Runs the work of a [`SyncConnectionWrapper`] on tokio's threads, within the scope of its caller. Needs a runtime of tokio around.
#[derive(Clone, Copy, Debug, Default)]
pub struct CarryScope;

impl SpawnBlocking for CarryScope {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<R, Box<dyn Error + Send + Sync + 'static>>> + Send + 'a>>
    where
        R: Send + 'static,
    {
        let (carried, (running, ended)) = (scope::carry(), channel());
        let task = tokio::task::spawn_blocking(move || {
            let output = carried.run(task);
            drop::<std::sync::mpsc::Sender<()>>(running);
            output
        });
        Box::pin(Running { task, ended })
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// Work on another thread. If this is dropped it waits: the connection must not be used while somebody works with it.
struct Running<R> {
    task: JoinHandle<R>,
    /// Says that it has ended by being closed.
    ended: Receiver<()>,
}

impl<R> Future for Running<R> {
    type Output = Result<R, Box<dyn Error + Send + Sync>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.task).poll(cx)).map_err(Into::into))
    }
}

impl<R> Drop for Running<R> {
    fn drop(&mut self) {
        let _closed = self.ended.recv();
    }
}
