//! What a computation carries from its start, and the ways it can end.

use std::sync::{Arc, Once};
use std::time::Duration;

use super::flight::{Key, Lead};
use super::frame::{self, Frame};
use super::outside::{Keeping, Label, Parcel, Sight};
use super::{Engine, Found};
use crate::backend::memory::{Fence, Fill, Filled, Kept, List, Seen, Used};
use crate::clock::{Moment, NEVER, nanoseconds};
use crate::events::{Load, LoadOutcome, Refusal};
use crate::freshness::Standing;
use crate::mistake::Mistake;
use crate::pause::Point;
use crate::plan::Plan;
use crate::value::Shared;
use crate::{Policy, Tag};

/// A computation under way: its fence, and the flight it leads, if others may wait for it.
///
/// Dropping it (a cancelled or panicking computation) passes leadership to a caller that waits.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) engine: Arc<Engine>,
    key: Key,
    fence: Fence,
    load: Load,
    lead: Option<Lead>,
    /// What the value was before, if it has only been confirmed.
    renews: Option<Kept>,
    /// What the store outside the process has said, if it was asked.
    sight: Option<Box<Sight>>,
    /// The value is not what those wait for who follow: it sends them elsewhere.
    is_elsewhere: bool,
}

impl Ticket {
    /// Takes the fence: the computation must start after this, and leadership must have begun before.
    pub(crate) fn new(engine: &Arc<Engine>, key: &[u8], lead: Option<Lead>) -> Self {
        Self::behind(engine, key, engine.store.domain().fence(), lead, None)
    }

    /// The same behind a fence that was taken before.
    pub(crate) fn behind(
        engine: &Arc<Engine>,
        key: &[u8],
        fence: Fence,
        lead: Option<Lead>,
        sight: Option<Sight>,
    ) -> Self {
        let load = Load::begin(&engine.events);
        Self {
            engine: Arc::clone(engine),
            key: lead.as_ref().map(Lead::key).filter(|led| **led == *key).unwrap_or_else(|| key.into()),
            fence,
            load,
            lead,
            sight: sight.map(Box::new),
            renews: None,
            is_elsewhere: false,
        }
    }

    /// A forced computation: it neither waits nor is waited for.
    pub(crate) fn alone(engine: &Arc<Engine>, key: &[u8]) -> Self {
        Self::new(engine, key, None)
    }

