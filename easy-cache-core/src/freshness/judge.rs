//! Whether a stored value may be served to a call, and whether somebody should compute it anew: one pure function over times,
//! wishes and a random number. Whether its tags allow it is decided before ([`Standing`]).

use std::sync::Arc;
use std::time::Duration;

use super::{DEFAULT_THROTTLE, Early, Freshness};
use crate::Policy;
use crate::clock::{Moment, NEVER, nanoseconds};

/// What an entry remembers of its own time, by the clock of its cache.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    pub(crate) stored: Moment,
    pub(crate) fresh_until: Moment,
    /// How long it took to compute, in nanoseconds.
    pub(crate) cost: u64,
    /// What most entries do not have.
    pub(crate) lenience: Option<Box<Lenience>>,
}

/// How far whoever stored the value allows it to be served when it is not fresh, and what has come of that so far. In
/// nanoseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lenience {
    grace: u64,
    fail_safe: u64,
    outdated: u64,
    /// When it was first found to be outdated.
    outdated_since: Option<Moment>,
    /// After a failure: nobody tries again before this moment.
    retry_at: Moment,
    /// It is past its ttl, and served because computing it anew failed.
    stands_in: bool,
    validator: Option<Arc<str>>,
}

/// Whether the tags of an entry allow it to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing that it depends on was invalidated.
    Current,
    /// A tag of it was invalidated, and this is when.
    Outdated { since: Moment },
    /// Held, dropped with everything else, or invalidated more often than can be accounted for.
    Barred,
}

/// What may be done with a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fresh,
    /// Fresh, but it is time to compute it anew.
    Early,
    /// Past its ttl, and computing it anew has failed a moment ago: it stands in.
    StandsIn,
    /// Past its ttl, but good while it is computed anew.
    Grace,
    /// Good only if computing it anew fails.
    FailSafe,
    /// Invalidated, but good, by express wish, while it is computed anew.
    Outdated,
    /// Not to be served.
    Gone,
}

impl Verdict {
    /// Whether it may be served while somebody computes it anew.
    pub(crate) const fn is_due(self) -> bool {
        matches!(self, Self::Early | Self::Grace | Self::Outdated)
    }

    pub(crate) const fn is_fresh(self) -> bool {
        matches!(self, Self::Fresh | Self::Early)
    }
}

impl Times {
    /// The times of a value that is stored now. `cap` is when the first of the values ends that it was built from, and
    /// `random` is between 0 and 1.
    pub(crate) fn new(policy: &Policy, now: Moment, began: Moment, cap: Moment, random: f64) -> Self {
        let wishes = policy.freshness();
        let jitter = wishes.and_then(|wishes| wishes.jitter).unwrap_or_default();
        let fresh_until = policy.time_to_live().map_or(NEVER, |ttl| {
            let off = jitter.min(ttl / 2).mul_f64(random);
            now.saturating_add(nanoseconds(ttl.saturating_sub(off)))
        });
        Self {
            stored: now,
            fresh_until: fresh_until.min(cap),
            cost: now.saturating_sub(began),
            lenience: wishes.and_then(Lenience::of).map(Box::new),
        }
    }

    /// Those of a value that comes from outside the process: with how long past its ttl it may be served (grace, fail-safe).
    pub(crate) fn arrived(
        stored: Moment,
        fresh_until: Moment,
        cost: u64,
        (grace, fail_safe): (u64, u64),
        validator: Option<Arc<str>>,
    ) -> Self {
        let says_something = grace > 0 || fail_safe > 0 || validator.is_some();
        let lenience = Lenience { grace, fail_safe, validator, ..Lenience::default() };
        Self { stored, fresh_until, cost, lenience: says_something.then(|| Box::new(lenience)) }
    }

    /// How long past its ttl it may be served while it is computed anew, and because that failed.
    pub(crate) fn spans(&self) -> (u64, u64) {
        self.lenience.as_ref().map_or((0, 0), |lenience| (lenience.grace, lenience.fail_safe))
    }

