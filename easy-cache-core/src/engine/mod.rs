//! The engine: one flight per key, a fence before each computation, and tags that flow outward.
//!
//! Reading order: `collected` and `frame` (what was used so far, and who is computing on this thread), `ambient` (what layers above
//! put in force beside that), `flight` (one computation that several callers wait for), `fallback` (what may be served instead of waiting, or of failing), `join` (lookup, then lead or
//! follow), `ticket` (what a computation carries, and how it ends), `begun` (a computation with its frame and its fallback),
//! `away` (one that goes on behind its caller), `outside` (the store outside the process), `near` (copies of what is there),
//! `compute` (the whole journey of one call), `unanswered` (what remains of one that is dropped while it waits), `switches` (what
//! every hit asks first), `told` (what others hear of all this), `verify` (a hit that is computed once more; feature `testing`).

pub(crate) mod ambient;
pub(crate) mod away;
pub(crate) mod begun;
mod collected;
pub(crate) mod compute;
pub(crate) mod fallback;
pub(crate) mod flight;
pub(crate) mod frame;
pub(crate) mod join;
pub(crate) mod near;
pub(crate) mod outside;
pub(crate) mod switches;
pub(crate) mod ticket;
mod told;
mod unanswered;
#[cfg(feature = "testing")]
mod verify;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::backend::memory::{Capacity, Kept, List, MemoryStore, Miss, Records};
use crate::clock::{Clock, Moment, nanoseconds};
use crate::events::Events;
use crate::freshness::{Freshness, Standing, Verdict, judge};
use crate::spawn::Spawner;
use crate::store::Looked;
use crate::sync::RandomState;
#[cfg(feature = "testing")]
use crate::testing::Verification;
use crate::value::Shared;
use crate::{Format, Near, Policy};
use flight::{Flights, Lead, Patience, Tick};
use near::Hearing;
use outside::Outside;
use switches::Switches;

/// A store with the flights over it: what all handles of one cache share.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Tells this cache's computations from those of others that use the same key.
    pub(crate) id: u64,
    pub(crate) store: MemoryStore,
    /// The store outside the process, if there is one. Then nothing is kept in this one but copies.
    pub(crate) outside: Option<Outside>,
    /// Whether copies may be served; nothing if none are kept, or if what is kept here are no copies.
    pub(crate) near: Option<Hearing>,
    pub(crate) namespace: Box<str>,
    /// What stands between the parts of keys that are put together by hand.
    pub(crate) delimiter: Box<str>,
    /// Async callers and sync callers never wait for each other: a blocked thread may be the one that polls the leader.
    async_flights: Flights,
    sync_flights: Flights,
    pub(crate) switches: Switches,
    pub(crate) events: Arc<Events>,
    flight_wait: Duration,
    /// What a call does not say for itself.
    defaults: Policy,
    pub(crate) spawner: Spawner,
    /// Which hits are computed once more.
    #[cfg(feature = "testing")]
    pub(crate) verification: Option<Verification>,
    dice: RandomState,
    draws: AtomicU64,
}

/// A value that may be served to a call.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) value: Shared,
    /// What it depends on; absent if it was not accepted by the store.
    pub(crate) tags: Option<List>,
    pub(crate) stored: Moment,
    pub(crate) expires: Moment,
}

impl From<Kept> for Found {
    fn from(kept: Kept) -> Self {
        let (stored, expires) = (kept.list.times().stored, kept.list.times().fresh_until);
        Self { value: kept.value, tags: Some(kept.list), stored, expires }
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("stored", &self.stored).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// All that makes one cache differ from another.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) capacity: Capacity,
    pub(crate) clock: Clock,
    pub(crate) namespace: Box<str>,
    pub(crate) delimiter: Box<str>,
    pub(crate) flight_wait: Duration,
    pub(crate) defaults: Policy,
    pub(crate) events: Arc<Events>,
    pub(crate) spawner: Spawner,
    pub(crate) outside: Option<Outside>,
    pub(crate) near: Option<Near>,
    #[cfg(feature = "testing")]
    pub(crate) verification: Option<Verification>,
}

/// Which callers a flight serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Async,
    Sync,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Async => Self::Sync,
            Self::Sync => Self::Async,
        }
    }
}

