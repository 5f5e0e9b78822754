//! Lookup, fill and invalidation over a bounded concurrent map.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::Lifecycle;

use super::cell::Seen;
use super::domain::{Domain, Fence, Heard, Held, Records};
use super::entry::{Asks, ByEntry, Entry, Kept, Miss, Reader, Slot};
use super::key::{KeyRef, OwnedKey};
use super::list::{Facts, List};
use super::order::Bucket;
use super::origin::Origin;
use crate::clock::{Clock, Moment, NEVER};
use crate::events::{Events, Refusal};
use crate::freshness::Times;
use crate::mistake::Mistake;
use crate::pause::Point;
use crate::sync::{self, Entries as Map, Mutex, RandomState};
use crate::value::Shared;
use crate::{Policy, Tag};

const STRIPES: usize = sync::scaled(256);
/// What an entry costs beside its key and its value: the map's slot, reference counts, the list of tags.
const OVERHEAD: u64 = 184;
const PER_TAG: u64 = size_of::<Seen>() as u64;

type Entries = Map<OwnedKey, Slot, ByEntry, RandomState, Removed>;

/// Hands out everything that an insertion removes, so that it is dropped outside of all locks: a value's own `Drop` may
/// use the cache.
#[derive(Debug, Clone)]
struct Removed;

impl Lifecycle<OwnedKey, Slot> for Removed {
    type RequestState = Taken;

    fn on_evict(&self, removed: &mut Taken, key: OwnedKey, slot: Slot) {
        removed.push((key, slot));
    }
}

/// What one insertion removes: mostly one entry, if any.
#[derive(Default)]
struct Taken {
    first: Option<(OwnedKey, Slot)>,
    more: Vec<(OwnedKey, Slot)>,
}

impl Taken {
    fn push(&mut self, taken: (OwnedKey, Slot)) {
        if self.first.is_none() { self.first = Some(taken) } else { self.more.push(taken) }
    }

    fn iter(&self) -> impl Iterator<Item = &(OwnedKey, Slot)> {
        self.first.iter().chain(&self.more)
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
    /// Its tags by name, known before the computation or only from its result (the same rule holds for both), and how long
    /// it is good.
    pub(crate) policy: &'a Policy,
    /// What was collected on the way.
    pub(crate) used: Used,
    /// When the computation began.
    pub(crate) began: Moment,
    /// What the value itself weighs.
    pub(crate) weight: u64,
    pub(crate) random: f64,
    /// What it was before, if it is not new but has only been confirmed.
    pub(crate) renews: Option<Kept>,
}

/// What a computation has used.
#[derive(Debug)]
pub(crate) struct Used {
    /// Tags, with the version that was seen.
    pub(crate) seen: Vec<Seen>,
    /// When the first of the cached values ends.
    pub(crate) until: Moment,
    /// What stores outside the process say of those tags.
    pub(crate) origins: Vec<Arc<Origin>>,
}

impl Used {
    pub(crate) const NOTHING: Self = Self { seen: Vec::new(), until: NEVER, origins: Vec::new() };
}

/// Under which conditions an entry is put in its place.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// It ends at once, and only takes the place of what was there.
    pub(super) removes: bool,
    /// What must still be there.
    pub(super) renews: Option<&'a Kept>,
    /// It is a copy of what a store outside said, when so much had been heard.
    pub(super) heard: Option<Heard>,
}

/// What became of a fill.
#[derive(Debug)]
pub(crate) enum Filled {
    /// It is stored; or as good as stored, but a value from behind a newer fence is in place, or its ttl is zero.
    Valid(List),
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
    pub(super) domain: Arc<Domain>,
    entries: Entries,
    stripes: Box<[Mutex<()>]>,
    pub(super) clock: Clock,
    events: Arc<Events>,
}

