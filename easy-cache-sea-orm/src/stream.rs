//! Rows one by one. A statement that writes and returns rows is committed when its last row has been read.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use easy_cache_core::Hold;
use easy_cache_sql::hook::{Hook, Outcome};
use futures_core::Stream;
use sea_orm::{DbErr, QueryResult};

type Settling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The rows of a statement. If it writes, what it touches is invalidated after the last row; if the stream is dropped before,
/// nobody knows, and its tags are not served until their deadline.
pub struct CachedStream<S> {
    rows: Pin<Box<S>>,
    write: Write,
}

enum Write {
    None,
    Open(Hook, Hold),
    Settling(Settling),
}

impl<S> CachedStream<S> {
    pub(crate) fn new(rows: S, write: Option<(Hook, Hold)>) -> Self {
        let write = write.map_or(Write::None, |(hook, hold)| Write::Open(hook, hold));
        Self { rows: Box::pin(rows), write }
    }

    /// After the last row.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Write::Open(hook, hold) = std::mem::replace(&mut self.write, Write::None) {
            self.write = Write::Settling(Box::pin(async move { hook.settle(hold, Outcome::Committed).await }));
        }
        if let Write::Settling(settling) = &mut self.write {
            ready!(settling.as_mut().poll(cx));
            self.write = Write::None;
        }
        Poll::Ready(())
    }
}

impl<S: Stream<Item = Result<QueryResult, DbErr>>> Stream for CachedStream<S> {
    type Item = Result<QueryResult, DbErr>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if matches!(self.write, Write::Settling(_)) {
            ready!(self.poll_end(cx));
            return Poll::Ready(None);
        }
        match ready!(self.rows.as_mut().poll_next(cx)) {
            Some(row) => Poll::Ready(Some(row)),
            None => {
                ready!(self.poll_end(cx));
                Poll::Ready(None)
            }
        }
    }
}

impl<S> fmt::Debug for CachedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes = !matches!(self.write, Write::None);
        f.debug_struct("CachedStream").field("writes", &writes).finish_non_exhaustive()
    }
}
