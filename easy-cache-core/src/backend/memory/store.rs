//! Lookup, fill and invalidation over a bounded concurrent map.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use parking_lot::Mutex;
use quick_cache::{Lifecycle, sync};

use super::cell::Seen;
use super::domain::{Domain, Fence, Held};
use super::entry::{Asks, ByEntry, Entry, Found, Miss, Reader, Slot};
use super::key::{KeyRef, OwnedKey};
use crate::Tag;
use crate::clock::{Clock, Moment, NEVER};
use crate::events::{Events, Refusal};
use crate::value::Shared;

const STRIPES: usize = 256;
/// What an entry costs beside its key and its value: the map's slot, reference counts, the list of tags.
const OVERHEAD: u64 = 160;
const PER_TAG: u64 = size_of::<Seen>() as u64;

pub(super) type Entries = sync::Cache<OwnedKey, Slot, ByEntry, RandomState, Removed>;

/// Hands out everything that an insertion removes, so that it is dropped outside of all locks: a value's own `Drop` may
/// use the cache.
#[derive(Debug, Clone)]
pub(super) struct Removed;

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
    Refused(Refusal),
}

impl Filled {
    pub(crate) const fn is_valid(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// The memory store of one namespace.
pub(crate) struct MemoryStore {
    domain: Arc<Domain>,
    pub(super) entries: Entries,
    stripes: Box<[Mutex<()>]>,
    clock: Clock,
    events: Arc<Events>,
    hasher: RandomState,
}

impl MemoryStore {
    pub(crate) fn new(capacity: Capacity, clock: Clock, events: Arc<Events>) -> Self {
        let hasher = RandomState::new();
        let entries = Entries::with(capacity.entries, capacity.weight, ByEntry, hasher.clone(), Removed);
        let stripes = (0..STRIPES).map(|_| Mutex::new(())).collect();
        let domain = Domain::new(clock.clone(), Arc::clone(&events));
        Self { domain, entries, stripes, clock, events, hasher }
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
        let tags = match self.resolve(fill.fence, fill.tags, fill.collected) {
            Ok(tags) => tags,
            Err(refusal) => return Filled::Refused(refusal),
        };
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
    pub(crate) fn resolve(&self, fence: &Fence, names: &[Tag], collected: Vec<Seen>) -> Result<Arc<[Seen]>, Refusal> {
        let mut tags = collected;
        tags.push(fence.epoch.clone());
        tags.extend(names.iter().map(|tag| self.domain.see(tag)));
        let tags = merged(tags)?;
        let unchanged = |seen: &Seen| {
            seen.is_current()
                && !(seen.cell.belongs_to(&self.domain)
                    && self.domain.order.changed_since(seen.cell.bucket, fence.sequence))
        };
        match tags.iter().find(|seen| !unchanged(seen)) {
            Some(changed) => Err(refusal(changed)),
            None => Ok(tags.into()),
        }
    }

    /// The check of the key and the insertion are one step for everybody else who changes this key.
    fn insert(&self, key: &[u8], entry: Entry, tags: Arc<[Seen]>, removes: bool) -> Filled {
        let bucket = self.domain.order.bucket(key);
        let mut removed = Dropped { store: self, key, value: Arc::clone(&entry.value), slots: Vec::new() }; // after the stripe
        let _stripe = self.stripe(key).lock();
        if self.domain.order.changed_since(bucket, entry.fence) {
            return Filled::Refused(Refusal::Key);
        }
        if self.fence_in_place(key).is_some_and(|fence| fence > entry.fence) {
            return Filled::Valid(tags);
        }
        if removes {
            removed.slots.extend(self.entries.remove(&KeyRef(key)));
            return Filled::Valid(tags);
        }
        self.entries.insert_with_lifecycle(KeyRef(key).to_owned(), Slot::Stored(entry), &mut removed.slots);
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
            self.events.tags_invalidated(tags);
        }
    }

    pub(crate) fn invalidate_key(&self, key: &[u8]) {
        let sequence = self.domain.order.advance();
        self.domain.order.note(self.domain.order.bucket(key), sequence);
        let stripe = self.stripe(key).lock();
        let removed = self.entries.remove(&KeyRef(key));
        // The value's own `Drop` may use the cache.
        drop(stripe);
        drop(removed);
        self.events.key_invalidated(key);
    }

    pub(crate) fn invalidate_everything(&self) {
        self.domain.invalidate_everything();
        // Not `clear`, which drops values under its locks.
        self.entries.drain().for_each(drop);
        self.events.everything_invalidated();
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

/// Each cell once. Two versions of one tag cannot both be current.
fn merged(mut tags: Vec<Seen>) -> Result<Vec<Seen>, Refusal> {
    tags.sort_unstable_by_key(|seen| Arc::as_ptr(&seen.cell));
    let differ = |pair: &&[Seen]| pair[0].same_cell(&pair[1]) && !pair[0].same_version(&pair[1]);
    if let Some(pair) = tags.windows(2).find(differ) {
        return Err(refusal(&pair[0]));
    }
    tags.dedup_by(|a, b| a.same_cell(b));
    Ok(tags)
}

fn refusal(changed: &Seen) -> Refusal {
    let tag = changed.cell.tag();
    if tag.is_everything() { Refusal::Everything } else { Refusal::Tag(tag.clone()) }
}

/// What an insertion took out of the map, until all locks are given back.
struct Dropped<'a> {
    store: &'a MemoryStore,
    key: &'a [u8],
    value: Shared,
    slots: Vec<(OwnedKey, Slot)>,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        for (key, slot) in &self.slots {
            let Slot::Stored(entry) = slot else { continue };
            // The key's own former value has been replaced; its new one comes back if it is too large.
            let (is_own, is_new) = (key.bytes() == self.key, Arc::ptr_eq(&entry.value, &self.value));
            if is_new || !is_own {
                self.store.events.evicted(key.bytes(), is_new);
            }
        }
    }
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
