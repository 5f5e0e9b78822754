//! The records of one namespace: its order, its tags, and the epoch as the one tag that every entry carries.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hashbrown::HashTable;

use super::cell::{Seen, TagCell};
use super::order::{EVERYTHING, Order};
use crate::Tag;
use crate::clock::{Clock, Moment};
use crate::events::Events;
use crate::mistake::Mistake;
use crate::pause::{Pauses, Point};
use crate::sync::{self, AtomicU64, Mutex, RandomState};

const SHARDS: usize = sync::scaled(64);
const FIRST_SWEEP: usize = sync::scaled(64);

/// What a computation carries from before its start: the epoch and the sequence of the namespace.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    pub(super) epoch: Seen,
    pub(super) sequence: u64,
}

/// The order record and the tag records of one namespace.
///
/// Cells of tags that nobody carries any more are swept from the map, in portions, when the map has doubled. A cell is
/// swept only if the map holds the last reference to it, under the lock through which others would get one: no entry,
/// fill or scope can still be looking at it.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(super) order: Order,
    pub(super) everything: Arc<TagCell>,
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    writers: AtomicU64,
    /// How many of its cells are held, or about to be.
    held: AtomicU64,
    /// Whether its records are in a store outside the process: the cells here know only what happens here.
    pub(super) is_shared: bool,
    /// The same order once more for what is heard of that store, if it is heard.
    news: Option<Order>,
    clock: Clock,
    pub(super) events: Arc<Events>,
    /// Where tests make threads wait.
    pub(crate) pauses: Pauses,
    this: Weak<Self>,
}

/// Where the records of a namespace are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    /// In this process.
    Here,
    /// In a store outside.
    Outside,
    /// There, and this process hears of every change, sooner or later.
    Mirrored,
}

/// How much had been heard of the store outside at a certain moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard(u64);

#[derive(Debug)]
struct Shard {
    cells: HashTable<Arc<TagCell>>,
    sweep_at: usize,
}

