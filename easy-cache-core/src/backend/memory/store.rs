//! Lookup, fill and invalidation over a bounded concurrent map.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::Lifecycle;

use super::cell::Seen;
use super::domain::{Domain, Fence, Held};
use super::entry::{Asks, ByEntry, Entry, Found, Miss, Reader, Slot};
use super::key::{KeyRef, OwnedKey};
use crate::Tag;
use crate::clock::{Clock, Moment, NEVER};
use crate::mistake::Mistake;
use crate::sync::{self, Entries as Map, Mutex, RandomState};
use crate::value::Shared;

const STRIPES: usize = sync::scaled(256);
/// What an entry costs beside its key and its value: the map's slot, reference counts, the list of tags.
const OVERHEAD: u64 = 160;
const PER_TAG: u64 = size_of::<Seen>() as u64;

type Entries = Map<OwnedKey, Slot, ByEntry, RandomState, Removed>;

/// Hands out everything that an insertion removes, so that it is dropped outside of all locks: a value's own `Drop` may
/// use the cache.
#[derive(Debug, Clone)]
struct Removed;

impl Lifecycle<OwnedKey, Slot> for Removed {
    type RequestState = Vec<(OwnedKey, Slot)>;

    fn on_evict(&self, removed: &mut Self::RequestState, key: OwnedKey, slot: Slot) {
        removed.push((key, slot));
    }
}

/// How much a store may keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) weight: u64,
    pub(crate) entries: usize,
}

/// All that is known about a computed value when it is offered to the store.
pub(crate) struct Fill<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) fence: &'a Fence,
    pub(crate) value: Shared,
    /// Tags by name, known before the computation or only from its result: the same rule holds for both.
    pub(crate) tags: &'a [Tag],
    /// Tags that were collected on the way, with the version that was seen.
    pub(crate) collected: Vec<Seen>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) weight: u64,
}

/// What became of a fill.
#[derive(Debug)]
pub(crate) enum Filled {
    /// It is stored.
    Stored(Arc<[Seen]>),
    /// It is as good as stored, but a value from behind a newer fence is in place, or its ttl is zero.
    Valid(Arc<[Seen]>),
    /// Something it depends on was invalidated since its fence.
    Outdated,
}

impl Filled {
    pub(crate) const fn is_valid(&self) -> bool {
        !matches!(self, Self::Outdated)
    }
}

/// The memory store of one namespace.
pub(crate) struct MemoryStore {
    domain: Arc<Domain>,
    entries: Entries,
    stripes: Box<[Mutex<()>]>,
    clock: Clock,
    hasher: RandomState,
}

impl MemoryStore {
    pub(crate) fn new(capacity: Capacity, clock: Clock) -> Self {
        let hasher = RandomState::new();
        let entries = Entries::with(capacity.entries, capacity.weight, ByEntry, hasher.clone(), Removed);
        let stripes = (0..STRIPES).map(|_| Mutex::new(())).collect();
        Self { domain: Domain::new(clock.clone()), entries, stripes, clock, hasher }
    }

