//! What a call may be given instead of a new value: while it is computed by somebody else, or because that failed.

use super::{Engine, Found};
use crate::backend::memory::Kept;
use crate::freshness::{Freshness, Standing, Verdict, replaces_failure};

/// A stored value that is not simply to be served, and why.
#[derive(Debug, Clone)]
pub(crate) struct Fallback {
    pub(crate) kept: Kept,
    pub(crate) verdict: Verdict,
}

impl Fallback {
    /// Serves it instead of waiting any longer, unless it was invalidated, or its time has passed, meanwhile.
    pub(crate) fn instead_of_waiting(&self, engine: &Engine, key: &[u8], wishes: &Freshness) -> Option<Found> {
        let now = engine.store.clock().precise();
        let standing = self.kept.list.standing();
        if self.verdict.is_due() || replaces_failure(self.kept.list.times(), standing, wishes, now) {
            let (kept, verdict) = engine.judged(key, wishes)?;
            return (verdict != Verdict::Gone).then(|| engine.serve(key, kept, verdict));
        }
        None
    }

    /// Serves it because computing a new one failed, and spares everybody the next attempts for a while. If others wait, their
    /// flight has to be closed before: its tags are looked at after the last of them has called.
    pub(crate) fn instead_of_failing(&self, engine: &Engine, key: &[u8], wishes: &Freshness) -> Option<Found> {
        let now = engine.store.clock().precise();
        let times = self.kept.list.times();
        let is_fresh = now < times.fresh_until;
        let standing = self.kept.list.standing();
        if standing != Standing::Current || !(is_fresh || replaces_failure(times, standing, wishes, now)) {
            return None;
        }
        let (times, attention) = times.rearmed(wishes, now);
        let rearmed = engine.store.amend(key, &self.kept, times, attention);
        let verdict = if is_fresh { Verdict::Fresh } else { Verdict::StandsIn };
        Some(engine.serve(key, rearmed, verdict))
    }
}
