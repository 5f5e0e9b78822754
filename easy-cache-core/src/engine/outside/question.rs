//! An operation of the store under way, for whoever waits for it: it ends in time, and what came of it is what the circuit depends on.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Asking, Outside, Trip, Use};
use crate::Error;
use crate::backend::shared::KeptPass;
use crate::clock::{Moment, nanoseconds};
use crate::store::{Looked, Pass, StoreFuture};
use crate::timer::Deadline;

/// A lookup, where the call is that makes it.
pub(crate) enum Looking {
    Now(Question<'static, Looked, Outside>),
    /// Something has to be done before.
    Later(Trip<Looked>),
}

impl Future for Looking {
    type Output = Result<Looked, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Now(question) => Pin::new(question).poll(cx),
            Self::Later(trip) => trip.as_mut().poll(cx),
        }
    }
}

/// An operation under way. Who gives up on it after a good part of its time has learnt the same as who waits for the rest: where
/// callers are less patient than the store's timeout, nothing else would ever tell that it is down.
///
/// The clock is read when there is something to wait for, and not before: until then nothing has passed but this thread's own work.
pub(crate) struct Question<'a, T, O: Deref<Target = Use> = &'a Use> {
    outside: O,
    what: &'static str,
    by: Option<Moment>,
    /// Nothing, once it is under way.
    asking: Option<Asking>,
    operation: StoreFuture<'a, T>,
    pass: Option<KeptPass>,
    /// When it began to wait, and until when it does.
    deadline: Option<(Moment, Deadline)>,
}

impl<'a, T, O: Deref<Target = Use>> Question<'a, T, O> {
    pub(super) const fn new(
        outside: O,
        what: &'static str,
        by: Option<Moment>,
        asking: Asking,
        operation: StoreFuture<'a, T>,
    ) -> Self {
        Self { outside, what, by, asking: Some(asking), operation, pass: None, deadline: None }
    }

    /// Asks to be let through. What was done before may have taken all the time.
    fn begin(&mut self, asking: Asking) -> Result<(), Error> {
        if self.by.is_some_and(|by| self.outside.clock.precise() >= by) {
            return Err(self.outside.late(self.what));
        }
        self.pass = self.outside.enter(asking)?.map(Pass::keep);
        Ok(())
    }

    fn is_late(&mut self, cx: &Context<'_>) -> bool {
        let (clock, timeout) = (&self.outside.clock, self.outside.timeout);
        let (_, deadline) = self.deadline.get_or_insert_with(|| {
            let now = clock.precise();
            (now, Deadline::at(self.by.unwrap_or_else(|| now.saturating_add(nanoseconds(timeout)))))
        });
        deadline.has_passed(clock, cx)
    }

    fn answered(&mut self, well: bool) {
        let Some(pass) = self.outside.pass(&mut self.pass) else { return };
        if let Some(circuit) = if well { pass.succeeded() } else { pass.failed() } {
            self.outside.events.circuit(circuit);
        }
    }
}

impl<T, O: Deref<Target = Use> + Unpin> Future for Question<'_, T, O> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, Error>> {
        if let Some(asking) = self.asking.take() {
            self.begin(asking)?;
        }
        let result = match self.operation.as_mut().poll(cx) {
            Poll::Ready(result) => result,
            Poll::Pending if self.is_late(cx) => Err(self.outside.late(self.what)),
            Poll::Pending => return Poll::Pending,
        };
        self.answered(result.is_ok());
        Poll::Ready(result)
    }
}

impl<T, O: Deref<Target = Use>> Drop for Question<'_, T, O> {
    fn drop(&mut self) {
        let Some(pass) = self.outside.pass(&mut self.pass) else { return };
        let Some((began, _)) = &self.deadline else { return };
        let waited = self.outside.clock.precise().saturating_sub(*began);
        if waited >= nanoseconds(self.outside.timeout) / 4
            && let Some(circuit) = pass.failed()
        {
            self.outside.events.circuit(circuit);
        }
    }
}
