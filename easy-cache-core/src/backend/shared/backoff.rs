//! When the next attempt to connect is due: sooner after the first failure than after the tenth, and not at the same moment in
//! all processes.

use std::time::{Duration, Instant};

use super::Version;

/// The pause after the first failure, at most.
const FIRST: Duration = Duration::from_millis(50);
/// A server that is back is noticed after this time at the latest.
const LONGEST: Duration = Duration::from_secs(1);

/// The failures to connect since the last success, and when to try again.
///
/// The first pause is 25 to 50 ms, each further one twice as long, up to a second; how much of the second half of it is waited is left to chance, so that
/// the processes that have lost a server together do not come back together. Moments are whatever becomes an [`Instant`], such as those of a
/// runtime whose clock tests can stop.
///
/// # Example: a server that refuses
/// ```
/// use std::time::{Duration, Instant};
/// use easy_cache_core::store::Backoff;
///
/// let (mut backoff, now) = (Backoff::default(), Instant::now());
/// assert_eq!(backoff.refusal(now), None, "nothing has failed yet");
/// let pause = backoff.failed("connection refused", now);
/// assert_eq!(backoff.refusal(now), Some(&"connection refused"));
/// assert_eq!(backoff.refusal(now + pause), None, "the next attempt is due");
/// backoff.succeeded();
/// assert_eq!(backoff.refusal(now), None);
/// ```
#[derive(Debug)]
pub struct Backoff<E> {
    failures: u32,
    last: Option<(E, Instant)>,
}

impl<E> Default for Backoff<E> {
    fn default() -> Self {
        Self { failures: 0, last: None }
    }
}

impl<E> Backoff<E> {
    /// Why not to try now, if it is too soon: the last failure.
    #[must_use]
    pub fn refusal(&self, now: impl Into<Instant>) -> Option<&E> {
        let (failure, until) = self.last.as_ref()?;
        (now.into() < *until).then_some(failure)
    }

    /// There is a connection: the next failure is the first one again.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Notes a failure, and says how long to wait from `now` on.
    pub fn failed(&mut self, failure: E, now: impl Into<Instant>) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        // At least half of it, and the rest by chance.
        let chance = Version::random().map_or(0, |random| random.as_bytes()[0]);
        let pause = pause / 2 + pause.mul_f64(f64::from(chance) / 512.0);
        self.failures = self.failures.saturating_add(1);
        self.last = Some((failure, now.into() + pause));
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_second_and_end_with_a_success() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        assert_eq!(backoff.refusal(now), None);
        let pauses: Vec<_> = (0..12).map(|number| backoff.failed(number, now)).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST, "{:?}", pauses[0]);
        assert!(pauses[3] >= FIRST * 4 && pauses[3] <= FIRST * 8, "{:?}", pauses[3]);
        assert!(pauses[11] >= LONGEST / 2 && pauses[11] <= LONGEST, "{:?}", pauses[11]);
        assert_eq!(backoff.refusal(now + pauses[11] - Duration::from_nanos(1)), Some(&11));
        assert_eq!(backoff.refusal(now + pauses[11]), None);
        backoff.succeeded();
        assert_eq!(backoff.refusal(now), None);
        assert!(backoff.failed(12, now) <= FIRST, "it is the first one again");
    }

    #[test]
    fn processes_that_have_failed_together_do_not_come_back_together() {
        let now = Instant::now();
        let pauses: Vec<_> = (0..32).map(|_| Backoff::default().failed((), now)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    }
}
