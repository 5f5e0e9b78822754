//! The task that tells a cache in front what to drop: together, again after failures, and once more after a while. What is owed is in
//! `owed`; how it is told is the cache's own business.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::owed::{Names, Progress, Round};
use crate::purger::{Shared, Words};
use crate::{Cdn, Purge, PurgeError};

/// The first try is soon: mostly it was one connection that broke.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// What is back waits no longer than this for its purges.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Nor does who waits for the end.
const PAUSE_IN_A_HURRY: Duration = Duration::from_millis(500);
/// So often in a row it may fail before a courier whom nobody can ask any more gives up.
const LAST_TRIES: u32 = 10;

pub(crate) struct Courier<C> {
    cdn: C,
    shared: Arc<Shared>,
    words: Words,
    failing: Option<Failing>,
}

/// Purges that fail.
#[derive(Debug, Clone, Copy)]
struct Failing {
    since: Instant,
    times: u32,
    pause: Duration,
}

impl<C: Cdn> Courier<C> {
    pub(crate) const fn new(cdn: C, shared: Arc<Shared>, words: Words) -> Self {
        Self { cdn, shared, words, failing: None }
    }

    pub(crate) async fn run(mut self) {
        loop {
            let hurries = self.shared.hurries();
            let round = self.shared.owed.lock().take(Instant::now(), hurries, self.words.most);
            match round {
                Some(round) => match self.purge(&round.names).await {
                    Ok(()) => self.succeeded(round).await,
                    Err(error) if !self.failed(round, &error).await => return,
                    Err(_) => {}
                },
                None if self.shared.is_abandoned() => return,
                None => self.wait().await,
            }
        }
    }

    /// Until there is something to do.
    async fn wait(&self) {
        let (told, next) = (self.shared.told.notified(), self.shared.owed.lock().next());
        match next {
            Some(next) => drop(timeout_at(next, told).await),
            None => told.await,
        }
    }

    async fn purge(&self, names: &Names) -> Result<(), PurgeError> {
        for (n, call) in names.calls(self.cdn.most_names(), self.cdn.most_bytes()).iter().enumerate() {
            if n > 0 && !self.words.pace.is_zero() {
                sleep(self.words.pace).await;
            }
            self.call(call).await?;
        }
        Ok(())
    }

    async fn call(&self, call: &Purge) -> Result<(), PurgeError> {
        let limit = self.words.timeout;
        match timeout(limit, caught(async { self.cdn.purge(call).await })).await {
            Ok(answer) => answer,
            Err(_) => Err(PurgeError::new(format!("a purge was not answered within {limit:?}"))),
        }
    }

    async fn succeeded(&mut self, round: Round) {
        if let Some(failing) = self.failing.take() {
            tracing::info!(
                times = failing.times,
                names = round.names.len(),
                "a cache in front was purged after failures"
            );
        }
        let again = self.words.again_after;
        let again_at = (!again.is_zero() && !self.shared.hurries()).then(|| (Instant::now() + again, again / 2));
        let progress = self.shared.owed.lock().succeeded(round, again_at, self.words.most);
        self.shared.progress.send_modify(|known| {
            let Progress { acknowledged, settled } = progress;
            *known =
                Progress { acknowledged: known.acknowledged.max(acknowledged), settled: known.settled.max(settled) };
        });
        if !self.words.pace.is_zero() {
            sleep(self.words.pace).await;
        }
    }

    /// Waits before the next attempt, unless there is to be none.
    async fn failed(&mut self, mut round: Round, error: &PurgeError) -> bool {
        let now = Instant::now();
        let mut failing = self.failing.unwrap_or(Failing { since: now, times: 0, pause: FIRST_PAUSE });
        failing.times += 1;
        let reason = reason(error);
        if failing.times == 1 {
            tracing::warn!(%reason, names = round.names.len(), "a cache in front was not purged: it may serve what is outdated until it is");
        } else {
            tracing::debug!(%reason, times = failing.times, "a cache in front was not purged");
        }
        if now - failing.since >= self.words.everything_after {
            round.names = Names::of_everything();
        }
        self.shared.owed.lock().failed(round, self.words.most);
        if self.shared.is_abandoned() && failing.times >= LAST_TRIES {
            tracing::error!(names = self.shared.owed.lock().len(), "a cache in front was never purged");
            return false;
        }
        self.pause(spread(failing.pause)).await;
        failing.pause = (failing.pause * 2).min(LONGEST_PAUSE);
        self.failing = Some(failing);
        true
    }

    async fn pause(&self, pause: Duration) {
        if !self.shared.hurries() && timeout(pause, self.shared.hurried.notified()).await.is_err() {
            return;
        }
        sleep(pause.min(PAUSE_IN_A_HURRY)).await;
    }
}

/// The cause is mostly in what the client says, and not in what was said of it.
fn reason(error: &PurgeError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A panic of what is called is a failure like any other: what is owed stays owed.
async fn caught<F: Future<Output = Result<(), PurgeError>>>(future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled,
        Err(_) => Poll::Ready(Err(PurgeError::new("a purge panicked"))),
    })
    .await
}

/// Up to half of it off, by chance: the processes of a fleet do not all come at once to what is back.
fn spread(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(pause) % 1_024;
    pause - (pause / 2).mul_f64(chance as f64 / 1_024.0)
}