    /// The frame in which the computation is to run.
    pub(crate) fn frame(&self) -> Box<Frame> {
        Frame::computing_one(self.engine.id, self.key.clone(), self.engine.events.load(&self.key))
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// What is stored under the key now, however old, unless it was invalidated; and how old it is. A copy of what is elsewhere may be
    /// outdated, and is not shown.
    pub(crate) fn previous(&self) -> Option<(Kept, Duration)> {
        let kept = match &self.sight {
            Some(sight) => sight.before.clone(),
            None => self.engine.store.inspect(&self.key),
        };
        let kept = kept.filter(|kept| kept.list.standing() == Standing::Current)?;
        let age = self.load.began().saturating_sub(kept.list.times().stored);
        Some((kept, Duration::from_nanos(age)))
    }

    /// The key by which the value is invalidated.
    fn stored_key(&self) -> &[u8] {
        self.sight.as_ref().and_then(|sight| sight.key.as_deref()).unwrap_or(&self.key)
    }

    /// The same for a value of another kind, under the same key of the store: those who wait for it here look again.
    pub(crate) fn elsewhere(mut self, kind: u64) -> Self {
        if let Some(sight) = &mut self.sight {
            sight.kind = kind;
        }
        self.is_elsewhere = true;
        self
    }

    /// What a store outside the process had, unless it was invalidated here since.
    pub(crate) fn unless_dropped(&self, kept: &Kept) -> Option<Kept> {
        (!self.engine.store.is_dropped_since(self.stored_key(), &self.fence)).then(|| kept.clone())
    }

    /// It failed: until then, nobody in this process tries to compute it anew who has something to serve.
    pub(crate) fn throttle(&self, until: Moment) {
        if let (Some(outside), Some(sight)) = (&self.engine.outside, &self.sight) {
            outside.throttle(&self.key, sight.kind, until);
        }
    }

    /// The flight that it leads.
    pub(crate) const fn lead(&self) -> Option<&Lead> {
        self.lead.as_ref()
    }

    /// Says that the value is what was there before, good again.
    pub(crate) fn renewing(&mut self, renews: Option<Kept>) {
        self.renews = renews;
    }

    /// Offers the value to the store under the ticket's key, hands it to those who wait, and its tags outward.
    ///
    /// Whether it was kept is `true` or `false`; the caller uses the value either way.
    pub(crate) fn fill(mut self, value: Shared, policy: &Policy, frame: Frame) -> bool {
        if self.engine.outside.is_some() {
            self.send(value, None, policy, frame);
            return false;
        }
        if let Some(refusal) = self.objection(&frame) {
            self.withhold(refusal, value, policy, frame);
            return false;
        }
        if !Mistake::FlightClosedAfterFill.is_made() {
            self.close();
        }
        self.engine.store.domain().pauses.reach(Point::Fill);
        if Mistake::FenceAfterCompute.is_made() || Mistake::RefreshWithoutFence.is_made() && self.renews() {
            self.fence = self.engine.store.domain().fence();
        }
        let key = self.key.clone();
        let found = self.store(&key, value, policy, frame);
        let kept = found.tags.is_some();
        if let Some(lead) = self.lead.take() {
            lead.land_kept(found);
        }
        kept
    }

    /// The same with the plan that knows how the value leaves this process, if there is a store outside.
    pub(crate) fn store_as<R>(
        self,
        plan: &impl Plan<R>,
        result: &R,
        value: Shared,
        policy: &Policy,
        frame: Frame,
    ) -> Option<Keeping> {
        let Some(outside) = &self.engine.outside else {
            self.fill(value, policy, frame);
            return None;
        };
        let payload = match plan.encode(result, outside.format) {
            Some(Ok(payload)) => Some(payload),
            Some(Err(error)) => {
                self.engine.events.unwritable(&self.key, &error);
                None
            }
            None => {
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    tracing::warn!("values that cannot leave the process are not kept beside a shared store");
                });
                None
            }
        };
        self.send(value, payload, policy, frame)
    }

    /// The same with a store outside the process: what is to be done is done when the result has been awaited, if there is one.
    /// Without a payload nothing can be stored, but those who wait may still be served: not so if the value is not theirs.
    pub(crate) fn send(
        mut self,
        value: Shared,
        payload: Option<Vec<u8>>,
        policy: &Policy,
        frame: Frame,
    ) -> Option<Keeping> {
        let elsewhere = if self.is_elsewhere { self.lead.take() } else { None };
        if let Some(lead) = &elsewhere {
            lead.close();
        }
        let keeping = self.send_to_those_who_wait(value, payload, policy, frame);
        match (keeping, elsewhere) {
            (Some(keeping), Some(lead)) => Some(keeping.redirecting(lead)),
            (None, Some(lead)) => {
                lead.redirect();
                None
            }
            (keeping, None) => keeping,
        }
    }

    fn send_to_those_who_wait(
        mut self,
        value: Shared,
        payload: Option<Vec<u8>>,
        policy: &Policy,
        frame: Frame,
    ) -> Option<Keeping> {
        if let Some(refusal) = self.objection(&frame) {
            self.withhold(refusal, value, policy, frame);
            return None;
        }
        self.close();
        self.engine.store.domain().pauses.reach(Point::Fill);
        let lead = self.lead.take();
        let list = match self.list_outside(policy, frame) {
            Ok(list) => list,
            Err(refusal) => {
                self.refuse(refusal);
                frame::taint();
                if let Some(lead) = lead {
                    lead.land(self.unkept(value, policy), false);
                }
                return None;
            }
        };
        let parcel = payload.and_then(|payload| self.parcel(payload, &list, lead.as_ref()));
        if let Some(trip) = parcel.and_then(|parcel| self.engine.filling(parcel)) {
            return Some(Keeping::new(trip, value, list, lead, self.load));
        }
        self.load.end(LoadOutcome::NotStored);
        frame::collect_list(&list);
        if let Some(lead) = lead {
            lead.land(Kept { value, list }.into(), false);
        }
        None
    }

    /// What the value depends on, unless it is outdated already, or depends on what this cache's store knows nothing of.
    fn list_outside(&self, policy: &Policy, frame: Frame) -> Result<List, Refusal> {
        let store = &self.engine.store;
        let fill = Fill {
            key: self.stored_key(),
            fence: &self.fence,
            value: Arc::new(()),
            policy,
            used: Used::NOTHING,
            began: self.load.began(),
            weight: 0,
            random: self.random_for(policy),
            renews: None,
        };
        let list = store.list_outside(&fill, frame.into_used(store.clock()))?;
        if store.owns(&list) { Ok(list) } else { Err(Refusal::Foreign) }
    }

    fn parcel(&mut self, mut payload: Vec<u8>, list: &List, lead: Option<&Lead>) -> Option<Parcel> {
        let Sight { key, fence, is_reached, kind, .. } = *self.sight.take()?;
        let clock = self.engine.store.clock();
        let label = Label::of(list.times(), clock.precise(), clock.wall());
        if !is_reached || label.fresh_for() == Some(Duration::ZERO) {
            return None;
        }
        if self.engine.outside.as_ref().is_some_and(|outside| payload.len() > outside.largest_value) {
            self.engine.events.evicted(&self.key, true);
            return None;
        }
        label.append(&mut payload);
        let tags = list.tags().iter().filter_map(|seen| seen.name().cloned()).collect();
        let origin = list.facts().origin.as_deref().filter(|_| !Mistake::OriginForgotten.is_made());
        let seen = origin.map(|origin| origin.tags.clone()).unwrap_or_default();
        let epoch = origin.map(|origin| origin.epoch);
        let key = key.unwrap_or_else(|| Box::from(&*self.key));
        let awaited = lead.is_some_and(Lead::is_awaited);
        let (ttl, fresh) = (label.kept_for(), label.fresh_for());
        let fresh = fresh.filter(|_| fresh != ttl);
        Some(Parcel { key, kind, payload, tags, seen, epoch, fence, ttl, fresh, awaited })
    }

    /// Nothing may be kept. What is merely not fresh is good enough for some of those who wait.
    fn withhold(&mut self, refusal: Refusal, value: Shared, policy: &Policy, frame: Frame) {
        let is_stale = matches!(refusal, Refusal::Stale);
        self.refuse(refusal);
        if is_stale {
            self.pass_on(value, policy, frame);
        } else {
            frame::taint();
            self.fail();
        }
    }

    /// The value is built from something that is not fresh. It is not kept, but handed to those who called before its fence was
    /// taken: computing it themselves, they would get nothing better.
    fn pass_on(&mut self, value: Shared, policy: &Policy, frame: Frame) {
        frame::absorb(frame);
        if let Some(lead) = self.lead.take() {
            lead.close();
            lead.land(self.unkept(value, policy), false);
        }
    }

    /// Whether something is stored under the key, however old.
    fn renews(&self) -> bool {
        self.engine.store.inspect(&self.key).is_some()
    }

    /// Offers the value under another key, behind the same fence; those who wait are to look again.
    pub(crate) fn fill_elsewhere(mut self, key: &[u8], value: Shared, policy: &Policy, seen: Frame) -> bool {
        let beside = self.engine.outside.is_some().then_some(Refusal::Foreign);
        let objection = self.objection(&seen).or(beside);
        let kept = objection.is_none() && self.store(key, value, policy, seen).tags.is_some();
        if let Some(refusal) = objection {
            self.refuse(refusal);
            frame::taint();
        }
        if let Some(lead) = self.lead.take() {
            lead.redirect();
        }
        kept
    }

    /// The result is not to be stored. Its tags still flow outward: the computation around it depends on them.
    pub(crate) fn decline(mut self, policy: &Policy, frame: Frame) {
        let (tainted, stale) = (frame.is_private(), frame.is_tainted());
        let used = frame.into_used(self.engine.store.clock());
        let tags = self.engine.store.list(&self.fence, policy, used);
        self.load.end(LoadOutcome::NotStored);
        match tags {
            Ok(tags) if !tainted => frame::collect_list(&tags),
            _ => frame::taint(),
        }
        if stale {
            frame::taint_as_stale();
        }
        self.fail();
    }

    /// From here on nobody joins.
    pub(crate) fn close(&self) {
        if let Some(lead) = &self.lead {
            lead.close();
        }
    }

    /// It failed, and what was there before stands in for it: also for those who wait. What a store outside has, they look up
    /// themselves: it may have been invalidated elsewhere before they called.
    pub(crate) fn stand_in(mut self, found: Found) {
        self.load.end(LoadOutcome::NotStored);
        if let Some(lead) = self.lead.take() {
            if self.sight.is_some() { lead.stand_in() } else { lead.land(found, true) }
        }
    }

    /// It panicked, and the panic was caught.
    pub(crate) fn panicked(mut self) {
        self.fail();
    }

    /// Nothing of this kind can be shared: whoever waits computes alone, at once.
    pub(crate) fn scatter(mut self) {
        self.load.end(LoadOutcome::NotStored);
        if let Some(lead) = self.lead.take() {
            lead.scatter();
        }
    }

    /// What forbids to keep the value, whatever it depends on.
    fn objection(&self, frame: &Frame) -> Option<Refusal> {
        if frame.is_private() {
            Some(Refusal::Tainted)
        } else if !self.engine.is_usable() {
            Some(Refusal::Unusable)
        } else {
            frame.is_tainted().then_some(Refusal::Stale)
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.engine.events.refused(&self.key, refusal);
        self.load.end(LoadOutcome::Refused);
    }

    fn fail(&mut self) {
        if let Some(lead) = self.lead.take() {
            lead.fail();
        }
    }

    /// One fill. The tags are there if the value is valid, whether or not it found room.
    fn store(&mut self, key: &[u8], value: Shared, policy: &Policy, frame: Frame) -> Found {
        let store = &self.engine.store;
        let filled = store.fill(Fill {
            key,
            fence: &self.fence,
            value: Arc::clone(&value),
            policy,
            used: frame.into_used(store.clock()),
            began: self.load.began(),
            weight: policy.known_weight(),
            random: self.random_for(policy),
            renews: self.renews.take(),
        });
        self.engine.tell_fill(key, &filled);
        self.load.end(if filled.is_valid() { LoadOutcome::Stored } else { LoadOutcome::Refused });
        match filled {
            Filled::Valid(list) => {
                frame::collect_list(&list);
                Kept { value, list }.into()
            }
            Filled::Refused(_) => {
                frame::taint();
                self.unkept(value, policy)
            }
        }
    }

    /// For times: most policies need none.
    fn random_for(&self, policy: &Policy) -> f64 {
        if policy.wishes().jitter.is_some() { self.engine.random() } else { 0.0 }
    }

    /// A value that is its callers', and not the store's.
    fn unkept(&self, value: Shared, policy: &Policy) -> Found {
        let stored = self.engine.store.clock().precise();
        let ttl = policy.time_to_live();
        Found { value, tags: None, stored, expires: ttl.map_or(NEVER, |ttl| stored.saturating_add(nanoseconds(ttl))) }
    }
}

/// The tags as they are before a read, with the epoch; nothing if nobody collects.
pub(crate) fn observe(engine: &Engine, tags: impl Iterator<Item = Tag>) -> Vec<Seen> {
    if !frame::is_collecting() {
        return Vec::new();
    }
    let domain = engine.store.domain();
    std::iter::once(domain.epoch()).chain(tags.map(|tag| domain.see(&tag))).collect()
}
