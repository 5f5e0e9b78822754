//! One tag's record: its version, the holds of writers and the news of other processes beside it, in one word that a hit reads
//! once.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::domain::Domain;
use super::order::Bucket;
use crate::Tag;
use crate::clock::{Clock, Moment};
use crate::mistake::Mistake;
use crate::sync::{AtomicU64, Mutex, Place};

/// The lowest bit says that a writer holds the tag. The bits above count the news of it (which concern copies of a store's
/// entries, and nothing that is computed here); those above these are the version. Should the news overflow, that is one version
/// more: as good as an invalidation, and harmless.
const HELD: u64 = 1;
const ONE_NEWS: u64 = 2;
const ONE_VERSION: u64 = 1 << 20;
/// What an invalidation in this process changes.
const VERSION: u64 = !(ONE_VERSION - 1);

/// One tag of one namespace. Entries point to the cells of their tags and remember the word that they saw.
///
/// A cell that has left its namespace's map is never referred to by anybody (see [`Domain`]), so a version needs to be
/// unique within its cell only: the pointer is the other half of its identity.
#[derive(Debug)]
pub(crate) struct TagCell {
    word: AtomicU64,
    place: Place,
    pub(super) bucket: Bucket,
    tag: Tag,
    holds: Mutex<Vec<HoldMark>>,
    domain: Weak<Domain>,
    /// When it was last invalidated. Written after the version, so that it is never later than the version says.
    bumped_at: AtomicU64,
}

/// A writer's mark on a tag, and the moment at which it turns into an invalidation.
#[derive(Debug, Clone, Copy)]
struct HoldMark {
    writer: u64,
    since: Moment,
    deadline: Moment,
}

impl TagCell {
    pub(super) fn new(tag: Tag, bucket: Bucket, domain: Weak<Domain>) -> Self {
        Self {
            word: AtomicU64::new(0),
            place: Place::new(),
            bucket,
            tag,
            holds: Mutex::new(Vec::new()),
            domain,
            bumped_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The version, with the news and with the hold bit cleared, as an entry stores it: a held cell equals no stored word.
    pub(super) fn version(&self) -> u64 {
        self.word.load(Ordering::SeqCst) & !HELD
    }

    pub(super) fn is_held(&self) -> bool {
        self.word.load(Ordering::SeqCst) & HELD != 0
    }

    /// The last step of an invalidation, which began at `now`. Holds stay as they are.
    pub(super) fn bump(&self, now: Moment) {
        self.word.fetch_add(ONE_VERSION, Ordering::SeqCst);
        self.bumped_at.fetch_max(now, Ordering::SeqCst);
    }

    /// The last step of forgetting what a store has news of.
    pub(super) fn hear(&self) {
        self.word.fetch_add(ONE_NEWS, Ordering::SeqCst);
    }

    /// When it was last invalidated.
    pub(super) fn bumped_at(&self) -> Moment {
        self.bumped_at.load(Ordering::SeqCst)
    }

    /// Since when it is held, if it is.
    pub(super) fn held_since(&self) -> Option<Moment> {
        self.holds.lock().iter().map(|mark| mark.since).min()
    }

    /// Whether this cell may not hear of every invalidation of its tag.
    pub(super) fn is_shared(&self) -> bool {
        self.domain.upgrade().is_some_and(|domain| domain.is_shared)
    }

    /// The clock of its namespace, if it is the one that is looked for.
    pub(super) fn clock_with(&self, id: usize) -> Option<Clock> {
        self.domain.upgrade().map(|domain| domain.clock().clone()).filter(|clock| clock.id() == id)
    }

    /// Marks the tag for a writer. The bit is set under the lock of the list, so it is set exactly while the list is not empty.
    ///
    /// Its namespace counts it as held from before that.
    pub(super) fn hold(&self, writer: u64, since: Moment, deadline: Moment) {
        let domain = self.domain.upgrade();
        let mut holds = self.holds.lock();
        if holds.is_empty()
            && let Some(domain) = &domain
        {
            domain.note_held();
        }
        holds.push(HoldMark { writer, since, deadline });
        self.word.fetch_or(HELD, Ordering::SeqCst);
    }

    /// Takes the writer's mark away, if its deadline has not done so before.
    pub(super) fn release(&self, writer: u64) {
        self.remove_holds(|mark| mark.writer == writer);
    }

    /// Turns holds whose deadline has passed into an invalidation, **before** anything that carries the tag is served again. It
    /// dates from the deadline, however late somebody meets it.
    pub(super) fn settle(&self, now: Moment) {
        let domain = self.domain.upgrade();
        // Deadlines are by the clock of the tag's own namespace; who meets the hold may live by another one.
        let now = domain.as_ref().map_or(now, |domain| domain.clock().precise());
        let expired = self.holds.lock().iter().map(|mark| mark.deadline).filter(|deadline| *deadline <= now).min();
        let Some(at) = expired else { return };
        match domain {
            _ if Mistake::ExpiredHoldForgotten.is_made() => {}
            Some(domain) => {
                domain.invalidate_cell(self, at);
                domain.events.hold_expired(&self.tag);
            }
            None => self.bump(at),
        }
        self.remove_holds(|mark| mark.deadline <= now);
    }

    /// The same for who meets the cell without an entry: otherwise a tag that nobody reads would gather dead holds.
    pub(super) fn settle_if_held(&self, now: Moment) {
        if self.is_held() {
            self.settle(now);
        }
    }

    #[cfg(test)]
    pub(super) fn holds_now(&self) -> usize {
        self.holds.lock().len()
    }

    pub(super) fn belongs_to(&self, domain: &Domain) -> bool {
        std::ptr::eq(self.domain.as_ptr(), domain)
    }

    fn remove_holds(&self, gone: impl Fn(&HoldMark) -> bool) {
        let domain = self.domain.upgrade();
        let mut holds = self.holds.lock();
        let was_held = !holds.is_empty();
        holds.retain(|mark| !gone(mark) && !Mistake::ReleaseClearsOthers.is_made());
        if was_held && holds.is_empty() {
            self.word.fetch_and(!HELD, Ordering::SeqCst);
            if let Some(domain) = &domain {
                domain.note_released();
            }
        }
    }
}

/// A tag and the version of it that a value was built under.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) cell: Arc<TagCell>,
    version: u64,
}

impl Seen {
    /// The tag as it is now.
    pub(super) fn now(cell: Arc<TagCell>) -> Self {
        let version = cell.version();
        Self { cell, version }
    }

