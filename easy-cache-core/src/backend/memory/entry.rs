//! One stored value with the versions it was built under, and the decision whether it may be served now.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use super::cell::Seen;
use super::key::OwnedKey;
use crate::clock::Moment;
use crate::sync::thread_local;
use crate::value::Shared;

/// What the map keeps under a key.
pub(super) struct Entry {
    pub(super) value: Shared,
    /// Its tags and the epoch. Shared with the scopes that a hit is collected into.
    pub(super) tags: Arc<[Seen]>,
    pub(super) stored: Moment,
    pub(super) expires: Moment,
    /// The sequence of the fence it was computed behind.
    pub(super) fence: u64,
    pub(super) weight: u64,
}

impl Entry {
    /// What the reader gets. The decision whether it may be served is one comparison and one load per tag.
    #[inline]
    fn serve(&self, reader: Reader) -> Slot {
        if reader.now >= self.expires {
            return Slot::Refused(Miss::Expired);
        }
        if !self.tags.iter().all(Seen::is_servable) {
            return Slot::Refused(if self.is_current() { Miss::Held(Arc::clone(&self.tags)) } else { Miss::Outdated });
        }
        let value = Arc::clone(&self.value);
        let tags = match reader.asks {
            Asks::Value => return Slot::Value(value),
            Asks::Details => None,
            Asks::Tags => Some(Arc::clone(&self.tags)),
        };
        Slot::Servable(Found { value, tags, stored: self.stored, expires: self.expires })
    }

    /// Whether nothing but a hold can keep it from being served.
    #[cold]
    fn is_current(&self) -> bool {
        self.tags.iter().all(Seen::is_current)
    }
}

/// A value that may be served.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) value: Shared,
    /// Present if the reader asked for it.
    pub(crate) tags: Option<Arc<[Seen]>>,
    pub(crate) stored: Moment,
    pub(crate) expires: Moment,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("stored", &self.stored).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Why there is nothing to serve.
#[derive(Debug, Clone)]
pub(crate) enum Miss {
    /// Nothing is stored under the key.
    Absent,
    /// Its ttl has passed.
    Expired,
    /// A tag of it, or the whole namespace, was invalidated.
    Outdated,
    /// A writer holds a tag of it.
    Held(Arc<[Seen]>),
}

/// The value type of the map.
///
/// The map clones a value under the read lock of its shard, and offers no other way to look at it in place. So `Clone`
/// is where an entry is validated: cloning [`Slot::Stored`] yields what the reader gets, at the price of one reference
/// count for the value, and one more for the tags only if a scope collects them.
pub(super) enum Slot {
    Stored(Entry),
    /// Two words instead of all that is known: moving the rest around is a noticeable part of a hit.
    Value(Shared),
    Servable(Found),
    Refused(Miss),
}

/// What the reader passes to the validation: `Clone` takes no arguments.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub(super) now: Moment,
    pub(super) asks: Asks,
}

/// How much of an entry a reader asks for.
#[derive(Clone, Copy)]
pub(super) enum Asks {
    Value,
    /// The value and its times.
    Details,
    /// These, and the list of tags, which costs a second reference count.
    Tags,
}

thread_local! {
    static READER: Cell<Reader> = const { Cell::new(Reader { now: 0, asks: Asks::Value }) };
}

impl Reader {
    /// To be called right before the map is asked, on the same thread.
    #[inline]
    pub(super) fn announce(self) {
        READER.set(self);
    }
}

impl Clone for Slot {
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::Stored(entry) => entry.serve(READER.get()),
            Self::Value(_) | Self::Servable(_) | Self::Refused(_) => Self::Refused(Miss::Absent),
        }
    }
}

/// Weighs what is stored; the numbers were decided when the entry was made.
#[derive(Debug, Clone)]
pub(super) struct ByEntry;

impl quick_cache::Weighter<OwnedKey, Slot> for ByEntry {
    fn weight(&self, _: &OwnedKey, slot: &Slot) -> u64 {
        match slot {
            Slot::Stored(entry) => entry.weight,
            Slot::Value(_) | Slot::Servable(_) | Slot::Refused(_) => 1,
        }
    }
}