impl MemoryStore {
    /// An empty store of a namespace whose records are there.
    pub(crate) fn new(capacity: Capacity, clock: Clock, events: Arc<Events>, records: Records) -> Self {
        let hasher = RandomState::new();
        let entries = Entries::with(capacity.entries, capacity.weight, ByEntry, hasher, Removed);
        let stripes = (0..STRIPES).map(|_| Mutex::new(())).collect();
        let domain = Domain::new(clock.clone(), Arc::clone(&events), records);
        Self { domain, entries, stripes, clock, events }
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
    ///
    /// Inlined also where there are two callers: the call is a thirtieth of a hit.
    #[inline(always)]
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
    pub(crate) fn lookup(&self, key: &[u8]) -> Result<Kept, Miss> {
        match self.read(key, Asks::Details) {
            Some(Slot::Servable(kept)) => Ok(kept),
            Some(Slot::Refused(miss)) => Err(self.settled(miss)),
            Some(Slot::Stored(_) | Slot::Value(_)) | None => Err(Miss::Absent),
        }
    }

    /// Whatever is there, for a judge.
    pub(crate) fn inspect(&self, key: &[u8]) -> Option<Kept> {
        match self.read(key, Asks::Anything) {
            Some(Slot::Servable(kept)) => Some(kept),
            _ => None,
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
            tags.tags().iter().filter(|seen| seen.cell.is_held()).for_each(|seen| seen.cell.settle(now));
        }
        miss
    }

    pub(crate) fn fill(&self, fill: Fill<'_>) -> Filled {
        let tags = match self.resolve(fill.fence, fill.policy.named_tags().iter(), fill.used.seen) {
            Ok(tags) => tags,
            Err(refusal) => return Filled::Refused(refusal),
        };
        let now = self.clock.precise();
        let times = Times::new(fill.policy, now, fill.began, fill.used.until, fill.random);
        let (attention, ends) = (times.attention(fill.policy), times.fresh_until <= now);
        let weight = weight_of(fill.weight, fill.key, tags.len());
        let facts = Facts { times, fence: fill.fence.sequence, weight, clock: self.clock.id(), origin: None };
        let list = List::new(facts, tags);
        self.domain.pauses.reach(Point::Insert);
        let terms = Terms { removes: ends, renews: fill.renews.as_ref(), heard: None };
        self.insert(fill.key, Entry { value: fill.value, list, attention }, terms)
    }

    /// A list for what is not stored, but used by what may be.
    pub(crate) fn list(&self, fence: &Fence, policy: &Policy, used: Used) -> Result<List, Refusal> {
        let now = self.clock.precise();
        let times = Times::new(&Policy::new(), now, now, used.until, 0.0);
        self.list_for(fence, policy, used, times)
    }

    /// A list for what is stored outside of this process, if nothing here speaks against it.
    pub(crate) fn list_outside(&self, fill: &Fill<'_>, used: Used) -> Result<List, Refusal> {
        if self.is_dropped_since(fill.key, fill.fence) {
            return Err(Refusal::Key);
        }
        let now = self.clock.precise();
        let times = Times::new(fill.policy, now, fill.began, used.until, fill.random);
        self.list_for(fill.fence, fill.policy, used, times)
    }

    /// What a value from outside the process depends on, by the names that came with it; refused if one of them was invalidated here
    /// since the fence.
    pub(crate) fn list_arrived<'a>(
        &self,
        fence: &Fence,
        tags: impl ExactSizeIterator<Item = &'a Tag>,
        times: Times,
    ) -> Result<List, Refusal> {
        let tags = self.resolve(fence, tags, Vec::new())?;
        Ok(List::new(Facts { times, fence: fence.sequence, weight: 0, clock: self.clock.id(), origin: None }, tags))
    }

    /// Whether the key was invalidated after the fence.
    pub(crate) fn is_dropped_since(&self, key: &[u8], fence: &Fence) -> bool {
        self.domain.order.changed_since(self.domain.order.bucket(key), fence.sequence)
    }

    /// Whether all tags are this namespace's own.
    pub(crate) fn owns(&self, list: &List) -> bool {
        list.tags().iter().all(|seen| seen.cell.belongs_to(&self.domain))
    }

    fn list_for(&self, fence: &Fence, policy: &Policy, used: Used, times: Times) -> Result<List, Refusal> {
        let tags = self.resolve(fence, policy.named_tags().iter(), used.seen)?;
        let origin = Origin::agreed(used.origins)?;
        Ok(List::new(Facts { times, fence: fence.sequence, weight: 0, clock: self.clock.id(), origin }, tags))
    }

