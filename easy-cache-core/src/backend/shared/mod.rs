//! Stores outside the process: what one has to do, in one trip each, and the adapter for those that can do less.
//!
//! Bytes only: what is in a payload, and who asked for it, is not known here. Reading order: `contract` (the trait [`Store`]
//! and its vocabulary), `owned` (a lookup that borrows nothing), `version`, `envelope` (stored bytes), `breaker` (who is down is left alone), `backoff` (when to connect anew), `inspect` (what operators ask), `plain` (five methods over bytes, and the protocol on top).

mod backoff;
mod breaker;
mod contract;
mod envelope;
mod inspect;
mod owned;
pub(crate) mod plain;
mod version;

pub(crate) use breaker::KeptPass;
pub use backoff::Backoff;
pub use breaker::{BREAKER_FAILURES, BREAKER_PAUSE, Breaker, Circuit, Pass};
pub use contract::{
    Asked, Fill, Filled, Following, Hit, Leased, Look, Looked, Mark, Mirror, Miss, MissReason, Store, StoreFence,
    StoreFuture, VersionedTag,
};
pub use envelope::{Envelope, Unreadable};
pub use inspect::{Dependency, DependsOn, Found, Inspect, Progress, RecordState, Stored, Survey};
pub use owned::OwnedLook;
pub use plain::{Adapter, PlainStore, Remembered};
pub use version::Version;
