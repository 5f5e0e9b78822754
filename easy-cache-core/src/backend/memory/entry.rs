//! One stored value with the versions it was built under, and the decision whether it may be served now.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use super::key::OwnedKey;
use super::list::List;
use crate::clock::Moment;
use crate::sync::thread_local;
use crate::value::Shared;

/// What the map keeps under a key: four words, of which a hit reads all.
pub(super) struct Entry {
    pub(super) value: Shared,
    pub(super) list: List,
    /// Until then it is served without a thought; afterwards somebody who knows the call's wishes has to judge it.
    pub(super) attention: Moment,
}

impl Entry {
    /// What the reader gets. The decision whether it may be served is one comparison and one load per tag.
    #[inline]
    fn serve(&self, reader: Reader) -> Slot {
        // Asked first, so that the most frequent reader is asked nothing else.
        match reader.asks {
            Asks::Value => self.unless_refused(reader.now, || Slot::Value(Arc::clone(&self.value))),
            Asks::Details => self.unless_refused(reader.now, || self.keep()),
            Asks::Anything => self.keep(),
        }
    }

    #[inline]
    fn unless_refused(&self, now: Moment, serve: impl FnOnce() -> Slot) -> Slot {
        if now >= self.attention {
            return Slot::Refused(Miss::Due);
        }
        if self.list.is_servable() { serve() } else { Slot::Refused(self.reason()) }
    }

    #[inline]
    fn keep(&self) -> Slot {
        Slot::Servable(Kept { value: Arc::clone(&self.value), list: self.list.clone() })
    }

    #[cold]
    fn reason(&self) -> Miss {
        if self.list.is_unchanged() { Miss::Held(self.list.clone()) } else { Miss::Outdated }
    }
}

/// A value that is stored, with all that is known about it.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) value: Shared,
    pub(crate) list: List,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("list", &self.list).finish_non_exhaustive()
    }
}

/// Why there is nothing to serve.
#[derive(Debug, Clone)]
pub(crate) enum Miss {
    /// Nothing is stored under the key.
    Absent,
    /// It has come to its moment of attention: past its ttl, or to be computed anew soon.
    Due,
    /// A tag of it, or the whole namespace, was invalidated.
    Outdated,
    /// A writer holds a tag of it.
    Held(List),
}

/// The value type of the map.
///
/// The map clones a value under the read lock of its shard, and offers no other way to look at it in place. So `Clone`
/// is where an entry is validated: cloning [`Slot::Stored`] yields what the reader gets, at the price of one reference
/// count for the value, and one more for its list only if somebody needs more than the value.
pub(super) enum Slot {
    Stored(Entry),
    /// Two words instead of all that is known: moving the rest around is a noticeable part of a hit.
    Value(Shared),
    Servable(Kept),
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
    /// The value and its list, which costs a second reference count.
    Details,
    /// The same, whether or not it may be served.
    Anything,
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
            Slot::Stored(entry) => entry.list.facts().weight,
            Slot::Value(_) | Slot::Servable(_) | Slot::Refused(_) => 1,
        }
    }
}
