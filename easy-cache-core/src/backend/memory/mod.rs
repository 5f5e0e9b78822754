//! The memory store: the protocol of ARCHITECTURE.md as atomics and short locks, with values that are shared, not copied.
//!
//! One order of steps makes it right, and every file here keeps to it: a fill **reads the cells, then checks the buckets,
//! then inserts**; an invalidation **advances the sequence, then the bucket, then the cells**. The key's bucket is checked
//! and the entry inserted under the lock of the key's stripe, which a keyed invalidation takes as well.
//!
//! Reading order: `order` (sequence and buckets), `cell` (one tag's version and holds), `domain` (all tags of one
//! namespace), `origin` and `list` (what an entry depends on), `key` and `entry` (what is stored, and its
//! validation), `store` (lookup, fill, invalidate), `mirror` (copies of what a store outside has), `inspect` (why an entry is
//! served or not).

mod cell;
mod domain;
mod entry;
mod inspect;
mod key;
mod list;
mod mirror;
mod order;
mod origin;
mod store;

pub(crate) use cell::Seen;
#[cfg(feature = "testing")]
pub(crate) use domain::Domain;
pub(crate) use domain::{Fence, Heard, Held, Records};
pub(crate) use entry::{Kept, Miss};
pub(crate) use inspect::Inspected;
pub(crate) use list::List;
pub(crate) use mirror::Copied;
pub(crate) use origin::Origin;
pub(crate) use store::{Capacity, Fill, Filled, MemoryStore, Used};
