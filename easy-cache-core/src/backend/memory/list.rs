//! What an entry depends on, and all that a hit does not need to know of it, behind one pointer that entries and scopes share.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use triomphe::ThinArc;

use super::cell::Seen;
use super::origin::Origin;
use crate::clock::{Clock, Moment, NEVER};
use crate::freshness::{Standing, Times};
use crate::mistake::Mistake;

/// Longer lists leave nothing behind on their thread.
const DESK_SIZE: usize = 64;

std::thread_local! {
    /// Empty but for its room, so that explorers need not know of it.
    static DESK: Cell<Vec<Seen>> = const { Cell::new(Vec::new()) };
}

/// What is known of an entry beside its value.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) times: Times,
    /// The sequence of the fence it was computed behind.
    pub(super) fence: u64,
    pub(super) weight: u64,
    /// Which clock its times are by.
    pub(super) clock: usize,
    /// What a store outside the process says of its tags, if it comes from there.
    pub(crate) origin: Option<Arc<Origin>>,
}

/// The tags of an entry, the epoch among them, with the versions that it was built under; and its facts.
#[derive(Clone)]
pub(crate) struct List(ThinArc<Facts, Seen>);

impl List {
    pub(super) fn new(facts: Facts, mut tags: Vec<Seen>) -> Self {
        let list = Self(ThinArc::from_header_and_iter(facts, tags.drain(..)));
        if tags.capacity() <= DESK_SIZE {
            // A thread that is ending has no place for it.
            let _ = DESK.try_with(|desk| desk.set(tags));
        }
        list
    }

    /// An empty place to put the tags of a list together: mostly that of the list before, since making room costs as much as they do.
    pub(super) fn desk() -> Vec<Seen> {
        DESK.try_with(Cell::take).unwrap_or_default()
    }

    /// The same tags with other facts.
    pub(super) fn with(&self, facts: Facts) -> Self {
        Self::new(facts, self.tags().to_vec())
    }

    #[inline]
    pub(crate) fn tags(&self) -> &[Seen] {
        &self.0.slice
    }

    #[inline]
    pub(crate) fn facts(&self) -> &Facts {
        &self.0.header.header
    }

    pub(crate) fn times(&self) -> &Times {
        &self.facts().times
    }

    /// Whether the two are one, and not only equal.
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.address() == other.address()
    }

    /// For sorting.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// Whether no tag has changed and none is held.
    #[inline]
    pub(crate) fn is_servable(&self) -> bool {
        self.tags().iter().all(Seen::is_servable)
    }

    /// Whether nothing but a hold can keep it from being served.
    pub(super) fn is_unchanged(&self) -> bool {
        self.tags().iter().all(Seen::is_unchanged)
    }

    /// Whether nothing in this process keeps it from being served once. What was heard of a store only keeps it from being kept.
    pub(crate) fn stands_here(&self) -> bool {
        self.tags().iter().all(|seen| seen.is_current() && !seen.cell.is_held())
    }

    /// How its tags stand.
    pub(crate) fn standing(&self) -> Standing {
        if self.is_servable() || Mistake::StaleUncompared.is_made() {
            return Standing::Current;
        }
        if !self.times().allows_outdated() || self.tags().iter().any(|seen| seen.cell.is_held()) {
            return Standing::Barred;
        }
        let changed = self.tags().iter().filter(|seen| !seen.is_unchanged());
        let since = changed.map(|seen| self.changed_at(seen)).try_fold(Moment::MAX, |first, at| Some(first.min(at?)));
        match since {
            Some(since) => {
                Standing::Outdated { since: self.times().outdated_since().map_or(since, |known| known.min(since)) }
            }
            None => Standing::Barred,
        }
    }

    /// When the tag was invalidated, as far as it can be told. Once it is known for the entry, later invalidations change
    /// nothing; but what was dropped with everything else, or by another clock, is never served.
    fn changed_at(&self, seen: &Seen) -> Option<Moment> {
        if seen.name().is_none() || seen.cell.clock_with(self.facts().clock).is_none() {
            return None;
        }
        self.times().outdated_since().or_else(|| seen.bumped_once_at())
    }

    /// When its value ends, by another clock if need be; `None` if that cannot be told.
    pub(crate) fn ends(&self, clock: &Clock) -> Option<Moment> {
        let end = self.times().fresh_until;
        if end == NEVER || self.facts().clock == clock.id() {
            return Some(end);
        }
        let own = self.tags().iter().find_map(|seen| seen.cell.clock_with(self.facts().clock))?;
        Some(clock.precise().saturating_add(end.saturating_sub(own.precise())))
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("facts", self.facts()).field("tags", &self.tags().len()).finish_non_exhaustive()
    }
}