    /// The name of the tag, unless it is one that only this process knows.
    pub(crate) fn name(&self) -> Option<&Tag> {
        Some(self.cell.tag()).filter(|tag| !tag.is_internal())
    }

    /// One load decides both: is the version still the same, and is the tag not held?
    #[inline]
    pub(super) fn is_servable(&self) -> bool {
        let word = self.cell.word.load(Ordering::Acquire);
        word == self.version || Mistake::HeldIsServed.is_made() && word & !HELD == self.version
    }

    /// Whether nothing but a hold can keep it from being served.
    pub(super) fn is_unchanged(&self) -> bool {
        self.cell.version() == self.version
    }

    /// Holds and news stop lookups only: a fill asks for the version alone. What the news mean for it, the store decides that they
    /// come from.
    pub(super) fn is_current(&self) -> bool {
        (self.cell.version() ^ self.version) & VERSION == 0
    }

    /// When the tag was invalidated, if that was exactly once since. Between the two readings of the version nothing may have
    /// moved: the moment could be that of a second invalidation.
    pub(super) fn bumped_once_at(&self) -> Option<Moment> {
        let once = self.version + ONE_VERSION;
        let before = self.cell.version();
        let at = self.cell.bumped_at.load(Ordering::SeqCst);
        (before == once && self.cell.version() == once).then_some(at)
    }

    /// Equal for the same tag at the same version only.
    pub(crate) fn identity(&self) -> (usize, u64) {
        (self.place(), self.version)
    }

    /// Equal for the same tag only.
    pub(super) fn place(&self) -> usize {
        self.cell.place.of(Arc::as_ptr(&self.cell).addr())
    }

    pub(super) fn same_cell(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }

    /// For a fill, as [`is_current`](Self::is_current).
    pub(super) fn same_version(&self, other: &Self) -> bool {
        (self.version ^ other.version) & VERSION == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell() -> Arc<TagCell> {
        Arc::new(TagCell::new(Tag::new("t"), 0, Weak::new()))
    }

    #[test]
    fn two_writers_hold_one_tag_and_release_it_on_their_own() {
        let cell = cell();
        let seen = Seen::now(Arc::clone(&cell));
        cell.hold(1, 0, 10);
        cell.hold(2, 0, 10);
        cell.release(1);
        assert!(!seen.is_servable() && seen.is_current(), "still held by the second writer");
        cell.release(2);
        assert!(seen.is_servable());
    }

    #[test]
    fn an_expired_hold_counts_as_an_invalidation() {
        let cell = cell();
        let seen = Seen::now(Arc::clone(&cell));
        cell.hold(1, 0, 10);
        cell.settle(9);
        assert!(cell.is_held() && seen.is_current());
        cell.settle(10);
        assert!(!cell.is_held() && !seen.is_current());
    }

    #[test]
    fn the_moment_of_an_invalidation_is_known_if_there_was_exactly_one() {
        let cell = cell();
        let seen = Seen::now(Arc::clone(&cell));
        assert_eq!(seen.bumped_once_at(), None);
        cell.bump(7);
        assert_eq!(seen.bumped_once_at(), Some(7));
        let later = Seen::now(Arc::clone(&cell));
        cell.bump(9);
        assert_eq!((seen.bumped_once_at(), later.bumped_once_at()), (None, Some(9)));
    }

    #[test]
    fn news_keep_from_being_served_and_not_from_being_filled() {
        let cell = cell();
        let seen = Seen::now(Arc::clone(&cell));
        cell.hear();
        assert!(!seen.is_servable() && !seen.is_unchanged() && seen.is_current());
        assert!(Seen::now(Arc::clone(&cell)).same_version(&seen));
        cell.bump(0);
        assert!(!seen.is_current());
    }

    #[test]
    fn news_without_end_make_nothing_good_again() {
        let cell = cell();
        let seen = Seen::now(Arc::clone(&cell));
        for _ in 0..2 * ONE_VERSION / ONE_NEWS {
            cell.hear();
            assert!(!seen.is_servable());
        }
    }

    #[test]
    fn an_invalidation_leaves_the_holds_of_others() {
        let cell = cell();
        cell.hold(1, 0, 10);
        cell.bump(0);
        assert!(cell.is_held());
        assert!(!Seen::now(Arc::clone(&cell)).is_servable(), "filled while held: not served before the release");
    }
}