    /// The same, with the moment before which nobody tries again after a failure. Past its ttl it stands in for that, as far as who
    /// stored it allows.
    pub(crate) fn throttled(mut self, until: Moment, now: Moment) -> Self {
        let (fresh_until, is_stale) = (self.fresh_until, now >= self.fresh_until);
        let lenience = self.lenience.get_or_insert_default();
        lenience.retry_at = if is_stale { until.min(fresh_until.saturating_add(lenience.fail_safe)) } else { until };
        lenience.stands_in = is_stale;
        self
    }

    /// Until when nobody tries again.
    pub(crate) fn retry_at(&self) -> Moment {
        self.lenience.as_ref().map_or(0, |lenience| lenience.retry_at)
    }

    /// Until when it may be served to anybody without a second thought.
    pub(crate) fn attention(&self, policy: &Policy) -> Moment {
        let early = policy.freshness().and_then(|wishes| wishes.early_refresh);
        early.map_or(self.fresh_until, |early| self.earliest(early.0).min(self.fresh_until))
    }

    /// The first moment at which an early refresh is possible.
    fn earliest(&self, early: Early) -> Moment {
        match early {
            _ if self.fresh_until == NEVER => NEVER,
            Early::After(fraction) => self.stored.saturating_add((self.lifetime() * fraction.max(0.0)) as u64),
            // The logarithm of the smallest random number that there is.
            Early::Probably(beta) => self.fresh_until.saturating_sub((37.0 * beta * self.cost as f64) as u64),
        }
    }

    fn is_early(&self, early: Early, now: Moment, random: f64) -> bool {
        match early {
            _ if self.fresh_until == NEVER => false,
            Early::After(_) => now >= self.earliest(early),
            Early::Probably(beta) if beta > 0.0 => {
                let ahead = beta * self.cost as f64 * -random.max(f64::MIN_POSITIVE).ln();
                (self.fresh_until - now) as f64 <= ahead
            }
            Early::Probably(_) => false,
        }
    }

    fn lifetime(&self) -> f64 {
        self.fresh_until.saturating_sub(self.stored) as f64
    }

    /// The same after a failure: what is there counts as good until the call's throttle has passed, but not beyond what
    /// both sides allow. With it, until when it may be served to anybody.
    pub(crate) fn rearmed(&self, wishes: &Freshness, now: Moment) -> (Self, Moment) {
        let throttle = nanoseconds(wishes.throttle.unwrap_or(DEFAULT_THROTTLE));
        let retry_at = now.saturating_add(throttle).min(self.fail_safe_until(wishes));
        let stands_in = now >= self.fresh_until;
        let mut times = self.clone();
        let lenience = times.lenience.get_or_insert_default();
        (lenience.retry_at, lenience.stands_in) = (retry_at, stands_in);
        let attention = if stands_in { retry_at } else { retry_at.min(self.fresh_until) };
        (times, attention)
    }

    /// The same, with the moment from which its being outdated is counted.
    pub(crate) fn outdated(&self, since: Moment) -> Self {
        let mut times = self.clone();
        times.lenience.get_or_insert_default().outdated_since = Some(since);
        times
    }

    pub(crate) fn outdated_since(&self) -> Option<Moment> {
        self.lenience.as_ref().and_then(|lenience| lenience.outdated_since)
    }

    /// Whether it is served only because computing it anew failed.
    pub(crate) fn stands_in(&self) -> bool {
        self.lenience.as_ref().is_some_and(|lenience| lenience.stands_in)
    }

    pub(crate) fn allows_outdated(&self) -> bool {
        self.lenience.as_ref().is_some_and(|lenience| lenience.outdated > 0)
    }

    pub(crate) fn validator(&self) -> Option<&Arc<str>> {
        self.lenience.as_ref().and_then(|lenience| lenience.validator.as_ref())
    }