impl Domain {
    pub(super) fn new(clock: Clock, events: Arc<Events>, records: Records) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            order: Order::new(),
            everything: Arc::new(TagCell::new(Tag::everything(), EVERYTHING, Weak::clone(this))),
            shards: (0..SHARDS).map(|_| Mutex::new(Shard { cells: HashTable::new(), sweep_at: FIRST_SWEEP })).collect(),
            hasher: RandomState::new(),
            writers: AtomicU64::new(0),
            held: AtomicU64::new(0),
            is_shared: records != Records::Here,
            news: (records == Records::Mirrored).then(Order::new),
            clock,
            events,
            pauses: Pauses::default(),
            this: Weak::clone(this),
        })
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The epoch as the tag that every entry of the namespace carries.
    pub(crate) fn epoch(&self) -> Seen {
        Seen::now(Arc::clone(&self.everything))
    }

    /// To be taken **before** a computation starts.
    pub(crate) fn fence(&self) -> Fence {
        Fence { epoch: self.epoch(), sequence: self.order.sequence() }
    }

    /// Whether none of the tags, nor everything, was invalidated here since the fence, or is held: nothing is noted of them for that. Mostly
    /// nothing at all was, and no tag has to be asked.
    ///
    /// In this order: a writer invalidates before it releases, so what was released meanwhile shows in the sequence, and in the bucket.
    pub(crate) fn stand_since<'a>(&self, fence: &Fence, mut tags: impl Iterator<Item = &'a Tag>) -> bool {
        let nothing_held = self.held.load(Ordering::SeqCst) == 0;
        if !fence.epoch.is_servable() {
            return false;
        }
        let still = nothing_held && self.order.sequence() == fence.sequence;
        still || !self.order.changed_since(EVERYTHING, fence.sequence) && tags.all(|tag| self.stands_since(fence, tag))
    }

    fn stands_since(&self, fence: &Fence, tag: &Tag) -> bool {
        let is_held = self.cell(tag).is_some_and(|cell| cell.is_held());
        !is_held && !self.order.changed_since(self.order.bucket(tag.ordered()), fence.sequence)
    }

    /// One more of the cells is about to be held.
    pub(super) fn note_held(&self) {
        self.held.fetch_add(1, Ordering::SeqCst);
    }

    /// It is not held any more.
    pub(super) fn note_released(&self) {
        self.held.fetch_sub(1, Ordering::SeqCst);
    }

    /// The tag as it is now; its record is created if it has none.
    pub(crate) fn see(&self, tag: &Tag) -> Seen {
        let mut held = Vec::new(); // settled after the shard is given back: that is told to subscribers
        let seen = self.see_in_shard(tag, &mut held);
        if !held.is_empty() {
            let now = self.clock.precise();
            held.iter().for_each(|cell| cell.settle(now));
        }
        seen
    }

    fn see_in_shard(&self, tag: &Tag, held: &mut Vec<Arc<TagCell>>) -> Seen {
        let hash = self.hash(tag);
        let mut shard = self.shard(hash).lock();
        if let Some(cell) = shard.cells.find(hash, |cell| cell.tag() == tag) {
            return Seen::now(Arc::clone(cell));
        }
        if shard.cells.len() >= shard.sweep_at {
            *held = shard.sweep();
        }
        let bucket = self.order.bucket(tag.ordered());
        let cell = Arc::new(TagCell::new(tag.clone(), bucket, Weak::clone(&self.this)));
        shard.cells.insert_unique(hash, Arc::clone(&cell), |cell| self.hash(cell.tag()));
        Seen::now(cell)
    }

    /// Sequence, buckets, cells: the order that fills rely on. A tag without a record leaves nothing behind but its bucket.
    pub(super) fn invalidate(&self, tags: &[Tag]) {
        let now = self.clock.precise();
        let sequence = self.order.advance();
        if Mistake::CellsBeforeBuckets.is_made() {
            self.bump(tags, now);
        }
        self.pauses.reach(Point::Note);
        for tag in tags {
            self.order.note(self.order.bucket(tag.encoded()), sequence);
        }
        self.pauses.reach(Point::Outdate);
        if !Mistake::CellsBeforeBuckets.is_made() {
            self.bump(tags, now);
        }
    }

    fn bump(&self, tags: &[Tag], now: Moment) {
        for tag in tags {
            if let Some(cell) = self.cell(tag) {
                cell.bump(now);
            }
        }
    }

    /// How much has been heard so far: to be taken **before** a lookup is sent whose answer may be kept near.
    pub(crate) fn heard(&self) -> Heard {
        Heard(self.news.as_ref().map_or(0, Order::sequence))
    }

    /// The records of these names may have changed in the store outside: the same steps as an invalidation takes, in their own
    /// order, so that nothing computed here is refused because of a record that was only made.
    pub(super) fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        let Some(news) = &self.news else { return };
        let sequence = news.advance();
        if Mistake::NewsBeforeBuckets.is_made() {
            self.hear(tags, keys);
        }
        self.pauses.reach(Point::Note);
        let names = tags.iter().map(Tag::encoded).chain(keys.iter().copied());
        names.for_each(|name| news.note(self.order.bucket(name), sequence));
        self.pauses.reach(Point::Outdate);
        if !Mistake::NewsBeforeBuckets.is_made() {
            self.hear(tags, keys);
        }
    }

    fn hear(&self, tags: &[Tag], keys: &[&[u8]]) {
        let of_keys = keys.iter().filter_map(|key| Tag::of_key(key));
        for tag in tags.iter().cloned().chain(of_keys) {
            if let Some(cell) = self.cell(&tag) {
                cell.hear();
            }
        }
    }

    /// The copies of a key's places are outdated: the last step of an invalidation by key. Without copies there is nothing to do.
    pub(super) fn invalidate_places(&self, key: &[u8]) {
        if self.news.is_some()
            && let Some(cell) = Tag::of_key(key).and_then(|tag| self.cell(&tag))
        {
            cell.bump(self.clock.precise());
        }
    }

    fn cell(&self, tag: &Tag) -> Option<Arc<TagCell>> {
        let hash = self.hash(tag);
        self.shard(hash).lock().cells.find(hash, |cell| cell.tag() == tag).cloned()
    }

    /// Any record may have changed.
    pub(super) fn forget_everything(&self) {
        let Some(news) = &self.news else { return };
        news.note(EVERYTHING, news.advance());
        self.everything.hear();
    }

    /// Whether nothing was heard since of the tags, of the key and of everything. To be asked when the cells of the tags have
    /// been read.
    pub(super) fn is_silent_since(&self, heard: Heard, key: &[u8], tags: &[Seen]) -> bool {
        let Some(news) = &self.news else { return false };
        let changed = |bucket| news.changed_since(bucket, heard.0);
        !(changed(EVERYTHING) || changed(self.order.bucket(key)) || tags.iter().any(|seen| changed(seen.cell.bucket)))
    }

    /// A new epoch: everything in the namespace is outdated at once.
    pub(super) fn invalidate_everything(&self) {
        self.invalidate_cell(&self.everything, self.clock.precise());
    }

    /// `at` is the moment that the cell remembers.
    pub(super) fn invalidate_cell(&self, cell: &TagCell, at: Moment) {
        let sequence = self.order.advance();
        self.order.note(cell.bucket, sequence);
        cell.bump(at);
    }

    /// Marks the tags for a new writer until `within` has passed.
    pub(super) fn hold(&self, tags: &[Tag], within: Duration) -> Held {
        let cells = tags.iter().map(|tag| self.see(tag).cell).collect();
        self.hold_cells(cells, within)
    }

    /// Marks the whole namespace: for a write that could not be understood.
    pub(super) fn hold_everything(&self, within: Duration) -> Held {
        self.hold_cells(vec![Arc::clone(&self.everything)], within)
    }

    fn hold_cells(&self, cells: Vec<Arc<TagCell>>, within: Duration) -> Held {
        let writer = self.writers.fetch_add(1, Ordering::Relaxed);
        let deadline = self.clock.deadline(within);
        let now = self.clock.precise();
        for cell in &cells {
            cell.settle_if_held(now);
            cell.hold(writer, now, deadline);
        }
        Held { writer, cells }
    }

    fn hash(&self, tag: &Tag) -> u64 {
        self.hasher.hash_one(tag.encoded())
    }

    /// By other bits than those that tables look at.
    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        &self.shards[((hash >> 32) % SHARDS as u64) as usize]
    }

    #[cfg(test)]
    pub(super) fn records(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().cells.len()).sum()
    }
}

