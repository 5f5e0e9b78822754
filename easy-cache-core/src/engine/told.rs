//! What the engine tells of its calls, beside the hit path: who found something, who did not and why, who waits.
//! How it is told is the business of `events`.

use super::{Engine, frame};
use crate::backend::memory::{Filled, Miss, Seen};
use crate::events::{Meter, MissReason, Staleness};
use crate::freshness::Verdict;
use crate::value::Shared;

impl Engine {
    /// A hit of which somebody wants to know, a hit of a copy, or a call that may not use the cache. Not inlined, to keep the hit
    /// path short.
    #[inline(never)]
    pub(super) fn hit_and_tell(&self, key: &[u8]) -> Option<Shared> {
        if !self.switches.are_on() || self.switches.verify_hits() || self.switches.are_near() && !self.is_proved() {
            return None;
        }
        let value = self.store.value(key)?;
        if self.switches.tell_hits() {
            self.tell_hit(key);
        }
        Some(value)
    }

    /// A hit of a read that has no load with it, in a cache whose hits take the long way.
    #[cfg(feature = "testing")]
    pub(crate) fn hit_without_load(&self, key: &[u8]) -> Option<Shared> {
        if self.switches.verify_hits() { Some(self.hit(key)?.value) } else { None }
    }

    /// To be asked first whether somebody wants to know: `switches.are_plain()`.
    #[cold]
    pub(super) fn tell_hit(&self, key: &[u8]) {
        self.events.hit(key, self.switches.trace_hits());
    }

    /// A hit in the store outside the process.
    pub(super) fn tell_hit_outside(&self, key: &[u8]) {
        if self.switches.tell_hits() {
            self.events.hit_outside(key, self.switches.trace_hits());
        }
    }

    /// A value is handed out.
    pub(super) fn tell_served(&self, key: &[u8], verdict: Verdict) {
        let why = match verdict {
            Verdict::Fresh | Verdict::Early if !self.switches.tell_hits() => return,
            Verdict::Fresh | Verdict::Early | Verdict::Gone => return self.tell_hit(key),
            Verdict::Grace => Staleness::Grace,
            Verdict::StandsIn => Staleness::FailSafe,
            Verdict::FailSafe => Staleness::Slow,
            Verdict::Outdated => Staleness::Outdated,
        };
        self.events.served_stale(key, why);
    }

    /// A call that found nothing to serve. Looks again for the reason, if anybody wants to know.
    #[cold]
    pub(crate) fn tell_nothing_found(&self, key: &[u8]) {
        let is_heard = Meter::COUNTS_HITS || tracing::enabled!(target: "easy_cache", tracing::Level::DEBUG);
        if is_heard && let Some(reason) = self.reason_of_miss(key) {
            self.events.missed(key, reason);
            self.publish_when_due();
        }
    }

    /// None if there is something by now.
    fn reason_of_miss(&self, key: &[u8]) -> Option<MissReason> {
        Some(match self.store.lookup(key) {
            _ if frame::is_bypassing() => MissReason::Bypassed,
            _ if !self.is_usable() => MissReason::Disabled,
            Ok(_) => return None,
            Err(Miss::Absent) => MissReason::Absent,
            Err(Miss::Due) => MissReason::Expired,
            Err(Miss::Outdated) => MissReason::Outdated,
            Err(Miss::Held(_)) => MissReason::Held,
        })
    }

    /// A value was offered to the store.
    pub(crate) fn tell_fill(&self, key: &[u8], filled: &Filled) {
        match filled {
            Filled::Valid(list) => self.events.stored(key, list.tags().iter().filter_map(Seen::name)),
            Filled::Refused(refusal) => self.events.refused(key, refusal.clone()),
        }
        self.publish_when_due();
    }

    /// Hands hits and sizes to the recorder, if that was not done lately.
    pub(super) fn publish_when_due(&self) {
        if self.events.is_due() {
            self.publish();
        }
    }

    /// Hands hits and sizes to the recorder.
    pub(crate) fn publish(&self) {
        self.events.publish(|| (self.store.len(), self.store.weight()));
    }
}
