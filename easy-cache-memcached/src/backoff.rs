//! When the next attempt to connect is due: sooner after the first failure than after the tenth, and not at the same moment in
//! all processes.

use std::time::Duration;

use easy_cache_core::store::Version;
use tokio::time::Instant;

use crate::failure::Failure;

const FIRST: Duration = Duration::from_millis(50);
/// A server that is back is noticed after this time at the latest.
const LONGEST: Duration = Duration::from_secs(1);

/// The failures since the last success.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    last: Option<(Failure, Instant)>,
}

impl Backoff {
    /// Why not to try now, if it is too soon.
    pub(crate) fn refusal(&self, now: Instant) -> Option<Failure> {
        self.last.as_ref().filter(|(_, until)| now < *until).map(|(failure, _)| failure.clone())
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How long to wait now.
    pub(crate) fn failed(&mut self, failure: Failure, now: Instant) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        // At least half of it, and the rest by chance.
        let chance = Version::random().map_or(0, |random| random.as_bytes()[0]);
        let pause = pause / 2 + pause.mul_f64(f64::from(chance) / 512.0);
        self.failures = self.failures.saturating_add(1);
        self.last = Some((failure, now + pause));
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_second_and_end_with_a_success() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        assert!(backoff.refusal(now).is_none());
        let pauses: Vec<_> = (0..12).map(|_| backoff.failed(Failure::Replaced, now)).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST, "{:?}", pauses[0]);
        assert!(pauses[11] >= LONGEST / 2 && pauses[11] <= LONGEST, "{:?}", pauses[11]);
        assert!(backoff.refusal(now + pauses[11] - Duration::from_nanos(1)).is_some());
        assert!(backoff.refusal(now + pauses[11]).is_none());
        backoff.succeeded();
        assert!(backoff.refusal(now).is_none());
    }
}
