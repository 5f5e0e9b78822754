//! Rows one by one. A statement that writes and returns rows is committed when its last row has been read.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use easy_cache_sql::hook::{Held, Hook, Outcome, Pending, Plan};
use futures_core::Stream;
use sea_orm::{DbErr, QueryResult};

use crate::frames::Frames;
use crate::outcome;
use crate::refusal;

type Settling = Pin<Box<dyn Future<Output = ()> + Send>>;
type Row = Result<QueryResult, DbErr>;

/// The rows of a statement. If it writes, what it touches is invalidated after the last row; if the stream is dropped before,
/// nobody knows, and its tags are not served until their deadline.
pub struct CachedStream<S> {
    rows: Pin<Box<S>>,
    write: Option<StreamedWrite>,
    /// The transaction around, which an error may end.
    transaction: Option<Frames>,
    /// How the write ended is being told to the cache; the row, or the end, that told it waits until that is done.
    settling: Option<(Settling, Option<Row>)>,
}

/// The hold of a statement that writes while its rows are read.
pub(crate) struct StreamedWrite {
    hook: Hook,
    hold: Held,
    all_or_nothing: bool,
}

impl StreamedWrite {
    /// Holds what the statement may make visible. To be called **before** it is sent.
    pub(crate) async fn begin(hook: &Hook, plan: &Plan, visible: &Pending) -> Result<Self, DbErr> {
        let hold = hook.hold_or_refuse(visible).await.map_err(|refused| refusal::error(&refused))?;
        Ok(Self { hook: hook.clone(), hold, all_or_nothing: plan.is_all_or_nothing() })
    }

    async fn end(self, error: Option<&DbErr>) {
        let outcome = error.map_or(Outcome::Committed, |error| outcome::of_error(error, self.all_or_nothing));
        self.hook.settle(self.hold, outcome).await;
    }
}

impl<S> CachedStream<S> {
    /// Sends the statement. `write` is held already; `transaction` is the one around, if there is one.
    pub(crate) async fn open(
        sent: impl Future<Output = Result<S, DbErr>>,
        write: Option<StreamedWrite>,
        transaction: Option<Frames>,
    ) -> Result<Self, DbErr> {
        match sent.await {
            Ok(rows) => Ok(Self { rows: Box::pin(rows), write, transaction, settling: None }),
            Err(error) => {
                if let Some(write) = write {
                    write.end(Some(&error)).await;
                }
                Err(error)
            }
        }
    }

    /// After the last row, or an error: nothing more is heard of the write.
    fn end(&mut self, told: Option<Row>) -> Option<Row> {
        if let (Some(Err(_)), Some(frames)) = (&told, &self.transaction) {
            frames.doubt();
        }
        let Some(write) = self.write.take() else { return told };
        let error = told.as_ref().and_then(|row| row.as_ref().err()).cloned();
        self.settling = Some((Box::pin(async move { write.end(error.as_ref()).await }), told));
        None
    }
}

impl<S: Stream<Item = Row>> Stream for CachedStream<S> {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Row>> {
        if self.settling.is_none() {
            let next = match ready!(self.rows.as_mut().poll_next(cx)) {
                Some(Ok(row)) => return Poll::Ready(Some(Ok(row))),
                end => self.end(end),
            };
            if self.settling.is_none() {
                return Poll::Ready(next);
            }
        }
        if let Some((settling, _)) = &mut self.settling {
            ready!(settling.as_mut().poll(cx));
        }
        Poll::Ready(self.settling.take().and_then(|(_, told)| told))
    }
}

impl<S> fmt::Debug for CachedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStream").field("writes", &self.write.is_some()).finish_non_exhaustive()
    }
}