    /// Reads the cells, then checks the buckets. Yields the versions that an entry must carry, the epoch's among them.
    pub(super) fn resolve<'a>(
        &self,
        fence: &Fence,
        names: impl Iterator<Item = &'a Tag>,
        collected: Vec<Seen>,
    ) -> Result<Vec<Seen>, Refusal> {
        // Sequences of two caches mean nothing to each other.
        if !fence.epoch.cell.belongs_to(&self.domain) {
            return Err(Refusal::Everything);
        }
        let mut tags = if collected.capacity() == 0 { List::desk() } else { collected };
        tags.reserve(names.size_hint().0 + 1);
        tags.push(fence.epoch.clone());
        if Mistake::SeenVersionsUncompared.is_made() || Mistake::EpochUnchecked.is_made() {
            self.see_again(&mut tags, fence);
        }
        tags.extend(names.map(|tag| self.domain.see(tag)));
        let tags = merged(tags)?;
        // What is in a store outside is met by its names alone, and nobody else would ever settle a hold that has expired here.
        if self.domain.is_shared && tags.iter().any(|seen| seen.cell.is_held()) {
            let now = self.clock.precise();
            tags.iter().for_each(|seen| seen.cell.settle_if_held(now));
        }
        let unchanged = |seen: &Seen| seen.is_current() && !self.is_ahead_of(fence, seen);
        if let Some(changed) = tags.iter().find(|seen| !unchanged(seen)) {
            return Err(refusal(changed));
        }
        // What happens to such a tag elsewhere would not be heard of here.
        let deaf = |seen: &Seen| !seen.cell.belongs_to(&self.domain) && seen.cell.is_shared();
        if tags.iter().any(deaf) { Err(Refusal::Foreign) } else { Ok(tags) }
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
    ///
    /// What was only confirmed must still be in its place. An invalidation by key that had begun before the fence was taken counts
    /// as older than the fence, and yet may not have removed the old value when that was looked at.
    pub(super) fn insert(&self, key: &[u8], entry: Entry, terms: Terms<'_>) -> Filled {
        let bucket = self.domain.order.bucket(key);
        let fence = entry.list.facts().fence;
        let mut removed = Dropped::by(self, key, &entry); // after the stripe
        let early = Mistake::KeyCheckedBeforeStripe.is_made().then(|| self.domain.order.changed_since(bucket, fence));
        let _stripe = self.stripe(bucket).lock();
        if early.unwrap_or_else(|| self.domain.order.changed_since(bucket, fence)) {
            return Filled::Refused(Refusal::Key);
        }
        if terms.renews.is_some_and(|former| !self.is_in_place(key, former)) {
            return Filled::Refused(Refusal::Key);
        }
        let silent = |heard| self.domain.is_silent_since(heard, key, entry.list.tags());
        if terms.heard.is_some_and(|heard| !silent(heard) && !Mistake::KeptNearUnasked.is_made()) {
            return Filled::Refused(Refusal::Key);
        }
        let list = entry.list.clone();
        if self.list_in_place(key).is_some_and(|other| other.facts().fence > fence) {
            return Filled::Valid(list);
        }
        if terms.removes {
            if let Some(former) = self.entries.remove(&KeyRef(key)) {
                removed.slots.push(former);
            }
            return Filled::Valid(list);
        }
        self.entries.insert_with_lifecycle(KeyRef(key).to_owned(), Slot::Stored(entry), &mut removed.slots);
        Filled::Valid(list)
    }

    /// Gives the entry other times, unless it was replaced or dropped meanwhile. Its tags stay, with the versions that it was
    /// built under: this makes nothing servable that an invalidation has outdated.
    pub(crate) fn amend(&self, key: &[u8], kept: &Kept, times: Times, attention: Moment) -> Kept {
        let list = kept.list.with(Facts { times, ..kept.list.facts().clone() });
        let amended = Kept { value: Arc::clone(&kept.value), list: list.clone() };
        let entry = Entry { value: Arc::clone(&kept.value), list, attention };
        let mut removed = Dropped::by(self, key, &entry); // after the stripe
        let _stripe = self.stripe(self.domain.order.bucket(key)).lock();
        if self.list_in_place(key).is_some_and(|list| list.is(&kept.list)) {
            self.entries.insert_with_lifecycle(KeyRef(key).to_owned(), Slot::Stored(entry), &mut removed.slots);
        }
        amended
    }

    fn list_in_place(&self, key: &[u8]) -> Option<List> {
        self.in_place(key, |entry| entry.list.clone())
    }

    /// Whether this very value is stored, be it with other times.
    fn is_in_place(&self, key: &[u8], kept: &Kept) -> bool {
        self.in_place(key, |entry| Arc::ptr_eq(&entry.value, &kept.value)).unwrap_or(false)
    }

    fn in_place<T>(&self, key: &[u8], look: impl FnOnce(&Entry) -> T) -> Option<T> {
        let (mut look, mut seen) = (Some(look), None);
        self.entries.remove_if(&KeyRef(key), |slot| {
            if let Slot::Stored(entry) = slot {
                seen = look.take().map(|look| look(entry));
            }
            false
        });
        seen
    }

    pub(crate) fn invalidate_tags(&self, tags: &[Tag]) {
        if !tags.is_empty() {
            self.domain.invalidate(tags);
            self.events.tags_invalidated(tags);
        }
    }

    pub(crate) fn invalidate_key(&self, key: &[u8]) {
        if Mistake::RemoveBeforeBucket.is_made() {
            drop(self.entries.remove(&KeyRef(key)));
            return self.domain.order.note(self.domain.order.bucket(key), self.domain.order.advance());
        }
        self.note_key(key);
        self.domain.invalidate_places(key);
        self.remove_key(key);
        self.events.key_invalidated(key);
    }

    /// The first half of an invalidation by key: fills from behind older fences are refused.
    fn note_key(&self, key: &[u8]) {
        let sequence = self.domain.order.advance();
        self.domain.pauses.reach(Point::Note);
        self.domain.order.note(self.domain.order.bucket(key), sequence);
    }

    /// The second half: what is stored is gone.
    pub(super) fn remove_key(&self, key: &[u8]) {
        self.domain.pauses.reach(Point::Outdate);
        let stripe = self.stripe(self.domain.order.bucket(key)).lock();
        let removed = self.entries.remove(&KeyRef(key));
        // The value's own `Drop` may use the cache.
        drop(stripe);
        drop(removed);
    }

    pub(crate) fn invalidate_everything(&self) {
        self.invalidate_everything_again();
        self.events.everything_invalidated();
    }

    /// What was invalidated before, once more, and told to nobody.
    pub(crate) fn invalidate_again<'a>(&self, tags: &[Tag], keys: impl Iterator<Item = &'a [u8]>) {
        if !tags.is_empty() {
            self.domain.invalidate(tags);
        }
        for key in keys {
            self.note_key(key);
            self.domain.invalidate_places(key);
            self.remove_key(key);
        }
    }

    /// The same for everything.
    pub(crate) fn invalidate_everything_again(&self) {
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

    /// Those of all keys in a bucket are one.
    fn stripe(&self, bucket: Bucket) -> &Mutex<()> {
        &self.stripes[usize::from(bucket) % STRIPES]
    }
}

