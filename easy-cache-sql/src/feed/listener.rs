//! Listens to PostgreSQL's notifications on a connection of its own. Notifications are not kept for those who are away, so everything is
//! dropped whenever a connection has begun to listen. Who connects, and how, is left to the integrations of ORMs.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use easy_cache_core::Clock;

use super::{Dial, Line, Lost, Notice, drop_what_was_told};
use crate::hook::{Hook, Pending};

/// A quiet connection is asked for a sign of life this often: one that is dead without a word is noticed within twice as long.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// A connection that takes longer than this many signs of life to be made is given up.
const SIGNS_TO_CONNECT: u32 = 10;
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Invalidates what PostgreSQL notifies of, some milliseconds after the COMMIT of whoever wrote it.
///
/// The integrations of ORMs have one each, over their own connections; for anything else, implement [`Dial`].
#[must_use = "a listener hears nothing until it runs"]
pub struct Listener<D> {
    dial: D,
    hook: Hook,
    sign_of_life: Duration,
}

impl<D: Dial> Listener<D> {
    /// A listener for the cache, the models and the cascades of this hook.
    pub fn over(dial: D, hook: &Hook) -> Self {
        Self { dial, hook: hook.clone(), sign_of_life: SIGN_OF_LIFE }
    }

    /// How often a quiet connection is asked for a sign of life: every 5 s unless said otherwise. A dead connection that nobody
    /// closed is noticed within twice as long, and until then nothing is heard.
    pub const fn sign_of_life(mut self, every: Duration) -> Self {
        self.sign_of_life = every;
        self
    }

    /// Listens, for ever. What the server refuses is told as an event, and tried again.
    pub async fn run(self) -> Infallible {
        let clock = self.hook.cache().clock().clone();
        let mut pause = PAUSE;
        loop {
            let listened = clock.elapsed();
            let Err(error) = self.listen(&clock).await;
            tracing::warn!(%error, "notifications are not heard: everything is dropped when they are again");
            let was_up = clock.elapsed().saturating_sub(listened) > LONGEST_PAUSE;
            pause = if was_up { PAUSE } else { pause.saturating_mul(2).min(LONGEST_PAUSE) };
            clock.sleep(pause).await;
        }
    }

    /// Until the connection is lost.
    async fn listen(&self, clock: &Clock) -> Result<Infallible, Lost> {
        let connecting = within(clock, self.sign_of_life.saturating_mul(SIGNS_TO_CONNECT), self.dial.dial());
        let mut line = connecting.await.ok_or("the server did not answer in time")??;
        // After LISTEN has been acknowledged: what is committed from now on is told.
        drop_what_was_told(&self.hook, &Pending::everything()).await;
        tracing::info!("the changes of other programs are heard");
        loop {
            match within(clock, self.sign_of_life, line.hear()).await {
                Some(heard) => self.hear(&heard?).await,
                None => {
                    let alive = within(clock, self.sign_of_life, line.sign_of_life()).await;
                    alive.ok_or("the server gave no sign of life")??;
                }
            }
        }
    }

    async fn hear(&self, payload: &str) {
        let pending = match Notice::from_notification(payload) {
            Ok(notice) => notice.pending(self.hook.analyzer()),
            Err(error) => {
                tracing::error!(%error, "everything is dropped");
                Pending::everything()
            }
        };
        drop_what_was_told(&self.hook, &pending).await;
    }
}

/// `None` if it takes longer.
async fn within<T>(clock: &Clock, limit: Duration, what: impl Future<Output = T>) -> Option<T> {
    let (mut sleep, mut what) = (pin!(clock.sleep(limit)), pin!(what));
    poll_fn(|cx| match what.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| None),
    })
    .await
}

impl<D> fmt::Debug for Listener<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("sign_of_life", &self.sign_of_life).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Waker};

    use easy_cache_core::Cache;

    use super::*;
    use crate::{Analyzer, Dialect};

    /// Nobody answers.
    struct Nobody(AtomicBool);

    impl Dial for &Nobody {
        type Line = Silent;

        async fn dial(&self) -> Result<Silent, Lost> {
            self.0.store(true, Ordering::SeqCst);
            std::future::pending().await
        }
    }

    struct Silent;

    impl Line for Silent {
        async fn hear(&mut self) -> Result<String, Lost> {
            std::future::pending().await
        }

        async fn sign_of_life(&mut self) -> Result<(), Lost> {
            std::future::pending().await
        }
    }

    #[test]
    fn a_listener_that_never_asks_for_a_sign_of_life_connects_as_well() {
        let hook = Hook::new(Analyzer::builder(Dialect::Postgres).build(), Cache::new(), crate::hook::HOLD_FOR);
        let nobody = Nobody(AtomicBool::new(false));
        let mut run = pin!(Listener::over(&nobody, &hook).sign_of_life(Duration::MAX).run());
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(nobody.0.load(Ordering::SeqCst));
    }
}
