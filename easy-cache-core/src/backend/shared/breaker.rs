//! A circuit breaker: when what it guards has failed so often in a row, nobody asks it for a while. What counts as a failure, and what
//! is done instead, is the caller's to know.

use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Moment};
use crate::{Error, ErrorKind};

/// So many failures in a row open the circuit: a reply that is lost now and then does not, and a store that is gone keeps no more
/// calls than these waiting for it.
pub const BREAKER_FAILURES: u32 = 5;

/// So long nobody is let through once the circuit is open: short enough that the return of a store is soon noticed, long enough that
/// next to no call pays for finding out.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(1);

/// Spares callers the wait for something that is down, and spares it their calls when it comes back.
///
/// *Closed* at first: everybody is let through. After a number of failures in a row it is *open*: nobody is. When the pause is over
/// one caller is let through to *probe*; if it succeeds the circuit is closed again, otherwise the next pause begins. The outcome
/// of what had begun before the circuit changed counts for nothing.
///
/// A cache has one around its store. A store of several nodes wants one for each of them, and says so by
/// [`Store::guards_itself`](super::Store::guards_itself).
///
/// # Example: a node that is down
/// ```
/// use std::time::Duration;
/// use easy_cache_core::ManualClock;
/// use easy_cache_core::store::{Breaker, Circuit};
///
/// let clock = ManualClock::new();
/// let breaker = Breaker::new(clock.clock()).failures(2).pause(Duration::from_secs(1));
/// assert_eq!(breaker.enter()?.failed(), None);
/// assert_eq!(breaker.enter()?.failed(), Some(Circuit::Open));
/// assert!(breaker.enter().is_err(), "nobody waits for it now");
/// clock.advance(Duration::from_secs(1));
/// let probe = breaker.enter()?;
/// assert!(breaker.enter().is_err(), "one is enough");
/// assert_eq!(probe.succeeded(), Some(Circuit::Closed));
/// # Ok::<(), easy_cache_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Breaker {
    clock: Clock,
    failures: u32,
    pause: Duration,
    state: Mutex<State>,
}

/// Whether callers are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// They are.
    Closed,
    /// They are not, but for one now and then.
    Open,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failed: u32,
    /// When the circuit was opened, nobody before this moment; nothing while it is closed.
    shut_until: Option<Moment>,
    /// Advances with every change, and with every probe: what began before it is not heard.
    era: u64,
}

/// One use of what a [`Breaker`] guards. Dropping it says nothing of how it went; if it was to probe, the next one does.
#[derive(Debug)]
#[must_use = "the breaker learns from how it went"]
pub struct Pass<'a> {
    breaker: &'a Breaker,
    era: u64,
    told: bool,
}

