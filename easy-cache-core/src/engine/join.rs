//! From a call to its answer or its own computation: look up, then lead or follow.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::fallback::Fallback;
use super::flight::{Follow, Heard, Joined, Lead, Tick};
use super::frame;
use super::ticket::Ticket;
use super::{Engine, Found, Side};
use crate::backend::memory::Miss;
use crate::clock::nanoseconds;
use crate::freshness::{Freshness, Verdict};
use crate::mistake::Mistake;
use crate::pause::Point;
use crate::timer::Deadline;

/// A call on its way. Written once for both sides: only the waiting differs.
#[derive(Debug)]
pub(crate) struct Join {
    side: Side,
    /// When this call began, in the order of fences. Taken after the first miss, which errs on the safe side.
    called: Option<Tick>,
    following: Option<Follow>,
    /// What there is for the case that a new value fails or is late.
    fallback: Option<Fallback>,
    soft: Option<Deadline>,
    /// It waited, and would not have what it got: nobody waits for one such value after the other.
    disappointed: bool,
}

/// What a call says about the values that it takes.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) wishes: &'a Freshness,
    pub(crate) accept: Option<&'a dyn Fn(&Found) -> bool>,
}

impl Terms<'_> {
    pub(crate) fn accept(&self, found: &Found) -> bool {
        self.accept.is_none_or(|accept| accept(found))
    }
}

/// Where a call arrives.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A value to serve.
    Found(Found),
    /// The caller computes; with what there is in case that it fails.
    Compute(Ticket, Option<Fallback>),
}

/// What a look at the store says.
enum Look {
    Serve(Found),
    /// To be served, while somebody computes it anew.
    Due(Fallback),
    /// To be computed; what there is may be served if that fails.
    Miss(Option<Fallback>),
}

impl Join {
    pub(crate) const fn new(side: Side) -> Self {
        Self { side, called: None, following: None, fallback: None, soft: None, disappointed: false }
    }

    /// Waits as a future does.
    pub(crate) fn poll(
        &mut self,
        engine: &Arc<Engine>,
        key: &[u8],
        terms: Terms<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Arrival> {
        loop {
            if let Some(arrival) = self.step(engine, key, terms) {
                return Poll::Ready(arrival);
            }
            let (Some(follow), Some(called)) = (&mut self.following, self.called) else { continue };
            let Poll::Ready(heard) = follow.poll(called, engine.patience(), cx) else {
                return match self.is_late(engine, key, terms, cx) {
                    Some(found) => Poll::Ready(Arrival::Found(found)),
                    None => Poll::Pending,
                };
            };
            if let Some(arrival) = self.heard(engine, key, terms, heard) {
                return Poll::Ready(arrival);
            }
        }
    }

    /// The same for who has just looked and found nothing, and waits for nobody. `None`: somebody computes already.
    pub(crate) fn at_once(&mut self, engine: &Arc<Engine>, key: &[u8], terms: Terms<'_>) -> Option<Arrival> {
        if frame::is_computing(engine.id, key) || !engine.is_usable() {
            return Some(self.compute(engine, key, None));
        }
        engine.store.domain().pauses.reach(Point::Lead);
        let (now, patience) = (engine.store.clock().precise(), nanoseconds(engine.patience().wait));
        let lead = engine.flights(self.side).try_lead(key, now, patience, None)?;
        Some(self.lead(engine, key, terms, lead))
    }

    /// What there is to fall back on.
    pub(crate) const fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref()
    }

    /// Looks up and joins a flight, unless it follows one already. `None`: there is a flight to wait for.
    fn step(&mut self, engine: &Arc<Engine>, key: &[u8], terms: Terms<'_>) -> Option<Arrival> {
        if self.following.is_some() {
            return None;
        }
        let recursive = frame::is_computing(engine.id, key);
        let flights = engine.flights(self.side);
        let landings = flights.landings(key);
        match Self::look(engine, key, terms) {
            Look::Serve(found) => return Some(Arrival::Found(found)),
            Look::Due(due) if recursive => return Some(Arrival::Found(engine.serve(key, due.kept, due.verdict))),
            Look::Due(due) => return Some(self.renew(engine, key, terms, due)),
            Look::Miss(fallback) => self.fallback = fallback,
        }
        if self.called.is_none() {
            engine.tell_nothing_found(key);
        }
        if recursive || self.disappointed || !engine.is_usable() {
            return Some(self.compute(engine, key, None));
        }
        self.called.get_or_insert_with(|| flights.tick());
        engine.store.domain().pauses.reach(Point::Lead);
        match flights.join(key, engine.store.clock().coarse()) {
            // What has not landed since the look would be under way, and be followed.
            Joined::Lead(lead) if flights.landings(key) == landings => Some(self.compute(engine, key, Some(lead))),
            Joined::Lead(lead) => Some(self.lead(engine, key, terms, lead)),
            Joined::Follow(follow) => {
                engine.events.waiting(key);
                self.following = Some(follow);
                None
            }
        }
    }

