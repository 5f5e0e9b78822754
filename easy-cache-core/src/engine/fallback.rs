//! What a call may be given instead of a new value: while it is computed by somebody else, or because that failed.

use super::outside::arrived;
use super::ticket::Ticket;
use super::{Engine, Found};
use crate::backend::memory::Kept;
use crate::freshness::{Freshness, Standing, Verdict, replaces_failure};
use crate::value::Shared;

/// A stored value that is not simply to be served, and why.
#[derive(Debug, Clone)]
pub(crate) struct Fallback {
    pub(crate) kept: Kept,
    pub(crate) verdict: Verdict,
    /// It came from a store outside the process, and is not asked for again: the call that found it began before.
    pub(crate) is_copy: bool,
}

impl Fallback {
    /// Serves it instead of waiting any longer, unless it was invalidated, or its time has passed, meanwhile.
    pub(crate) fn instead_of_waiting(&self, engine: &Engine, key: &[u8], wishes: &Freshness) -> Option<Found> {
        let now = engine.store.clock().precise();
        let standing = self.kept.list.standing();
        if self.is_copy {
            let verdict = arrived::judged(engine, &self.kept, wishes);
            return (verdict != Verdict::Gone).then(|| engine.serve(key, self.kept.clone(), verdict));
        }
        if self.verdict.is_due() || replaces_failure(self.kept.list.times(), standing, wishes, now) {
            let (kept, verdict) = engine.judged(key, wishes)?;
            return (verdict != Verdict::Gone).then(|| engine.serve(key, kept, verdict));
        }
        None
    }
}

/// Serves what there is because computing a new one failed, says so, and spares everybody the next attempts for a while. The
/// flight is closed before: the store is asked after the last of those who wait has called.
///
/// What there is **now**, not what was there when the computation began: an invalidation by key leaves no other trace than that
/// the entry is gone. `restore` says whether it is of a type that can stand in.
///
/// What a store outside the process had is as good as it was when this call looked, which was after it began; those who wait look
/// for themselves.
pub(crate) fn instead_of_failing<R>(
    ticket: &Ticket,
    fallback: &Fallback,
    wishes: &Freshness,
    restore: impl FnOnce(&Shared) -> Option<R>,
) -> Option<(R, Found)> {
    ticket.close();
    let (engine, key) = (&ticket.engine, ticket.key());
    let kept = if fallback.is_copy { ticket.unless_dropped(&fallback.kept)? } else { engine.store.inspect(key)? };
    let now = engine.store.clock().precise();
    let (times, standing) = (kept.list.times(), kept.list.standing());
    let is_fresh = now < times.fresh_until;
    if standing != Standing::Current || !(is_fresh || replaces_failure(times, standing, wishes, now)) {
        return None;
    }
    let answer = restore(&kept.value)?;
    let (times, attention) = times.rearmed(wishes, now);
    let rearmed = if fallback.is_copy {
        ticket.throttle(times.retry_at());
        kept
    } else {
        engine.store.amend(key, &kept, times, attention)
    };
    let verdict = if is_fresh { Verdict::Fresh } else { Verdict::StandsIn };
    let found = engine.serve(key, rearmed, verdict);
    engine.events.stood_in(key);
    Some((answer, found))
}
