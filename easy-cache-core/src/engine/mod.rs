//! The engine: one flight per key, a fence before each computation, and tags that flow outward.
//!
//! Reading order: `collected` and `frame` (what was used so far, and who is computing on this thread), `flight` (one computation that
//! several callers wait for), `join` (lookup, then lead or follow), `ticket` (what a computation carries, and how it ends),
//! `compute` (the whole journey of one call, as a future and as a plain function).

mod collected;
pub(crate) mod compute;
pub(crate) mod flight;
pub(crate) mod frame;
pub(crate) mod join;
pub(crate) mod switches;
pub(crate) mod ticket;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Policy;
use crate::backend::memory::{Capacity, Found, MemoryStore, Miss};
use crate::clock::Clock;
use crate::events::Events;
use crate::value::Shared;
use flight::{Flights, Patience};
use switches::Switches;

/// A store with the flights over it: what all handles of one cache share.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Tells this cache's computations from those of others that use the same key.
    pub(crate) id: u64,
    pub(crate) store: MemoryStore,
    pub(crate) namespace: Box<str>,
    /// Async callers and sync callers never wait for each other: a blocked thread may be the one that polls the leader.
    async_flights: Flights,
    sync_flights: Flights,
    pub(crate) switches: Switches,
    pub(crate) events: Arc<Events>,
    flight_wait: Duration,
    /// What a call does not say for itself.
    defaults: Policy,
}

/// Which callers a flight serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Async,
    Sync,
}

impl Engine {
    pub(crate) fn new(
        capacity: Capacity,
        clock: Clock,
        namespace: Box<str>,
        events: Events,
        flight_wait: Duration,
        defaults: Policy,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let events = Arc::new(events);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            store: MemoryStore::new(capacity, clock, Arc::clone(&events)),
            namespace,
            async_flights: Flights::new(),
            sync_flights: Flights::new(),
            switches: Switches::default(),
            events,
            flight_wait,
            defaults,
        }
    }

    pub(crate) fn flights(&self, side: Side) -> &Flights {
        match side {
            Side::Async => &self.async_flights,
            Side::Sync => &self.sync_flights,
        }
    }

    /// How long followers of this cache's flights wait.
    pub(crate) fn patience(&self) -> Patience<'_> {
        Patience { clock: self.store.clock(), wait: self.flight_wait }
    }

    /// Fills in what the call's policy leaves open.
    pub(crate) fn complete(&self, policy: &mut Policy) {
        policy.or(&self.defaults);
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.switches.set_enabled(enabled);
    }

    /// Whether this call may use the cache at all: it is switched on, and the call is not made inside a transaction.
    #[inline]
    pub(crate) fn is_usable(&self) -> bool {
        self.switches.are_on() && !frame::is_bypassing()
    }

    /// A hit, with its tags handed to whoever is computing.
    pub(crate) fn hit(&self, key: &[u8]) -> Option<Found> {
        self.find(key)?.ok()
    }

    /// The same, with the reason why there is none; nothing if the cache may not be used.
    pub(crate) fn find(&self, key: &[u8]) -> Option<Result<Found, Miss>> {
        if !self.is_usable() {
            return None;
        }
        let found = self.store.lookup(key, frame::is_collecting());
        if let Ok(found) = &found {
            frame::collect(found.tags.clone());
            if !self.switches.are_plain() {
                self.tell_hit(key);
            }
        }
        Some(found)
    }

    /// The same for who needs no more than the value. Outside any frame, this and the store's `value` are the whole hit
    /// path. Not inlined: a call is cheaper than a copy of the map's lookup in every cached function.
    pub(crate) fn hit_value(&self, key: &[u8]) -> Option<Shared> {
        if frame::is_collecting() {
            return self.hit_in_frame(key);
        }
        if self.switches.are_plain() { self.store.value(key) } else { self.hit_and_tell(key) }
    }

    /// The entry's reference to its tags is handed on, not copied. Not inlined either, to keep the path above short.
    #[inline(never)]
    fn hit_in_frame(&self, key: &[u8]) -> Option<Shared> {
        if !self.is_usable() {
            return None;
        }
        let Found { value, tags, .. } = self.store.lookup(key, true).ok()?;
        frame::collect(tags);
        if !self.switches.are_plain() {
            self.tell_hit(key);
        }
        Some(value)
    }
}
