//! A flight across processes: who leads in this process asks to be the only process that computes. It says who computes, and nothing
//! of what may be kept: that is the fence's business.
//!
//! Who does not get it looks again, and asks again, after pauses. That ends: the lease has a deadline by the store's clock, and who waits
//! has one by its own, after which it computes in any case.

use std::time::Duration;

use super::courier::spread;
use super::{Asking, Outside, Trip};
use crate::Error;
use crate::clock::{Clock, Moment};
use crate::store::{Leased, Version};
use crate::timer::Deadline;

/// Most values are computed within a few of these.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Often enough that the end of a long computation is noticed soon; two trips each.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The right to compute a key, or the attempt to get it. Dropping it ends it, behind the caller; if that fails, its deadline does.
#[derive(Debug)]
pub(crate) struct Lease {
    outside: Outside,
    key: Box<[u8]>,
    holder: Version,
    /// It may be ours.
    held: bool,
}

impl Lease {
    /// One that is not asked for yet.
    pub(super) fn new(outside: &Outside, key: &[u8]) -> Result<Self, Error> {
        Ok(Self { outside: outside.clone(), key: key.into(), holder: Version::random()?, held: true })
    }

    pub(super) fn ask(&self, within: Duration) -> Trip<Leased> {
        let (outside, key, holder) = (self.outside.clone(), self.key.clone(), self.holder);
        Box::pin(async move {
            let leasing = outside.store.lease(&key, holder, within);
            outside.ask("lease a key", None, Asking::Usual, leasing).await
        })
    }

    /// It is not ours: there is nothing to end.
    pub(super) fn forget(mut self) {
        self.held = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        let (outside, key, holder) = (self.outside.clone(), std::mem::take(&mut self.key), self.holder);
        self.outside.spawner.run_errand(Box::pin(async move {
            let ending = outside.store.end_lease(&key, holder);
            if let Err(error) = outside.ask("end a lease", None, Asking::Usual, ending).await {
                tracing::debug!(%error, "a lease is left to its deadline");
            }
        }));
    }
}

/// How a call goes about leases.
#[derive(Debug)]
pub(super) struct Patience {
    /// How long a lease of its own lasts.
    pub(super) within: Duration,
    /// When it computes without one.
    ends: Option<Moment>,
    pause: Duration,
}

impl Patience {
    pub(super) const fn new(within: Duration) -> Self {
        Self { within, ends: None, pause: FIRST_PAUSE }
    }

    /// Until when to wait before the next look; nothing if it has waited for long enough. That is for a holder that dies, and for one
    /// that takes over from it, but no longer than followers in one process wait for each other.
    pub(super) fn wait(&mut self, clock: &Clock, at_most: Duration) -> Option<Deadline> {
        let ends = *self.ends.get_or_insert_with(|| clock.deadline((self.within * 2).min(at_most)));
        if clock.precise() >= ends {
            return None;
        }
        let next = clock.deadline(spread(self.pause)).min(ends);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Some(Deadline::at(next))
    }
}