impl Breaker {
    /// A closed circuit that opens after [`BREAKER_FAILURES`], for [`BREAKER_PAUSE`].
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, failures: BREAKER_FAILURES, pause: BREAKER_PAUSE, state: Mutex::default() }
    }

    /// How many failures in a row open it; none: it never opens.
    #[must_use]
    pub const fn failures(mut self, in_a_row: u32) -> Self {
        self.failures = in_a_row;
        self
    }

    /// How long nobody is let through; also how long a probe may take before another one is made.
    #[must_use]
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Asks to be let through. Costs a lock that is held for a few instructions.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Unavailable`], at once, while the circuit is open.
    pub fn enter(&self) -> Result<Pass<'_>, Error> {
        let mut state = self.state.lock();
        if let Some(until) = state.shut_until {
            let now = self.clock.precise();
            if now < until {
                return Err(Error::new(ErrorKind::Unavailable, "it failed so often that it is left alone for a while"));
            }
            // A probe, and the next one when this one does not come back.
            state.shut_until = Some(self.clock.deadline(self.pause));
            state.era += 1;
        }
        Ok(Pass { breaker: self, era: state.era, told: false })
    }

    /// Whoever keeps a pass without the breaker has it back.
    pub(crate) const fn resume(&self, kept: KeptPass) -> Pass<'_> {
        Pass { breaker: self, era: kept.0, told: false }
    }

    /// How it is at this moment.
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        if self.state.lock().shut_until.is_some() { Circuit::Open } else { Circuit::Closed }
    }
}

/// A pass for who finds the breaker again. It must be resumed: dropping it says nothing to anybody.
#[derive(Debug)]
pub(crate) struct KeptPass(u64);

impl Pass<'_> {
    /// For who is elsewhere until it has gone one way or the other.
    pub(crate) fn keep(mut self) -> KeptPass {
        self.told = true;
        KeptPass(self.era)
    }

    /// It went well. Tells if that closed the circuit.
    #[must_use = "a change is worth an event"]
    pub fn succeeded(mut self) -> Option<Circuit> {
        self.told = true;
        let mut state = self.breaker.state.lock();
        if !self.counts(&state) {
            return None;
        }
        state.failed = 0;
        state.shut_until.take().map(|_| {
            state.era += 1;
            Circuit::Closed
        })
    }

    /// It failed, or did not answer in time. Tells if that opened the circuit.
    #[must_use = "a change is worth an event"]
    pub fn failed(mut self) -> Option<Circuit> {
        self.told = true;
        let mut state = self.breaker.state.lock();
        if !self.counts(&state) || self.breaker.failures == 0 {
            return None;
        }
        let was_open = state.shut_until.is_some();
        state.failed = state.failed.saturating_add(1);
        if was_open || state.failed >= self.breaker.failures {
            state.shut_until = Some(self.breaker.clock.deadline(self.breaker.pause));
            state.era += 1;
            return (!was_open).then_some(Circuit::Open);
        }
        None
    }

    fn counts(&self, state: &State) -> bool {
        self.era == state.era
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.told {
            return;
        }
        let mut state = self.breaker.state.lock();
        if self.counts(&state) && state.shut_until.is_some() {
            state.shut_until = Some(self.breaker.clock.precise());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    fn breaker(clock: &ManualClock) -> Breaker {
        Breaker::new(clock.clock()).failures(2).pause(Duration::from_secs(1))
    }

    fn opened(clock: &ManualClock) -> Breaker {
        let breaker = breaker(clock);
        assert_eq!(breaker.enter().unwrap().failed(), None);
        assert_eq!(breaker.enter().unwrap().failed(), Some(Circuit::Open));
        breaker
    }

    #[test]
    fn failures_count_only_in_a_row() {
        let breaker = breaker(&ManualClock::new());
        for _ in 0..3 {
            assert_eq!(breaker.enter().unwrap().failed(), None);
            assert_eq!(breaker.enter().unwrap().succeeded(), None);
        }
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn after_the_pause_one_probes_and_its_failure_begins_the_next_pause() {
        let clock = ManualClock::new();
        let breaker = opened(&clock);
        assert_eq!(breaker.enter().unwrap_err().kind(), ErrorKind::Unavailable);
        clock.advance(Duration::from_secs(1));
        let probe = breaker.enter().unwrap();
        assert!(breaker.enter().is_err());
        clock.advance(Duration::from_millis(900));
        assert_eq!(probe.failed(), None, "that it is open is known");
        clock.advance(Duration::from_millis(900));
        assert!(breaker.enter().is_err(), "the pause counts from the failure");
        clock.advance(Duration::from_millis(100));
        assert_eq!(breaker.enter().unwrap().succeeded(), Some(Circuit::Closed));
        assert_eq!(breaker.enter().unwrap().failed(), None, "it counts anew");
    }

    #[test]
    fn a_probe_that_does_not_come_back_is_followed_by_another() {
        let clock = ManualClock::new();
        let breaker = opened(&clock);
        clock.advance(Duration::from_secs(1));
        let lost = breaker.enter().unwrap();
        clock.advance(Duration::from_secs(1));
        let second = breaker.enter().unwrap();
        assert_eq!(lost.succeeded(), None, "it is not heard any more");
        assert_eq!(second.succeeded(), Some(Circuit::Closed));
    }

    #[test]
    fn a_probe_that_is_dropped_leaves_it_to_the_next() {
        let clock = ManualClock::new();
        let breaker = opened(&clock);
        clock.advance(Duration::from_secs(1));
        drop(breaker.enter().unwrap());
        assert_eq!(breaker.enter().unwrap().succeeded(), Some(Circuit::Closed));
    }

    #[test]
    fn what_began_before_the_circuit_opened_does_not_close_it() {
        let clock = ManualClock::new();
        let breaker = breaker(&clock);
        let early = [breaker.enter().unwrap(), breaker.enter().unwrap(), breaker.enter().unwrap()];
        let [first, second, third] = early;
        assert_eq!((first.failed(), second.failed()), (None, Some(Circuit::Open)));
        assert_eq!(third.succeeded(), None);
        assert!(breaker.enter().is_err());
    }

    #[test]
    fn a_breaker_of_no_failures_never_opens() {
        let breaker = Breaker::new(ManualClock::new().clock()).failures(0);
        for _ in 0..100 {
            assert_eq!(breaker.enter().unwrap().failed(), None);
        }
    }
}
