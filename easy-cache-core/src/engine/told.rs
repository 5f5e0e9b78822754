//! What the engine tells of its calls, beside the hit path: who found something, who did not and why, who waits.
//! How it is told is the business of `events`.

use super::{Engine, frame};
use crate::backend::memory::{Filled, Miss};
use crate::events::{Meter, MissReason};
use crate::value::Shared;

impl Engine {
    /// A hit of which somebody wants to know, or a call that may not use the cache. Not inlined, to keep the hit path short.
    #[inline(never)]
    pub(super) fn hit_and_tell(&self, key: &[u8]) -> Option<Shared> {
        if !self.switches.are_on() {
            return None;
        }
        let value = self.store.value(key)?;
        self.tell_hit(key);
        Some(value)
    }

    /// To be asked first whether somebody wants to know: `switches.are_plain()`.
    #[cold]
    pub(super) fn tell_hit(&self, key: &[u8]) {
        self.events.hit(key, self.switches.trace_hits());
    }

    /// A call that computes, or waits for who does, because of this.
    pub(super) fn tell_miss(&self, key: &[u8], miss: &Miss) {
        let reason = match miss {
            Miss::Absent => MissReason::Absent,
            Miss::Expired => MissReason::Expired,
            Miss::Outdated => MissReason::Outdated,
            Miss::Held(_) => MissReason::Held,
        };
        self.events.missed(key, reason);
        self.publish_when_due();
    }

    /// A call that may not use the cache.
    pub(super) fn tell_unusable(&self, key: &[u8]) {
        let reason = if frame::is_bypassing() { MissReason::Bypassed } else { MissReason::Disabled };
        self.events.missed(key, reason);
    }

    /// A value that was set by hand.
    pub(crate) fn tell_set(&self, key: &[u8], filled: &Filled) {
        match filled {
            Filled::Stored(tags) => self.events.stored(key, tags.iter().map(|seen| seen.cell.tag())),
            Filled::Valid(_) => {}
            Filled::Refused(refusal) => self.events.refused(key, refusal.clone()),
        }
        self.publish_when_due();
    }

    /// A read that found nothing and computes nothing. Looks again for the reason, if anybody wants to know.
    #[cold]
    pub(crate) fn tell_nothing_found(&self, key: &[u8]) {
        let is_heard = Meter::COUNTS_HITS || tracing::enabled!(target: "easy_cache", tracing::Level::DEBUG);
        if !is_heard {
            return;
        }
        match self.find(key) {
            None => self.tell_unusable(key),
            Some(Err(miss)) => self.tell_miss(key, &miss),
            Some(Ok(_)) => {}
        }
    }

    /// Hands hits and sizes to the recorder, if that was not done lately.
    #[cfg(feature = "metrics")]
    pub(super) fn publish_when_due(&self) {
        if self.events.is_due() {
            self.publish();
        }
    }

    #[cfg(not(feature = "metrics"))]
    #[expect(clippy::unused_self, reason = "the same call with and without metrics")]
    pub(super) const fn publish_when_due(&self) {}

    /// Hands hits and sizes to the recorder.
    #[cfg(feature = "metrics")]
    pub(crate) fn publish(&self) {
        self.events.meter.publish(self.store.len(), self.store.weight());
    }
}