    /// Until when it may be served while it is computed anew.
    fn grace_until(&self, wishes: &Freshness) -> Moment {
        self.fresh_until.saturating_add(self.allowed(|lenience| lenience.grace, wishes.stale_while_revalidate))
    }

    /// Until when it may be served because computing it anew failed.
    fn fail_safe_until(&self, wishes: &Freshness) -> Moment {
        self.fresh_until.saturating_add(self.allowed(|lenience| lenience.fail_safe, wishes.fail_safe))
    }

    fn allowed_outdated(&self, wishes: &Freshness) -> u64 {
        self.allowed(|lenience| lenience.outdated, wishes.serve_outdated)
    }

    /// What whoever stored it allows, and whoever reads it: the shorter of the two.
    fn allowed(&self, saver: impl Fn(&Lenience) -> u64, reader: Option<Duration>) -> u64 {
        let saver = self.lenience.as_deref().map_or(0, saver);
        saver.min(reader.map_or(0, nanoseconds))
    }
}

impl Lenience {
    fn of(wishes: &Freshness) -> Option<Self> {
        let span = |wish: Option<Duration>| wish.map_or(0, nanoseconds);
        let (grace, fail_safe) = (span(wishes.stale_while_revalidate), span(wishes.fail_safe));
        let outdated = span(wishes.serve_outdated);
        let validator = wishes.validator.clone();
        let says_something = grace > 0 || fail_safe > 0 || outdated > 0 || validator.is_some();
        says_something.then(|| Self { grace, fail_safe, outdated, validator, ..Self::default() })
    }
}

/// Judges a stored value against the wishes of a call. `random` is between 0 and 1.
pub(crate) fn judge(times: &Times, standing: Standing, wishes: &Freshness, now: Moment, random: f64) -> Verdict {
    match standing {
        Standing::Barred => Verdict::Gone,
        Standing::Outdated { since } => {
            let bound = since.saturating_add(times.allowed_outdated(wishes));
            if now < bound.min(times.fresh_until) { Verdict::Outdated } else { Verdict::Gone }
        }
        Standing::Current if now < times.fresh_until => {
            let early = wishes.early_refresh.is_some_and(|early| times.is_early(early.0, now, random));
            if early && now >= times.retry_at() { Verdict::Early } else { Verdict::Fresh }
        }
        Standing::Current if now < times.retry_at() && (times.stands_in() || now < times.fail_safe_until(wishes)) => {
            Verdict::StandsIn
        }
        Standing::Current if now < times.grace_until(wishes) => Verdict::Grace,
        Standing::Current if now < times.fail_safe_until(wishes) => Verdict::FailSafe,
        Standing::Current => Verdict::Gone,
    }
}

