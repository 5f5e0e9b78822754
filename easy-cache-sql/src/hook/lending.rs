//! The hold of what is not seen statement by statement and may take long, such as a migration: renewed for as long as it runs.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::{Hook, Outcome, Pending};

/// So that a deadline of nothing does not renew without end.
const SHORTEST: Duration = Duration::from_millis(10);

impl Hook {
    /// Runs what may write anything, however long that takes: nothing is served meanwhile, and everything is dropped afterwards, whatever
    /// came of it. The hold is renewed when half of its time is over: one more operation of the store each time.
    ///
    /// If this is dropped, nothing is served until the deadline of the last hold, and everything is dropped then.
    pub async fn hold_everything_while<T>(&self, run: impl Future<Output = T>) -> T {
        let everything = Pending::everything();
        let period = (self.shared.hold_for / 2).max(SHORTEST);
        let mut newest = self.hold(&everything).await;
        let mut older = Vec::new();
        let mut run = Running { run: pin!(run), result: None };
        let result = loop {
            run.or(self.cache().clock().sleep(period)).await;
            if let Some(result) = run.result.take() {
                break result;
            }
            let newer = run.beside(self.hold(&everything)).await;
            older.push(std::mem::replace(&mut newest, newer));
        };
        self.settle(newest, Outcome::Committed).await;
        for held in older {
            // What it held has been dropped by the newest.
            self.settle(held, Outcome::RolledBack).await;
        }
        result
    }
}

/// What runs, and its result once there is one.
struct Running<'r, F: Future> {
    run: Pin<&'r mut F>,
    result: Option<F::Output>,
}

impl<F: Future> Running<'_, F> {
    /// Until it has run, or the other is over.
    async fn or(&mut self, other: impl Future<Output = ()>) {
        let mut other = pin!(other);
        poll_fn(|cx| match other.as_mut().poll(cx) {
            Poll::Pending if !self.is_over(cx) => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }

    /// Goes on with it until the other is over: a hold that is given up half-way would last until its deadline.
    async fn beside<O>(&mut self, other: impl Future<Output = O>) -> O {
        let mut other = pin!(other);
        poll_fn(|cx| {
            let over = other.as_mut().poll(cx);
            if over.is_pending() {
                self.is_over(cx);
            }
            over
        })
        .await
    }

    fn is_over(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        if self.result.is_none()
            && let Poll::Ready(result) = self.run.as_mut().poll(cx)
        {
            self.result = Some(result);
        }
        self.result.is_some()
    }
}
