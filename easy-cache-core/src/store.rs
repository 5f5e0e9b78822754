//! Stores outside the process: what to implement, and the vocabulary of it. Which one a cache uses is said to its builder.
//!
//! - [`PlainStore`]: five methods over bytes. Thirty lines make one; the [`Adapter`] runs the protocol on top of it.
//! - [`Store`]: the whole protocol, one trip for each operation, for stores that can do more than get and set.
//! - [`Inspect`]: what people who run a store ask of it; the command `easy-cache` is built on it.
//! - [`Breaker`]: for a store of several nodes, one around each. [`Backoff`]: for a store that keeps connections, one for each of them.

pub use crate::backend::shared::{
    Adapter, Asked, BREAKER_FAILURES, BREAKER_PAUSE, Backoff, Breaker, Circuit, Dependency, DependsOn, Envelope, Fill,
    Filled, Following, Found, Hit, Inspect, Leased, Look, Looked, Mark, Mirror, Miss, MissReason, OwnedLook, Pass, PlainStore,
    Progress, RecordState, Remembered, Store, StoreFence, StoreFuture, Stored, Survey, Unreadable, Version,
    VersionedTag,
};
