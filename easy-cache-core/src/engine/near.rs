//! Copies of the entries of the store outside, in the memory store, where hits find them as they find any entry; and the one
//! question that decides whether they may: was everything that is old enough heard?
//!
//! The answer is one moment. The store asks for a proof on the connection that carries its news ([`Mirror::ask`]), and when the
//! answer has come that way, all news from before the question have come before it. So copies are good until the bound has passed
//! since the **question**. What is heard, and what is forgotten, is in `backend::memory::mirror`.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};

use super::outside::{Parcel, Trip};
use super::{Engine, Found};
use crate::backend::memory::{Copied, Fence, Heard, Kept, List, Origin};
use crate::clock::Moment;
use crate::freshness::{Times, Verdict};
use crate::store::{Asked, Filled, Following, Hit, Mirror};
use crate::sync::{AtomicU64, Mutex};
use crate::value::Shared;
use crate::{Near, Tag};

/// What is known of the store's news.
#[derive(Debug)]
pub(crate) struct Hearing {
    said: Near,
    /// Until when copies may be served, by the clock of the cache.
    proved_until: AtomicU64,
    /// How often everything had to be forgotten: a question from before proves nothing. Whoever changes the moment holds it.
    breaks: Mutex<u64>,
    following: OnceLock<Following>,
}

/// A question's content: the number of breaks above, the moment below, in microseconds.
const MOMENT_BITS: u32 = 48;
const MOMENT: u64 = (1 << MOMENT_BITS) - 1;
const MICROSECOND: u64 = 1_000;

impl Hearing {
    pub(crate) fn new(said: Near) -> Self {
        Self { said, proved_until: AtomicU64::new(0), breaks: Mutex::new(0), following: OnceLock::new() }
    }

    /// Whether copies may be served at this moment.
    #[inline]
    fn is_proved(&self, now: Moment) -> bool {
        now < self.proved_until.load(Ordering::Acquire)
    }

    fn lose(&self) {
        let mut breaks = self.breaks.lock();
        *breaks += 1;
        self.proved_until.store(0, Ordering::Release);
    }

    /// The moment is rounded down: a proof may last shorter, and never longer.
    fn ask(&self, now: Moment) -> Asked {
        let breaks = *self.breaks.lock();
        Asked::new(breaks << MOMENT_BITS | ((now / MICROSECOND) & MOMENT))
    }

    fn proved(&self, asked: Asked) {
        let breaks = self.breaks.lock();
        if asked.content() >> MOMENT_BITS != *breaks & (u64::MAX >> MOMENT_BITS) {
            return;
        }
        let asked = (asked.content() & MOMENT) * MICROSECOND;
        self.proved_until.fetch_max(asked.saturating_add(self.said.proof_lasts()), Ordering::Release);
    }
}

/// A cache, as its store sees it. Refers to it weakly: the cache keeps what keeps this.
#[derive(Debug)]
struct Mirrored(Weak<Engine>);

impl Mirrored {
    fn with<T>(&self, f: impl FnOnce(&Engine, &Hearing) -> T) -> Option<T> {
        let engine = self.0.upgrade()?;
        let hearing = engine.near.as_ref()?;
        Some(f(&engine, hearing))
    }
}

impl Mirror for Mirrored {
    fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        self.with(|engine, _| engine.store.forget(tags, keys));
    }

    fn forget_everything(&self) {
        self.with(|engine, hearing| {
            hearing.lose();
            engine.store.forget_everything();
        });
    }

    fn ask(&self) -> Asked {
        self.with(|engine, hearing| hearing.ask(engine.store.clock().precise())).unwrap_or(Asked::new(0))
    }

    fn proved(&self, asked: Asked) {
        self.with(|_, hearing| hearing.proved(asked));
    }
}

/// An entry of the store outside as it arrived, with what was noted before the lookup was sent.
pub(crate) struct Arrival<'a> {
    pub(crate) hit: &'a Hit,
    pub(crate) fence: &'a Fence,
    pub(crate) heard: Heard,
    /// By which it is invalidated, if that is not the key under which it is kept.
    pub(crate) owner: Option<Tag>,
}

impl Engine {
    /// Asks the store outside to tell this process of changes. From here on hits look whether it does.
    pub(crate) fn follow(self: &Arc<Self>) {
        let (Some(hearing), Some(outside)) = (&self.near, &self.outside) else { return };
        self.switches.look_near();
        match outside.follow(Arc::new(Mirrored(Arc::downgrade(self))), hearing.said.bound()) {
            Some(following) => drop(hearing.following.set(following)),
            None => self.events.not_followed(),
        }
    }

