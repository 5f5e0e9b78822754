//! Cached functions inside of transactions. A hit needs no statement, so nothing of ours sees it coming: either the function is
//! asked beforehand, or the whole closure runs without a cache.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use diesel::Connection;
use diesel::connection::TransactionManager;
use easy_cache_core::{Bypass, scope};

use crate::instrumentation::find;

/// Runs a closure without any cache: cached functions in it compute, and their results are kept by none.
///
/// # Example: a transaction that calls cached functions
/// ```
/// use diesel::prelude::*;
/// use easy_cache_diesel::without_cache;
/// # fn count_books(conn: &mut SqliteConnection) -> QueryResult<i64> { Ok(0) }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut conn = SqliteConnection::establish(":memory:")?;
/// conn.transaction(|conn| without_cache(|| count_books(conn)))?;
/// # Ok(())
/// # }
/// ```
pub fn without_cache<T>(run: impl FnOnce() -> T) -> T {
    let mut run = Some(run);
    let once = std::future::poll_fn(|_| run.take().map_or(Poll::Pending, |run| Poll::Ready(run())));
    let mut bypassing = pin!(scope::bypass(once));
    loop {
        // The closure runs in the first poll, which is then ready.
        if let Poll::Ready(value) = bypassing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// A connection that cached functions can ask whether it is in a transaction: then they compute. It is used like the
/// connection itself.
///
/// # Example: one function, inside and outside of transactions
/// ```
/// use diesel::prelude::*;
/// use easy_cache_core::ecached;
/// use easy_cache_diesel::CachedConn;
/// # diesel::table! { books { id -> Integer, } }
///
/// #[ecached("books:count", skip(conn))]
/// fn count_books(conn: &mut CachedConn<'_, SqliteConnection>) -> QueryResult<i64> {
///     books::table.count().get_result(&mut **conn)
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use diesel::connection::SimpleConnection;
/// # let mut conn = SqliteConnection::establish(":memory:")?;
/// # conn.batch_execute("CREATE TABLE books (id INTEGER PRIMARY KEY)")?;
/// count_books(&mut CachedConn::of(&mut conn))?;
/// conn.transaction(|conn| count_books(&mut CachedConn::of(conn)))?;
/// # Ok(())
/// # }
/// ```
pub struct CachedConn<'c, C> {
    conn: &'c mut C,
    is_open: Arc<AtomicBool>,
}

impl<'c, C: Connection> CachedConn<'c, C> {
    /// Borrows a connection. One that nobody follows is never answered from the cache: nobody would tell when that changes.
    pub fn of(conn: &'c mut C) -> Self {
        let followed = find(conn.instrumentation()).map(|ours| Arc::clone(ours.tracker().is_open()));
        let depth = C::TransactionManager::transaction_manager_status_mut(conn).transaction_depth();
        let is_open = match (followed, depth) {
            (Some(is_open), Ok(_)) => is_open,
            _ => Arc::new(AtomicBool::new(true)),
        };
        Self { conn, is_open }
    }
}

impl<C> Deref for CachedConn<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.conn
    }
}

impl<C> DerefMut for CachedConn<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.conn
    }
}

/// A cached function that is called in a transaction computes, and its result is kept by no cache.
impl<C> Bypass for CachedConn<'_, C> {
    fn bypass_cache(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }
}

impl<C> fmt::Debug for CachedConn<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedConn").field("is_open", &self.is_open).finish_non_exhaustive()
    }
}