impl Shard {
    /// Yields those that are held: if that has come to its end, the next sweep takes them.
    fn sweep(&mut self) -> Vec<Arc<TagCell>> {
        let mut held = Vec::new();
        self.cells.retain(|cell| {
            let is_carried = Arc::strong_count(cell) > 1 && !Mistake::RecordRecreated.is_made();
            if cell.is_held() {
                held.push(Arc::clone(cell));
            }
            is_carried || cell.is_held()
        });
        self.sweep_at = (2 * self.cells.len()).max(FIRST_SWEEP);
        held
    }
}

/// The tags that one writer holds.
#[derive(Debug)]
pub(crate) struct Held {
    writer: u64,
    cells: Vec<Arc<TagCell>>,
}

impl Held {
    pub(crate) fn release(&self) {
        for cell in &self.cells {
            cell.release(self.writer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    fn domain(clock: Clock) -> Arc<Domain> {
        Domain::new(clock.clone(), Arc::new(Events::new("", clock, None)), Records::Here)
    }

    #[test]
    fn tags_that_nobody_carries_are_swept() {
        let domain = domain(Clock::system());
        let carried: Vec<_> = (0..1_000).map(|n| domain.see(&Tag::new(format!("carried {n}")))).collect();
        for n in 0..100_000 {
            domain.see(&Tag::new(format!("dropped {n}")));
        }
        assert!(domain.records() < 20_000, "{} records", domain.records());
        domain.invalidate(&[Tag::new("carried 7")]);
        assert!(!carried[7].is_current(), "a carried tag stays within reach");
        assert!(carried[8].is_current());
    }

    #[test]
    fn holds_that_were_dropped_leave_nothing_behind_once_their_deadline_has_passed() {
        let clock = ManualClock::new();
        let domain = domain(clock.clock());
        for n in 0..100_000 {
            drop(domain.hold(&[Tag::new(format!("row {n}")), Tag::new("table")], Duration::from_secs(30)));
            clock.advance(Duration::from_secs(1));
        }
        assert!(domain.records() < 20_000, "{} records", domain.records());
        let table = domain.see(&Tag::new("table")).cell;
        assert!(table.holds_now() < 100, "{} holds", table.holds_now());
    }

    /// A subscriber that looks whether a lock is held while it is told something.
    struct Looks(Arc<Domain>);

    impl tracing::Subscriber for Looks {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, _: &tracing::Event<'_>) {
            assert!(self.0.shards.iter().all(|shard| shard.try_lock().is_some()), "it may use the cache itself");
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn an_expired_hold_that_a_sweep_meets_is_told_without_a_lock() {
        let clock = ManualClock::new();
        let domain = domain(clock.clock());
        let held = Tag::new("held");
        drop(domain.hold(std::slice::from_ref(&held), Duration::from_secs(30)));
        clock.advance(Duration::from_secs(30));
        tracing::subscriber::with_default(Looks(Arc::clone(&domain)), || {
            for n in 0..100_000 {
                drop(domain.see(&Tag::new(format!("row {n}"))));
            }
        });
        assert!(!domain.see(&held).cell.is_held(), "a sweep has met it");
    }

    #[test]
    fn tags_stand_until_one_of_them_or_everything_is_invalidated() {
        let domain = domain(Clock::system());
        let tags = ["first", "second"].map(Tag::new);
        let stand = |fence: &Fence| domain.stand_since(fence, tags.iter());
        let fence = domain.fence();
        assert!(stand(&fence));
        domain.invalidate(&[Tag::new("another")]);
        assert!(stand(&fence));
        domain.invalidate(&tags[1..]);
        assert!(!stand(&fence) && stand(&domain.fence()));
        let (before, sequence) = (domain.fence(), domain.order.advance());
        let half_done = domain.fence();
        domain.order.note(EVERYTHING, sequence);
        domain.everything.bump(0);
        assert!(!stand(&before));
        assert!(!stand(&half_done), "the invalidation had begun, and has ended since");
        assert_eq!(domain.records(), 0, "who asks leaves no record");
    }

    #[test]
    fn tags_stand_while_others_are_held_and_again_when_the_last_hold_is_gone() {
        let clock = ManualClock::new();
        let domain = domain(clock.clock());
        let fence = domain.fence();
        let (first, second) = (Tag::new("first"), Tag::new("second"));
        let stands = |tag: &Tag| domain.stand_since(&fence, std::iter::once(tag));
        let holds = [vec![first.clone(), second.clone()], vec![first.clone()]];
        let [both, one] = holds.map(|tags| domain.hold(&tags, Duration::from_secs(30)));
        assert!(!stands(&first) && !stands(&second));
        both.release();
        assert!(!stands(&first) && stands(&second));
        one.release();
        one.release();
        assert!(stands(&first) && domain.held.load(Ordering::SeqCst) == 0);
        let everything = domain.hold_everything(Duration::from_secs(30));
        assert!(!stands(&first));
        everything.release();
        assert!(stands(&first));
        drop(domain.hold(std::slice::from_ref(&first), Duration::from_secs(30)));
        clock.advance(Duration::from_secs(30));
        assert!(!stands(&first) && stands(&second), "nobody has met it yet");
        domain.see(&first).cell.settle(0);
        assert!(!stands(&first) && domain.held.load(Ordering::SeqCst) == 0, "that was an invalidation");
        assert!(domain.stand_since(&domain.fence(), std::iter::once(&first)));
    }

    #[test]
    fn invalidating_a_tag_that_nobody_has_seen_leaves_no_record() {
        let domain = domain(Clock::system());
        domain.invalidate(&[Tag::new("unheard of")]);
        assert_eq!(domain.records(), 0);
    }
}
