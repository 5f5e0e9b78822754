//! The beginning of a transaction, which is not left half-way.
//!
//! A driver that is dropped between sending BEGIN and hearing of it gives the connection back to its pool, and does not know that a
//! transaction is open on it. What the next one writes there in autocommit is not committed, and becomes visible at some
//! COMMIT of others, or never: nobody could say when to invalidate. So a beginning whose caller has gone is seen through, and rolled back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use easy_cache_core::Cache;
use sea_orm::{DatabaseTransaction, DbErr};

type Begin = Pin<Box<dyn Future<Output = Result<DatabaseTransaction, DbErr>> + Send>>;

/// A transaction that is being begun.
pub(crate) struct Beginning {
    begin: Option<Begin>,
    cache: Cache,
}

impl Beginning {
    pub(crate) fn new(
        begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
        cache: &Cache,
    ) -> Self {
        Self { begin: Some(Box::pin(begin)), cache: cache.clone() }
    }
}

impl Future for Beginning {
    type Output = Result<DatabaseTransaction, DbErr>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(begin) = &mut self.begin else { return Poll::Pending };
        let begun = begin.as_mut().poll(cx);
        if begun.is_ready() {
            self.begin = None;
        }
        begun
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        if let Some(begin) = self.begin.take() {
            // What has begun is rolled back where it is dropped.
            self.cache.see_to(async move { drop(begin.await) });
        }
    }
}