    /// Whether what is kept in this process may be served from: always, if it is not a copy.
    #[inline]
    pub(crate) fn is_proved(&self) -> bool {
        self.near.as_ref().is_none_or(|near| near.is_proved(self.store.clock().coarse()))
    }

    fn serves_copies(&self) -> bool {
        self.near.is_some() && self.is_usable() && self.is_proved()
    }

    /// The answer that a copy is, if there is one of the right kind.
    pub(crate) fn near_hit<R>(&self, key: &[u8], restore: impl FnOnce(Shared) -> Option<R>) -> Option<R> {
        if !self.serves_copies() {
            return None;
        }
        let kept = self.store.lookup(key).ok()?;
        let answer = restore(Arc::clone(&kept.value))?;
        self.serve(key, kept, Verdict::Fresh);
        Some(answer)
    }

    /// The copy of a place, told as a hit of it.
    pub(crate) fn near_found(&self, place: &[u8], copy: &[u8]) -> Option<Found> {
        if !self.serves_copies() {
            return None;
        }
        let kept = self.store.lookup(copy).ok()?;
        Some(self.serve(place, kept, Verdict::Fresh))
    }

    /// What an entry of the store outside depends on, with what the store says of it.
    pub(crate) fn list_near(&self, key: &[u8], arrival: &Arrival<'_>, times: Times) -> Option<List> {
        let hit = arrival.hit;
        let origin = Arc::new(Origin { epoch: hit.epoch, tags: hit.tags.clone() });
        let (weight, owner) = (hit.payload.len() as u64, arrival.owner.clone());
        let copied = Copied { key, fence: arrival.fence, times, origin, owner, weight };
        self.store.list_of_copy(copied).ok()
    }

    /// Keeps a copy of an entry that the store will tell of, if nothing was heard of it meanwhile.
    pub(crate) fn keep_near(&self, key: &[u8], arrival: &Arrival<'_>, kept: Kept) {
        let Some(near) = self.near.as_ref().filter(|_| arrival.hit.followed && self.is_proved()) else { return };
        let Kept { value, list } = kept;
        let end = self.store.clock().precise().saturating_add(near.said.keeps_for());
        let attention = list.times().fresh_until.min(end);
        self.store.keep_copy(key, value, &list, attention, arrival.heard);
    }

    /// Sends a value to the store. When that has ended, however, there may be another value than the copy in its place.
    pub(crate) fn filling(self: &Arc<Self>, parcel: Parcel) -> Option<Trip<Filled>> {
        let outside = self.outside.as_ref()?;
        if self.near.is_none() {
            return Some(outside.fill(parcel));
        }
        let (replaced, trip) = (Replaced(Arc::clone(self), parcel.key.clone()), outside.fill(parcel));
        Some(Box::pin(async move {
            let _replaced = replaced;
            trip.await
        }))
    }
}

/// An entry that this process is about to replace in the store outside.
struct Replaced(Arc<Engine>, Box<[u8]>);

impl Drop for Replaced {
    fn drop(&mut self) {
        self.0.store.forget(&[], &[&self.1]);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MILLISECOND: Moment = 1_000_000;

    fn hearing() -> Hearing {
        Hearing::new(Near::within(Duration::from_millis(105)))
    }

    #[test]
    fn a_proof_counts_from_its_question() {
        let hearing = hearing();
        assert!(!hearing.is_proved(0));
        let asked = hearing.ask(10 * MILLISECOND);
        hearing.proved(asked);
        assert!(hearing.is_proved(110 * MILLISECOND - 1));
        assert!(!hearing.is_proved(110 * MILLISECOND));
    }

    #[test]
    fn an_answer_that_is_overtaken_shortens_nothing() {
        let hearing = hearing();
        let (first, second) = (hearing.ask(0), hearing.ask(50 * MILLISECOND));
        hearing.proved(second);
        hearing.proved(first);
        assert!(hearing.is_proved(149 * MILLISECOND));
    }

    #[test]
    fn a_question_from_before_a_break_proves_nothing() {
        let hearing = hearing();
        let asked = hearing.ask(0);
        hearing.lose();
        hearing.proved(asked);
        assert!(!hearing.is_proved(0));
        hearing.proved(hearing.ask(0));
        assert!(hearing.is_proved(0));
    }

    #[test]
    fn a_bound_of_a_tick_serves_nothing() {
        let hearing = Hearing::new(Near::within(crate::clock::TICK));
        hearing.proved(hearing.ask(7));
        assert!(!hearing.is_proved(7));
    }
}