impl Engine {
    pub(crate) fn new(setup: Setup) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let events = setup.events;
        let records = match (&setup.outside, setup.near) {
            (None, _) => Records::Here,
            (Some(_), None) => Records::Outside,
            (Some(_), Some(_)) => Records::Mirrored,
        };
        let store = MemoryStore::new(setup.capacity, setup.clock, Arc::clone(&events), records);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            store,
            near: setup.near.filter(|_| setup.outside.is_some()).map(Hearing::new),
            outside: setup.outside,
            namespace: setup.namespace,
            delimiter: setup.delimiter,
            async_flights: Flights::new(),
            sync_flights: Flights::new(),
            switches: Switches::default(),
            events,
            flight_wait: setup.flight_wait,
            defaults: setup.defaults,
            spawner: setup.spawner,
            #[cfg(feature = "testing")]
            verification: setup.verification,
            dice: RandomState::new(),
            draws: AtomicU64::new(0),
        }
    }

    /// A number between 0 and 1, for times only.
    pub(crate) fn random(&self) -> f64 {
        let draw = self.dice.hash_one(self.draws.fetch_add(1, Ordering::Relaxed));
        (draw >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn flights(&self, side: Side) -> &Flights {
        match side {
            Side::Async => &self.async_flights,
            Side::Sync => &self.sync_flights,
        }
    }

    /// How values are written for the store outside the process.
    pub(crate) fn format(&self) -> Format {
        self.outside.as_ref().map(|outside| outside.format).unwrap_or_default()
    }

    /// How long followers of this cache's flights wait.
    pub(crate) fn patience(&self) -> Patience<'_> {
        Patience { clock: self.store.clock(), wait: self.flight_wait }
    }

    /// Fills in what the call's policy leaves open.
    pub(crate) fn complete(&self, policy: &mut Policy) {
        if !self.defaults.is_empty() {
            policy.or(&self.defaults);
        }
    }

    /// The policy with what it leaves open: a copy, if there is anything to fill in.
    pub(crate) fn completed<'a>(&self, policy: &'a Policy) -> Cow<'a, Policy> {
        let mut policy = Cow::Borrowed(policy);
        if !self.defaults.is_empty() {
            self.complete(policy.to_mut());
        }
        policy
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.switches.set_enabled(enabled);
    }

    /// Whether this call may use the cache at all: it is switched on, and the call is not made inside a transaction.
    #[inline]
    pub(crate) fn is_usable(&self) -> bool {
        self.switches.are_on() && !frame::is_bypassing()
    }

    /// Whether this call may use what is kept in this process.
    #[inline]
    pub(crate) fn is_usable_here(&self) -> bool {
        self.is_usable() && self.is_proved()
    }

    /// A hit, with its tags handed to whoever is computing.
    pub(crate) fn hit(&self, key: &[u8]) -> Option<Found> {
        self.look(key).ok()
    }

    /// The same with the reason why there is none. What may not be used at all is absent.
    pub(crate) fn look(&self, key: &[u8]) -> Result<Found, Miss> {
        if !self.is_usable_here() {
            return Err(Miss::Absent);
        }
        Ok(self.serve(key, self.store.lookup(key)?, Verdict::Fresh))
    }

    /// Whatever is stored, and what a call with these wishes may do with it.
    pub(crate) fn judged(&self, key: &[u8], wishes: &Freshness) -> Option<(Kept, Verdict)> {
        if !self.is_usable() || self.outside.is_some() {
            return None;
        }
        let kept = self.store.inspect(key)?;
        let (standing, now) = (kept.list.standing(), self.store.clock().precise());
        let verdict = judge(kept.list.times(), standing, wishes, now, self.random());
        if let (Verdict::Outdated, Standing::Outdated { since }) = (verdict, standing)
            && kept.list.times().outdated_since().is_none()
        {
            // From now on the bound is known, however often its tags are invalidated again.
            self.store.amend(key, &kept, kept.list.times().outdated(since), 0);
        }
        Some((kept, verdict))
    }

    /// Whatever is stored, also past its ttl, but nothing that is outdated or held.
    pub(crate) fn stale(&self, key: &[u8]) -> Option<Found> {
        if let Some(found) = self.hit(key) {
            return Some(found);
        }
        let kept = if self.is_usable() && self.outside.is_none() { self.store.inspect(key)? } else { return None };
        self.serve_stale(key, kept)
    }

    /// The same for what was found.
    pub(crate) fn serve_stale(&self, key: &[u8], kept: Kept) -> Option<Found> {
        let is_fresh = self.store.clock().precise() < kept.list.times().fresh_until;
        let verdict = if is_fresh { Verdict::Fresh } else { Verdict::Grace };
        (self.is_usable() && kept.list.standing() == Standing::Current).then(|| self.serve(key, kept, verdict))
    }

    /// Hands out a value. One that is not fresh must not be kept by whoever is computing with it.
    pub(crate) fn serve(&self, key: &[u8], kept: Kept, verdict: Verdict) -> Found {
        self.tell_served(key, verdict);
        Self::hand_out(kept, verdict)
    }

    /// The same for what has just come from the store outside.
    pub(crate) fn serve_from_outside(&self, key: &[u8], kept: Kept, verdict: Verdict) -> Found {
        if verdict.is_fresh() {
            self.tell_hit_outside(key);
        } else {
            self.tell_served(key, verdict);
        }
        Self::hand_out(kept, verdict)
    }

    fn hand_out(kept: Kept, verdict: Verdict) -> Found {
        if frame::is_collecting() {
            frame::collect_list(&kept.list);
            if !verdict.is_fresh() {
                frame::taint_as_stale();
            }
        }
        kept.into()
    }

    /// Until when the store outside has a value that would be served, of the kind that was last asked for.
    pub(crate) async fn fresh_outside_until(&self, key: &[u8]) -> Option<Moment> {
        let outside = self.outside.as_ref().filter(|_| self.is_usable())?;
        let (fence, heard) = (self.store.domain().fence(), self.store.domain().heard());
        match outside.look(key, outside.kind_of(key), &[]).await {
            Ok(Looked::Hit(hit)) => outside::arrived::fresh_until(self, key, hit, (&fence, heard)),
            _ => None,
        }
    }

    /// The lead of a new flight, unless one is under way, on either side: waiting for it is out of the question anyway.
    pub(crate) fn try_lead(&self, side: Side, key: &[u8]) -> Option<Lead> {
        self.try_lead_since(side, key, None)
    }

    /// The same for a caller that has read its fence already, after the tick `since`.
    pub(crate) fn try_lead_since(&self, side: Side, key: &[u8], since: Option<Tick>) -> Option<Lead> {
        let now = self.store.clock().precise();
        let patience = nanoseconds(self.flight_wait);
        let free = !self.flights(side.other()).is_under_way(key, now, patience);
        if free { self.flights(side).try_lead(key, now, patience, since) } else { None }
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
        let Kept { value, list } = self.store.lookup(key).ok()?;
        if !self.switches.are_plain() {
            if self.switches.verify_hits() || self.switches.are_near() && !self.is_proved() {
                return None;
            }
            if self.switches.tell_hits() {
                self.tell_hit(key);
            }
        }
        frame::collect(Some(list));
        Some(value)
    }
}
