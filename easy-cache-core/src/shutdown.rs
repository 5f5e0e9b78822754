//! The end of a cache: what a store outside the process is owed is delivered, and what goes on behind its callers is waited for.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::engine::Engine;
use crate::timer::Deadline;
use crate::{Cache, Error, ErrorKind, Operation};

impl Cache {
    /// How many invalidations the store outside the process has not acknowledged yet. They are in force in this process; in others not.
    ///
    /// # Example
    /// ```
    /// assert_eq!(easy_cache_core::Cache::new().undelivered(), 0);
    /// ```
    #[must_use]
    pub fn undelivered(&self) -> usize {
        self.engine().outside.as_ref().map_or(0, |outside| outside.undelivered())
    }

    /// Delivers what the store outside the process is owed, and waits for detached computations; to be called when nothing is asked of
    /// the cache any more. It goes on working all the same.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Unfinished`], if `within` is over before that: it says how much is left. What was not delivered is lost
    /// with the process, and other processes may serve what it should have dropped until their ttl; the tags of a
    /// [`hold`](Self::hold) that reached the store count as invalidated at its deadline.
    ///
    /// # Example: the last line of a server
    /// ```
    /// use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
    /// # let cache = easy_cache_core::Cache::new();
    /// cache.shutdown(Duration::from_secs(5)).await?;
    /// # Ok(()) }
    /// ```
    pub fn shutdown(&self, within: Duration) -> Operation<'_> {
        Operation::later(async move {
            let engine = self.engine();
            let until = engine.store.clock().deadline(within);
            let mut ending = pin!(end(engine, until));
            let mut deadline = Deadline::at(until);
            let ended = std::future::poll_fn(|cx| match ending.as_mut().poll(cx) {
                Poll::Ready(paid) => Poll::Ready(Some(paid)),
                Poll::Pending if deadline.has_passed(engine.store.clock(), cx) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
            .await;
            match ended {
                Some(Ok(())) => Ok(()),
                Some(Err(error)) => Err(self.unfinished(within, Some(error))),
                None => Err(self.unfinished(within, None)),
            }
        })
    }

    fn unfinished(&self, within: Duration, cause: Option<Error>) -> Error {
        let (undelivered, running) = (self.undelivered(), self.engine().spawner.running());
        let message = format!(
            "failed to shut the cache down within {within:?}: {undelivered} invalidations are not delivered, {running} computations are under way"
        );
        Error::new(ErrorKind::Unfinished, message).caused_by(cause)
    }
}

/// What goes on is waited for before the rest is paid: it may invalidate. What is owed already does not wait for it.
async fn end(engine: &Engine, until: u64) -> Result<(), Error> {
    let Some(outside) = &engine.outside else {
        engine.spawner.idle().await;
        return Ok(());
    };
    let (mut idle, mut paid) = (pin!(engine.spawner.idle()), pin!(outside.settle_up(until)));
    let (mut is_idle, mut is_paid) = (false, false);
    std::future::poll_fn(|cx| {
        is_idle = is_idle || idle.as_mut().poll(cx).is_ready();
        is_paid = is_paid || paid.as_mut().poll(cx).is_ready();
        if is_idle && is_paid { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outside.settle_up(until).await
}