    fn look(engine: &Engine, key: &[u8], terms: Terms<'_>) -> Look {
        match engine.look(key) {
            Ok(found) if terms.accept(&found) => return Look::Serve(found),
            Err(Miss::Absent) => return Look::Miss(None), // nothing to be judged
            Ok(_) | Err(_) => {}
        }
        match engine.judged(key, terms.wishes) {
            None | Some((_, Verdict::Gone)) => Look::Miss(None),
            Some((kept, Verdict::FailSafe)) => {
                Look::Miss(Some(Fallback { kept, verdict: Verdict::FailSafe, is_copy: false }))
            }
            Some((kept, _)) if !terms.accept(&kept.clone().into()) => Look::Miss(None),
            Some((kept, verdict)) if verdict.is_due() => Look::Due(Fallback { kept, verdict, is_copy: false }),
            Some((kept, verdict)) => Look::Serve(engine.serve(key, kept, verdict)),
        }
    }

    /// There is something to serve, and it is time to compute it anew: by this caller, unless somebody does so already.
    fn renew(&mut self, engine: &Arc<Engine>, key: &[u8], terms: Terms<'_>, due: Fallback) -> Arrival {
        match engine.try_lead(self.side, key) {
            Some(lead) => {
                engine.events.refreshing(key);
                self.lead(engine, key, terms, lead)
            }
            None => Arrival::Found(engine.serve(key, due.kept, due.verdict)),
        }
    }

    /// Between this call's look and its lead, another flight may have landed: look once more before computing.
    fn lead(&mut self, engine: &Arc<Engine>, key: &[u8], terms: Terms<'_>, lead: Lead) -> Arrival {
        match Self::look(engine, key, terms) {
            Look::Serve(found) if !Mistake::LeaderLooksOnce.is_made() => {
                lead.redirect();
                return Arrival::Found(found);
            }
            Look::Serve(_) => {}
            Look::Due(due) => self.fallback = Some(due),
            Look::Miss(fallback) => self.fallback = fallback,
        }
        self.compute(engine, key, Some(lead))
    }

    fn compute(&mut self, engine: &Arc<Engine>, key: &[u8], lead: Option<Lead>) -> Arrival {
        Arrival::Compute(Ticket::new(engine, key, lead), self.fallback.take())
    }

    fn heard(&mut self, engine: &Arc<Engine>, key: &[u8], terms: Terms<'_>, heard: Heard) -> Option<Arrival> {
        self.following = None;
        match heard {
            Heard::Again | Heard::StandIn => None,
            Heard::Take(found) if !terms.accept(&found) => {
                self.disappointed = true;
                None
            }
            Heard::Take(found) => {
                frame::collect(found.tags.clone());
                Some(Arrival::Found(found))
            }
            Heard::Lead(lead) => Some(self.compute(engine, key, Some(lead))),
            Heard::Alone => Some(self.compute(engine, key, None)),
        }
    }

    /// Whether a caller with something to fall back on has waited for long enough; then it leaves the flight.
    fn is_late(&mut self, engine: &Engine, key: &[u8], terms: Terms<'_>, cx: &Context<'_>) -> Option<Found> {
        let (fallback, wait) = (self.fallback.as_ref()?, terms.wishes.soft_timeout?);
        let clock = engine.store.clock();
        let soft = self.soft.get_or_insert_with(|| Deadline::after(clock, wait));
        if !soft.has_passed(clock, cx) {
            return None;
        }
        let found = fallback.instead_of_waiting(engine, key, terms.wishes)?;
        self.following = None;
        Some(found)
    }
}