    pub(crate) fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The number of entries, those that would not be served any more included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.entries.weight()
    }

    /// The value alone, for a reader that nobody collects tags for: one lookup in the map, one load for each tag of the
    /// entry, one reference count.
    #[inline]
    pub(crate) fn value(&self, key: &[u8]) -> Option<Shared> {
        match self.read(key, Asks::Value) {
            Some(Slot::Value(value)) => Some(value),
            Some(Slot::Refused(miss)) => {
                self.settled(miss);
                None
            }
            Some(Slot::Stored(_) | Slot::Servable(_)) | None => None,
        }
    }

    /// The same with all that is known about the value.
    #[inline]
    pub(crate) fn lookup(&self, key: &[u8], wants_tags: bool) -> Result<Found, Miss> {
        match self.read(key, if wants_tags { Asks::Tags } else { Asks::Details }) {
            Some(Slot::Servable(found)) => Ok(found),
            Some(Slot::Refused(miss)) => Err(self.settled(miss)),
            Some(Slot::Stored(_) | Slot::Value(_)) | None => Err(Miss::Absent),
        }
    }

    #[inline]
    fn read(&self, key: &[u8], asks: Asks) -> Option<Slot> {
        Reader { now: self.clock.coarse(), asks }.announce();
        self.entries.get(&KeyRef(key))
    }

    /// Whoever meets an expired hold turns it into an invalidation. The tag may be another cache's.
    #[cold]
    fn settled(&self, miss: Miss) -> Miss {
        if let Miss::Held(tags) = &miss {
            let now = self.clock.precise();
            tags.iter().filter(|seen| seen.cell.is_held()).for_each(|seen| seen.cell.settle(now));
        }
        miss
    }

    pub(crate) fn fill(&self, fill: Fill<'_>) -> Filled {
        let Some(tags) = self.resolve(fill.fence, fill.tags, fill.collected) else { return Filled::Outdated };
        let now = self.clock.precise();
        let expires = fill.ttl.map_or(NEVER, |ttl| self.clock.deadline(ttl));
        let entry = Entry {
            weight: fill.weight.saturating_add(OVERHEAD + fill.key.len() as u64 + PER_TAG * tags.len() as u64),
            value: fill.value,
            tags: Arc::clone(&tags),
            stored: now,
            expires,
            fence: fill.fence.sequence,
        };
        self.insert(fill.key, entry, tags, expires <= now)
    }

    /// Reads the cells, then checks the buckets. Yields the versions that an entry must carry, the epoch's among them.
    pub(crate) fn resolve(&self, fence: &Fence, names: &[Tag], collected: Vec<Seen>) -> Option<Arc<[Seen]>> {
        let mut tags = collected;
        tags.push(fence.epoch.clone());
        if Mistake::SeenVersionsUncompared.is_made() || Mistake::EpochUnchecked.is_made() {
            self.see_again(&mut tags, fence);
        }
        tags.extend(names.iter().map(|tag| self.domain.see(tag)));
        let tags = merged(tags)?;
        // A hold that has expired is an invalidation, also for the followers of a flight, who look at no entry.
        let now = self.clock.precise();
        if !Mistake::FillIgnoresExpiredHolds.is_made() {
            tags.iter().for_each(|seen| seen.cell.settle_if_held(now));
        }
        let unchanged = |seen: &Seen| seen.is_current() && !self.is_ahead_of(fence, seen);
        tags.iter().all(unchanged).then(|| tags.into())
    }

    /// Whether the tag's bucket has moved on since the fence. Of the tags of other caches, the fence knows nothing.
    fn is_ahead_of(&self, fence: &Fence, seen: &Seen) -> bool {
        let is_epoch = seen.same_cell(&fence.epoch);
        let skipped = Mistake::LateTagsUnchecked.is_made() || Mistake::EpochUnchecked.is_made() && is_epoch;
        let ours = seen.cell.belongs_to(&self.domain) && !skipped;
        ours && self.domain.order.changed_since(seen.cell.bucket, fence.sequence)
    }

    /// What no fill may do: take what was seen on the way, or the epoch, as it is now.
    #[cold]
    fn see_again(&self, tags: &mut [Seen], fence: &Fence) {
        let epoch_only = Mistake::EpochUnchecked.is_made();
        let again = tags.iter_mut().filter(|seen| !epoch_only || seen.same_cell(&fence.epoch));
        again.for_each(|seen| *seen = Seen::now(Arc::clone(&seen.cell)));
    }

    /// The check of the key and the insertion are one step for everybody else who changes this key.
    fn insert(&self, key: &[u8], entry: Entry, tags: Arc<[Seen]>, removes: bool) -> Filled {
        let bucket = self.domain.order.bucket(key);
        let mut removed = Vec::new(); // dropped after the stripe
        let early =
            Mistake::KeyCheckedBeforeStripe.is_made().then(|| self.domain.order.changed_since(bucket, entry.fence));
        let _stripe = self.stripe(key).lock();
        if early.unwrap_or_else(|| self.domain.order.changed_since(bucket, entry.fence)) {
            return Filled::Outdated;
        }
        if self.fence_in_place(key).is_some_and(|fence| fence > entry.fence) {
            return Filled::Valid(tags);
        }
        if removes {
            removed.extend(self.entries.remove(&KeyRef(key)));
            return Filled::Valid(tags);
        }
        self.entries.insert_with_lifecycle(KeyRef(key).to_owned(), Slot::Stored(entry), &mut removed);
        Filled::Stored(tags)
    }

    fn fence_in_place(&self, key: &[u8]) -> Option<u64> {
        let mut fence = None;
        self.entries.remove_if(&KeyRef(key), |slot| {
            if let Slot::Stored(entry) = slot {
                fence = Some(entry.fence);
            }
            false
        });
        fence
    }

    pub(crate) fn invalidate_tags(&self, tags: &[Tag]) {
        if !tags.is_empty() {
            self.domain.invalidate(tags);
        }
    }

    pub(crate) fn invalidate_key(&self, key: &[u8]) {
        if Mistake::RemoveBeforeBucket.is_made() {
            drop(self.entries.remove(&KeyRef(key)));
            return self.domain.order.note(self.domain.order.bucket(key), self.domain.order.advance());
        }
        let sequence = self.domain.order.advance();
        self.domain.order.note(self.domain.order.bucket(key), sequence);
        let stripe = self.stripe(key).lock();
        let removed = self.entries.remove(&KeyRef(key));
        // The value's own `Drop` may use the cache.
        drop(stripe);
        drop(removed);
    }

    pub(crate) fn invalidate_everything(&self) {
        self.domain.invalidate_everything();
        // Not `clear`, which drops values under its locks.
        self.entries.drain().for_each(drop);
    }

    pub(crate) fn hold(&self, tags: &[Tag], within: Duration) -> Held {
        self.domain.hold(tags, within)
    }

    pub(crate) fn hold_everything(&self, within: Duration) -> Held {
        self.domain.hold_everything(within)
    }

    pub(crate) fn remaining(&self, expires: Moment) -> Option<Duration> {
        (expires != NEVER).then(|| Duration::from_nanos(expires.saturating_sub(self.clock.precise())))
    }

    fn stripe(&self, key: &[u8]) -> &Mutex<()> {
        &self.stripes[(self.hasher.hash_one(key) % STRIPES as u64) as usize]
    }
}

/// Each cell once. Two versions of one tag cannot both be current: `None`.
fn merged(mut tags: Vec<Seen>) -> Option<Vec<Seen>> {
    tags.sort_unstable_by_key(Seen::place);
    if tags.windows(2).any(|pair| pair[0].same_cell(&pair[1]) && !pair[0].same_version(&pair[1])) {
        return None;
    }
    tags.dedup_by(|a, b| a.same_cell(b));
    Some(tags)
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("entries", &self.entries.len())
            .field("weight", &self.entries.weight())
            .field("capacity", &self.entries.capacity())
            .finish_non_exhaustive()
    }
}