/// What an entry takes, of so many bytes and tags.
pub(super) const fn weight_of(bytes: u64, key: &[u8], tags: usize) -> u64 {
    bytes.saturating_add(OVERHEAD + key.len() as u64 + PER_TAG * tags as u64)
}

/// Each cell once. Two versions of one tag cannot both be current.
fn merged(mut tags: Vec<Seen>) -> Result<Vec<Seen>, Refusal> {
    tags.sort_unstable_by_key(Seen::place);
    let differ = |pair: &&[Seen]| pair[0].same_cell(&pair[1]) && !pair[0].same_version(&pair[1]);
    if let Some(pair) = tags.windows(2).find(differ) {
        return Err(refusal(&pair[0]));
    }
    tags.dedup_by(|a, b| a.same_cell(b));
    Ok(tags)
}

fn refusal(changed: &Seen) -> Refusal {
    match changed.cell.tag() {
        tag if tag.is_of_key() => Refusal::Key,
        tag if tag.is_everything() => Refusal::Everything,
        tag => Refusal::Tag(tag.clone()),
    }
}

/// What an insertion took out of the map, until all locks are given back.
struct Dropped<'a> {
    store: &'a MemoryStore,
    key: &'a [u8],
    /// That of the new entry.
    list: List,
    slots: Taken,
}

impl<'a> Dropped<'a> {
    fn by(store: &'a MemoryStore, key: &'a [u8], entry: &Entry) -> Self {
        Self { store, key, list: entry.list.clone(), slots: Taken::default() }
    }
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        for (key, slot) in self.slots.iter() {
            let Slot::Stored(entry) = slot else { continue };
            // The key's own former value has been replaced; its new one comes back if it is too large.
            let (is_own, is_new) = (key.bytes() == self.key, entry.list.is(&self.list));
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

#[cfg(test)]
mod tests {
    use crate::{Cache, Loading};

    #[test]
    fn what_is_confirmed_while_an_invalidation_of_its_key_is_half_done_is_not_kept() {
        let cache = Cache::new();
        let store = &cache.engine().store;
        cache.set("k", 1).wait();
        store.note_key(b"k");
        let confirms = |loading: Loading<i32>| {
            let confirmed = loading.not_modified();
            store.remove_key(b"k");
            confirmed.ok_or(())
        };
        assert_eq!(cache.get_or_refresh_sync("k", confirms).refresh().wait(), Ok(1));
        assert_eq!(cache.get::<i32>("k").wait(), None, "the invalidation has returned");
    }

    #[test]
    fn what_is_confirmed_is_kept_also_if_a_failure_has_armed_it_anew_meanwhile() {
        let cache = Cache::new();
        cache.set("k", 1).wait();
        let confirms = |loading: Loading<i32>| {
            let kept = cache.engine().store.inspect(b"k").ok_or(())?;
            cache.engine().store.amend(b"k", &kept, kept.list.times().clone(), 0);
            loading.not_modified().ok_or(())
        };
        assert_eq!(cache.get_or_refresh_sync("k", confirms).refresh().wait(), Ok(1));
        assert_eq!(cache.get("k").wait(), Some(1));
    }
}