/// Whether a failure may be answered with this value.
pub(crate) fn replaces_failure(times: &Times, standing: Standing, wishes: &Freshness, now: Moment) -> bool {
    standing == Standing::Current && now < times.fail_safe_until(wishes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EarlyRefresh;

    const SECOND: u64 = 1_000_000_000;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Stored at 0 with a ttl of ten seconds by a policy that says what `saver` says.
    fn stored(saver: Policy) -> Times {
        Times::new(&saver.ttl(seconds(10)), 0, 0, NEVER, 0.5)
    }

    #[test]
    fn a_failed_early_refresh_stands_in_past_the_ttl_for_those_only_who_allow_it() {
        let policy =
            || Policy::new().early_refresh(EarlyRefresh::after(0.1)).fail_safe(seconds(60)).throttle(seconds(5));
        let wishes = policy().freshness().cloned().unwrap_or_default();
        let (times, attention) = stored(policy()).rearmed(&wishes, 8 * SECOND);
        assert_eq!(attention, 10 * SECOND);
        assert_eq!(verdict(&times, Standing::Current, policy(), 11), Verdict::StandsIn, "nobody tries again yet");
        assert_eq!(verdict(&times, Standing::Current, Policy::new(), 11), Verdict::Gone);
    }

    fn verdict(times: &Times, standing: Standing, reader: Policy, at: u64) -> Verdict {
        let wishes = reader.freshness().cloned().unwrap_or_default();
        judge(times, standing, &wishes, at * SECOND, 0.5)
    }

    #[test]
    fn a_value_is_served_past_its_ttl_only_as_far_as_both_sides_allow() {
        // case 22
        let grace = |n| Policy::new().stale_while_revalidate(seconds(n));
        let fail_safe = |n| Policy::new().fail_safe(seconds(n));
        let both = || grace(5).fail_safe(seconds(20));
        let rows = [
            (grace(5), grace(5), 9, Verdict::Fresh),
            (grace(5), grace(5), 10, Verdict::Grace),
            (grace(5), grace(5), 14, Verdict::Grace),
            (grace(5), grace(5), 15, Verdict::Gone),
            (grace(5), grace(2), 12, Verdict::Gone),
            (grace(2), grace(5), 12, Verdict::Gone),
            (Policy::new(), grace(5), 10, Verdict::Gone),
            (grace(5), Policy::new(), 10, Verdict::Gone),
            (fail_safe(5), fail_safe(5), 10, Verdict::FailSafe),
            (Policy::new(), fail_safe(5), 10, Verdict::Gone),
            (fail_safe(5), Policy::new(), 10, Verdict::Gone),
            (both(), both(), 14, Verdict::Grace),
            (both(), both(), 15, Verdict::FailSafe),
            (both(), both(), 30, Verdict::Gone),
        ];
        for (saver, reader, at, expected) in rows {
            let description = format!("{saver:?} read with {reader:?} at {at}");
            assert_eq!(verdict(&stored(saver), Standing::Current, reader, at), expected, "{description}");
        }
    }

    #[test]
    fn what_is_held_or_outdated_is_served_neither_in_grace_nor_for_a_failure() {
        let lenient = || Policy::new().stale_while_revalidate(seconds(90)).fail_safe(seconds(90));
        for standing in [Standing::Barred, Standing::Outdated { since: 0 }] {
            for at in [1, 11] {
                assert_eq!(verdict(&stored(lenient()), standing, lenient(), at), Verdict::Gone);
            }
            let wishes = lenient().freshness().cloned().unwrap_or_default();
            assert!(!replaces_failure(&stored(lenient()), standing, &wishes, SECOND));
        }
    }

    #[test]
    fn what_is_outdated_is_served_within_the_shorter_bound_and_within_its_ttl() {
        let within = |n| Policy::new().serve_outdated(seconds(n));
        let rows = [
            (within(3), within(3), 4, Verdict::Outdated),
            (within(3), within(3), 5, Verdict::Gone),
            (within(3), within(1), 3, Verdict::Gone),
            (within(1), within(3), 3, Verdict::Gone),
            (within(60), within(60), 9, Verdict::Outdated),
            (within(60), within(60), 10, Verdict::Gone),
            (within(60), Policy::new(), 3, Verdict::Gone),
            (Policy::new(), within(60), 3, Verdict::Gone),
        ];
        for (saver, reader, at, expected) in rows {
            let description = format!("{saver:?} read with {reader:?} at {at}");
            let standing = Standing::Outdated { since: 2 * SECOND };
            assert_eq!(verdict(&stored(saver), standing, reader, at), expected, "{description}");
        }
        assert_eq!(verdict(&stored(within(60)), Standing::Barred, within(60), 3), Verdict::Gone);
    }

    #[test]
    fn an_early_refresh_begins_after_its_fraction_of_the_ttl() {
        let early = || Policy::new().early_refresh(EarlyRefresh::after(0.2));
        let times = stored(early());
        assert_eq!(times.attention(&early()), 2 * SECOND);
        assert_eq!(verdict(&times, Standing::Current, early(), 1), Verdict::Fresh);
        assert_eq!(verdict(&times, Standing::Current, early(), 2), Verdict::Early);
        assert_eq!(verdict(&times, Standing::Current, Policy::new(), 2), Verdict::Fresh);
        let endless = Times::new(&early(), 0, 0, NEVER, 0.5);
        assert_eq!(judge(&endless, Standing::Current, &Freshness::default(), SECOND, 0.5), Verdict::Fresh);
        assert_eq!(endless.attention(&early()), NEVER);
    }

    #[test]
    fn xfetch_refreshes_when_the_remaining_time_is_short_against_the_cost() {
        // case 32
        let mut times = stored(Policy::new());
        times.cost = SECOND;
        let at = |beta: f64, remaining: f64| {
            let now = 10 * SECOND - (remaining * SECOND as f64) as u64;
            let wishes = Freshness { early_refresh: Some(EarlyRefresh::xfetch(beta)), ..Freshness::default() };
            judge(&times, Standing::Current, &wishes, now, 0.5)
        };
        assert_eq!(at(1.0, 0.694), Verdict::Fresh);
        assert_eq!(at(1.0, 0.693), Verdict::Early);
        assert_eq!(at(0.0, 0.000_1), Verdict::Fresh);
        assert_eq!(at(f64::INFINITY, 10.0), Verdict::Early);
        for beta in [0.0, 1.0, f64::INFINITY] {
            let policy = Policy::new().early_refresh(EarlyRefresh::xfetch(beta));
            let earliest = 10 * SECOND - (37.0 * beta).min(10.0) as u64 * SECOND;
            assert_eq!(times.attention(&policy), earliest, "no draw before it can be won");
        }
    }

    #[test]
    fn after_a_failure_a_value_is_good_for_the_throttle_but_not_beyond_the_horizon() {
        let policy = || Policy::new().fail_safe(seconds(5)).throttle(seconds(2));
        let wishes = policy().freshness().cloned().unwrap_or_default();
        let rows = [(11, 13, true), (14, 15, true), (9, 10, false)];
        for (failed_at, good_until, stands_in) in rows {
            let (times, attention) = stored(policy()).rearmed(&wishes, failed_at * SECOND);
            assert_eq!(attention, good_until * SECOND, "failed at {failed_at}");
            assert_eq!(times.stands_in(), stands_in);
            let expected = if stands_in { Verdict::StandsIn } else { Verdict::Fresh };
            assert_eq!(verdict(&times, Standing::Current, policy(), good_until - 1), expected);
        }
        let (times, _) = stored(policy()).rearmed(&wishes, 11 * SECOND);
        assert_eq!(verdict(&times, Standing::Current, policy(), 13), Verdict::FailSafe, "the next one tries again");
    }

    #[test]
    fn a_failed_early_refresh_does_not_stretch_the_ttl() {
        let early = || Policy::new().early_refresh(EarlyRefresh::after(0.1));
        let wishes = early().freshness().cloned().unwrap_or_default();
        let (times, attention) = stored(early()).rearmed(&wishes, 8 * SECOND);
        assert_eq!(attention, 10 * SECOND);
        assert_eq!(verdict(&times, Standing::Current, early(), 9), Verdict::Fresh);
        assert_eq!(verdict(&times, Standing::Current, early(), 10), Verdict::Gone);
    }

    #[test]
    fn jitter_is_taken_off_the_ttl_and_never_more_than_half_of_it() {
        for (jitter, random, end) in [(2, 0.0, 10.0), (2, 0.5, 9.0), (2, 1.0, 8.0), (1_000, 1.0, 5.0)] {
            let policy = Policy::new().ttl(seconds(10)).jitter(seconds(jitter));
            let times = Times::new(&policy, 0, 0, NEVER, random);
            assert_eq!(times.fresh_until, (end * SECOND as f64) as u64);
        }
    }
}
