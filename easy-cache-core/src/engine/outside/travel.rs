//! A call on its way through a store outside the process: it looks there first, then leads or follows a flight.
//!
//! The tick of its flight is taken **before** the lookup is sent, since that is where its fence comes from; and so is the fence
//! of this process, so that what is invalidated here meanwhile is noticed although the reply does not know it. What an entry is, and
//! whether it may be served, is found out in `arrived`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::arrived::{self, Errand};
use super::lease::Patience;
use super::{Lease, Looking, Sight, Trip};
use crate::backend::memory::{Fence, Heard as News, Kept};
use crate::engine::fallback::Fallback;
use crate::engine::flight::{Flights, Follow, Heard, Joined, Lead, Tick};
use crate::engine::ticket::Ticket;
use crate::engine::{Engine, Found, Side, frame};
use crate::freshness::{Freshness, Verdict};
use crate::store::{Leased, Looked, MissReason};
use crate::timer::Deadline;
use crate::{Error, ErrorKind, events};

/// Why a lookup is made.
enum Purpose {
    /// The call's own.
    First,
    /// The call leads a flight, and another one has ended since its first lookup.
    Leading(Lead),
    /// The call waits for nobody, and nobody waits for it.
    Alone,
    /// What it waited for has failed: what is there may stand in for that.
    StandIn,
    /// What is there is to be replaced: the fence is asked for, and what there was.
    Replacing(Option<Lead>),
}

/// A call before it has its value, or its own computation.
pub(crate) struct Travel {
    side: Side,
    called: Tick,
    /// Of the values that it looks for.
    kind: u64,
    /// Whether it was told that this call found nothing.
    missed: bool,
    /// The store was not reached: this call does not try again.
    unreached: bool,
    /// Whether, and how, other processes are kept from computing the same.
    lease: Option<Patience>,
    /// What there is for the case that a new value fails or is late.
    fallback: Option<Fallback>,
    soft: Option<Deadline>,
    /// It waited, and would not have what it got: nobody waits for one such value after the other.
    disappointed: bool,
    /// Of the lookup that is under way.
    purpose: Purpose,
    /// Of the latest lookup.
    start: Start,
    stage: Stage,
}

enum Stage {
    /// For the purpose, and since the start, that the call notes.
    Looking(Looking),
    /// The store's answer, about which there is more to say than that it is served.
    Looked(Result<Looked, Error>),
    Following(Follow),
    /// It leads in this process, and asks whether it may compute.
    Leasing {
        trip: Trip<Leased>,
        lease: Lease,
        duty: Box<Duty>,
    },
    /// Another process computes.
    Waiting(Deadline, Lead),
    Landed,
}

/// Where a step leads.
enum Next {
    Stage(Stage),
    Landed(Landed),
}

/// What was noted before a lookup was sent.
struct Start {
    tick: Tick,
    landings: u64,
    fence: Fence,
    /// What of the store's news had been heard.
    heard: News,
}

/// What a lookup has found, for this call.
enum Look {
    Serve(Kept, Verdict),
    /// To be served, while somebody computes it anew.
    Due(Fallback),
    /// To be computed; what there is may be served if that fails.
    Miss(Option<Fallback>),
}

/// Where it arrives.
pub(crate) enum Landed {
    /// A value to serve.
    Found(Found),
    /// The caller computes.
    Compute(Box<Duty>),
}

/// What a computation has to begin with. No computation is under way before the ticket is made: who only looks makes none.
pub(crate) struct Duty {
    fence: Fence,
    lead: Option<Lead>,
    sight: Sight,
    fallback: Option<Fallback>,
}

impl Duty {
    fn wants_lease(&self) -> bool {
        self.lead.as_ref().is_some_and(|lead| !lead.is_leased())
    }

    /// The computation begins, with what there is in case that it fails.
    pub(crate) fn begin(self, engine: &Arc<Engine>, key: &[u8]) -> (Ticket, Option<Fallback>) {
        (Ticket::behind(engine, key, self.fence, self.lead, Some(self.sight)), self.fallback)
    }
}

impl Travel {
    pub(crate) fn new(engine: &Arc<Engine>, side: Side, key: &[u8], errand: Errand<'_>) -> Self {
        let purpose = if frame::is_computing(engine.id, key) { Purpose::Alone } else { Purpose::First };
        Self::begin(Way { engine, side, key, errand, unreached: false }, purpose)
    }

    /// A look of which nothing follows.
    pub(crate) fn alone(engine: &Arc<Engine>, key: &[u8], errand: Errand<'_>) -> Self {
        Self::begin(Way { engine, side: Side::Async, key, errand, unreached: false }, Purpose::Alone)
    }

    /// A look by who computes whatever is there; with the flight that it leads, if others may wait for it.
    pub(crate) fn replacing(
        engine: &Arc<Engine>,
        side: Side,
        key: &[u8],
        errand: Errand<'_>,
        lead: Option<Lead>,
    ) -> Self {
        Self::begin(Way { engine, side, key, errand, unreached: false }, Purpose::Replacing(lead))
    }

    fn begin(way: Way<'_>, purpose: Purpose) -> Self {
        let start = way.start();
        let stage = Stage::Looking(way.look());
        let (fallback, soft) = (None, None);
        Self {
            side: way.side,
            called: start.tick,
            kind: way.errand.kind,
            missed: false,
            unreached: false,
            lease: None,
            fallback,
            soft,
            disappointed: false,
            purpose,
            start,
            stage,
        }
    }

    /// While this call computes, other processes wait for it, at most for so long; and so does it for them.
    pub(crate) fn leasing(self, within: Option<Duration>) -> Self {
        Self { lease: within.map(Patience::new), ..self }
    }

    /// Of the values that it looks for.
    pub(crate) const fn kind(&self) -> u64 {
        self.kind
    }

    /// Whether nothing is known yet of what the store has.
    pub(crate) const fn is_looking(&self) -> bool {
        matches!(self.stage, Stage::Looking(_) | Stage::Looked(_))
    }

    /// Whether it waits for somebody else.
    pub(crate) const fn is_following(&self) -> bool {
        matches!(self.stage, Stage::Following(_))
    }

    /// What there is to fall back on.
    pub(crate) const fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref()
    }

    /// The answer of a call whose first look finds what is served as it is, which is nearly every call: without a list of what the value depends
    /// on, and without its place among shared values. `None`: `poll` goes on from here.
    pub(crate) fn glance<R>(
        &mut self,
        engine: &Engine,
        key: &[u8],
        wishes: &Freshness,
        read: impl FnOnce(&[u8]) -> Option<R>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<R>> {
        let Stage::Looking(looking) = &mut self.stage else { return Poll::Ready(None) };
        let looked = ready!(Pin::new(looking).poll(cx));
        if let (Ok(Looked::Hit(hit)), Purpose::First | Purpose::Alone) = (&looked, &self.purpose)
            && let Some(payload) = arrived::plain(engine, (key, self.kind), wishes, hit, &self.start.fence)
            && let Some(answer) = read(payload)
        {
            engine.tell_hit_outside(key);
            return Poll::Ready(Some(answer));
        }
        self.stage = Stage::Looked(looked);
        Poll::Ready(None)
    }

    pub(crate) fn poll(
        &mut self,
        engine: &Arc<Engine>,
        key: &[u8],
        errand: Errand<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Landed> {
        loop {
            let way = Way { engine, side: self.side, key, errand, unreached: self.unreached };
            // By far the most frequent, and left where it is.
            if let Stage::Looking(looking) = &mut self.stage {
                self.stage = Stage::Looked(ready!(Pin::new(looking).poll(cx)));
            }
            let next = match std::mem::replace(&mut self.stage, Stage::Landed) {
                Stage::Looked(looked) => self.looked(way, looked),
                Stage::Following(mut follow) => match follow.poll(self.called, engine.patience(), cx) {
                    Poll::Ready(heard) => self.heard(way, heard),
                    Poll::Pending => match self.is_late(way, cx) {
                        Some(found) => return Poll::Ready(Landed::Found(found)),
                        None => {
                            self.stage = Stage::Following(follow);
                            return Poll::Pending;
                        }
                    },
                },
                Stage::Leasing { mut trip, lease, duty } => match trip.as_mut().poll(cx) {
                    Poll::Ready(leased) => self.leased(way, leased, lease, *duty),
                    Poll::Pending => {
                        self.stage = Stage::Leasing { trip, lease, duty };
                        return Poll::Pending;
                    }
                },
                Stage::Waiting(mut pause, lead) => {
                    if !pause.has_passed(engine.store.clock(), cx) {
                        self.stage = Stage::Waiting(pause, lead);
                        return Poll::Pending;
                    }
                    self.look(way, Purpose::Leading(lead))
                }
                Stage::Landed | Stage::Looking(_) => panic!("a call was polled after it had arrived"),
            };
            match self.ask_first(way, next) {
                Next::Landed(landed) => return Poll::Ready(landed),
                Next::Stage(stage) => self.stage = stage,
            }
        }
    }

    /// Who leads, and is about to compute, asks for the lease first if there is to be one.
    fn ask_first(&self, way: Way<'_>, next: Next) -> Next {
        let (Some(patience), Some(outside)) = (&self.lease, &way.engine.outside) else { return next };
        match next {
            Next::Landed(Landed::Compute(duty)) if !way.unreached && duty.wants_lease() => {
                match Lease::new(outside, way.stored_key()) {
                    Ok(lease) => Next::Stage(Stage::Leasing { trip: lease.ask(patience.within), lease, duty }),
                    Err(_) => Next::Landed(Landed::Compute(duty)),
                }
            }
            next => next,
        }
    }

    /// Who gets it looks once more, since another process may have filled meanwhile. A store that cannot say keeps nobody from computing.
    fn leased(&mut self, way: Way<'_>, leased: Result<Leased, Error>, lease: Lease, duty: Duty) -> Next {
        let clock = way.engine.store.clock();
        match (leased, duty) {
            (Ok(Leased::Yours), Duty { lead: Some(lead), .. }) => self.look(way, Purpose::Leading(lead.leased(lease))),
            // Another process computes it anew: what may be served meanwhile is.
            (Ok(Leased::Taken), Duty { fallback: Some(Fallback { kept, verdict, .. }), .. }) if verdict.is_due() => {
                lease.forget();
                way.serve(kept, verdict)
            }
            (Ok(Leased::Taken), Duty { lead: Some(lead), fence, sight, fallback }) => {
                lease.forget();
                let patience = self.lease.as_mut();
                match patience.and_then(|patience| patience.wait(clock, way.engine.patience().wait)) {
                    Some(pause) => {
                        self.fallback = fallback;
                        Next::Stage(Stage::Waiting(pause, lead))
                    }
                    None => self.without_lease(Box::new(Duty { lead: Some(lead), fence, sight, fallback })),
                }
            }
            (Ok(Leased::Unsupported), duty) => {
                lease.forget();
                self.without_lease(Box::new(duty))
            }
            (_, duty) => self.without_lease(Box::new(duty)),
        }
    }

    fn without_lease(&mut self, duty: Box<Duty>) -> Next {
        self.lease = None;
        Next::Landed(Landed::Compute(duty))
    }

    /// One more lookup.
    fn look(&mut self, way: Way<'_>, purpose: Purpose) -> Next {
        (self.purpose, self.start) = (purpose, way.start());
        Next::Stage(Stage::Looking(way.look()))
    }

    fn looked(&mut self, mut way: Way<'_>, looked: Result<Looked, Error>) -> Next {
        let purpose = std::mem::replace(&mut self.purpose, Purpose::Alone);
        let reason = way.told(&looked, &purpose);
        self.unreached |= looked.is_err();
        way.unreached = self.unreached;
        let mut sight = Sight::nothing(way.errand);
        let kept = match looked {
            Ok(Looked::Hit(hit)) => {
                sight.reach(hit.fence.clone());
                arrived::read(way.engine, way.key, way.errand, hit, (&self.start.fence, self.start.heard))
            }
            Ok(Looked::Miss(miss)) => {
                sight.reach(miss.fence);
                None
            }
            Err(_) => None,
        };
        sight.before.clone_from(&kept);
        if let Purpose::Replacing(lead) = purpose {
            return self.compute(lead, sight, None);
        }
        // What was found before the store was lost is still as good as it was for this call.
        let look = match kept {
            Some(kept) => way.judge(kept),
            None => Look::Miss(self.fallback.take().filter(|_| self.unreached)),
        };
        self.tell(way, &look, reason);
        match (purpose, look) {
            (Purpose::Leading(lead), Look::Serve(kept, verdict)) => {
                lead.redirect();
                way.serve(kept, verdict)
            }
            (_, Look::Serve(kept, verdict)) => way.serve(kept, verdict),
            (Purpose::StandIn, Look::Due(due) | Look::Miss(Some(due))) => way.serve(due.kept, Verdict::StandsIn),
            (Purpose::First, Look::Due(due)) => self.renew(way, due, sight),
            (Purpose::Alone, Look::Due(due)) if frame::is_computing(way.engine.id, way.key) => {
                way.serve(due.kept, due.verdict)
            }
            (Purpose::Leading(lead), Look::Due(due)) => self.compute(Some(lead), sight, Some(due)),
            (Purpose::Leading(lead), Look::Miss(fallback)) => self.compute(Some(lead), sight, fallback),
            (_, Look::Due(due)) => self.compute(None, sight, Some(due)),
            (Purpose::First | Purpose::StandIn, Look::Miss(fallback)) if !self.disappointed => {
                self.fallback = fallback;
                self.join(way, sight)
            }
            (_, Look::Miss(fallback)) => self.compute(None, sight, fallback),
        }
    }

    /// Tells, once for each call, that there was nothing to serve; hits tell themselves.
    fn tell(&mut self, way: Way<'_>, look: &Look, reason: Option<events::MissReason>) {
        if let (Look::Miss(_), Some(reason)) = (look, reason)
            && !std::mem::replace(&mut self.missed, true)
        {
            way.engine.events.missed(way.key, reason);
            way.engine.publish_when_due();
        }
    }

    /// There is something to serve, and it is time to compute it anew: by this caller, unless somebody does so already.
    fn renew(&mut self, way: Way<'_>, due: Fallback, sight: Sight) -> Next {
        let Some(lead) = way.engine.try_lead_since(way.side, way.key, Some(self.start.tick)) else {
            return way.serve(due.kept, due.verdict);
        };
        way.engine.events.refreshing(way.key);
        if way.flights().landings(way.key) == self.start.landings {
            self.compute(Some(lead), sight, Some(due))
        } else {
            self.look(way, Purpose::Leading(lead))
        }
    }

    fn join(&mut self, way: Way<'_>, sight: Sight) -> Next {
        let flights = way.flights();
        match flights.join_since(way.key, way.engine.store.clock().coarse(), Some(self.start.tick)) {
            Joined::Follow(follow) => {
                way.engine.events.waiting(way.key);
                Next::Stage(Stage::Following(follow))
            }
            Joined::Lead(lead) if flights.landings(way.key) == self.start.landings => {
                let fallback = self.fallback.take();
                self.compute(Some(lead), sight, fallback)
            }
            // Another flight may have landed between this call's look and its lead.
            Joined::Lead(lead) => self.look(way, Purpose::Leading(lead)),
        }
    }

    fn heard(&mut self, way: Way<'_>, heard: Heard) -> Next {
        match heard {
            Heard::Take(found) if !way.errand.terms.accept(&found) => {
                self.disappointed = true;
                self.look(way, Purpose::First)
            }
            Heard::Take(found) => {
                frame::collect(found.tags.clone());
                Next::Landed(Landed::Found(found))
            }
            Heard::Again => self.look(way, Purpose::First),
            Heard::StandIn => self.look(way, Purpose::StandIn),
            Heard::Lead(lead) => self.look(way, Purpose::Leading(lead)),
            Heard::Alone => self.look(way, Purpose::Alone),
        }
    }

    fn compute(&self, lead: Option<Lead>, sight: Sight, fallback: Option<Fallback>) -> Next {
        Next::Landed(Landed::Compute(Box::new(Duty { fence: self.start.fence.clone(), lead, sight, fallback })))
    }

    /// Whether a caller with something to fall back on has waited for long enough; then it leaves the flight.
    fn is_late(&mut self, way: Way<'_>, cx: &Context<'_>) -> Option<Found> {
        let wishes = way.errand.terms.wishes;
        let (fallback, wait) = (self.fallback.as_ref()?, wishes.soft_timeout?);
        let clock = way.engine.store.clock();
        let soft = self.soft.get_or_insert_with(|| Deadline::after(clock, wait));
        if soft.has_passed(clock, cx) { fallback.instead_of_waiting(way.engine, way.key, wishes) } else { None }
    }
}

/// Which call it is, for the length of one step.
#[derive(Clone, Copy)]
struct Way<'a> {
    engine: &'a Arc<Engine>,
    side: Side,
    key: &'a [u8],
    errand: Errand<'a>,
    unreached: bool,
}

impl Way<'_> {
    fn flights(&self) -> &Flights {
        self.engine.flights(self.side)
    }

    /// The key that the store knows.
    fn stored_key(&self) -> &[u8] {
        self.errand.key.unwrap_or(self.key)
    }

    /// To be noted before the lookup is sent.
    fn start(self) -> Start {
        let (flights, domain) = (self.flights(), self.engine.store.domain());
        let (fence, heard) = (domain.fence(), domain.heard());
        Start { tick: flights.tick(), landings: flights.landings(self.key), fence, heard }
    }

    fn look(self) -> Looking {
        match &self.engine.outside {
            Some(_) if self.unreached => Looking::Later(Box::pin(std::future::ready(Err(unreached())))),
            Some(outside) => outside.look(self.stored_key(), self.errand.kind, self.errand.tags),
            None => Looking::Later(Box::pin(std::future::pending())),
        }
    }

    /// Why nothing was found, for the case that nothing is served. What is to be replaced is no hit, whatever is there.
    fn told(self, looked: &Result<Looked, Error>, purpose: &Purpose) -> Option<events::MissReason> {
        let (engine, key) = (self.engine, self.key);
        match looked {
            Err(error) => {
                engine.events.unreached(key, error);
                None
            }
            Ok(_) if matches!(purpose, Purpose::Replacing(_)) => {
                engine.events.refreshing(key);
                None
            }
            Ok(Looked::Hit(_)) => Some(events::MissReason::Expired),
            Ok(Looked::Miss(miss)) => Some(told(miss.reason)),
        }
    }

    /// What this call may do with an entry of the store.
    fn judge(self, kept: Kept) -> Look {
        let verdict = arrived::judged(self.engine, &kept, self.errand.terms.wishes);
        let fallback = |kept| Fallback { kept, verdict, is_copy: true };
        match verdict {
            Verdict::Gone | Verdict::Outdated => Look::Miss(None),
            Verdict::FailSafe => Look::Miss(Some(fallback(kept))),
            _ if !self.errand.terms.accept(&kept.clone().into()) => Look::Miss(None),
            verdict if verdict.is_due() => Look::Due(fallback(kept)),
            verdict => Look::Serve(kept, verdict),
        }
    }

    fn serve(self, kept: Kept, verdict: Verdict) -> Next {
        Next::Landed(Landed::Found(self.engine.serve_from_outside(self.key, kept, verdict)))
    }
}

/// In place of an answer that nobody waits for a second time.
fn unreached() -> Error {
    Error::new(ErrorKind::Unavailable, "failed to look up an entry: the store was not reached before")
}

/// What is told of a miss; what cannot be read is as good as absent.
const fn told(reason: MissReason) -> events::MissReason {
    match reason {
        MissReason::Outdated => events::MissReason::Outdated,
        MissReason::Held => events::MissReason::Held,
        MissReason::Absent | MissReason::Unreadable => events::MissReason::Absent,
    }
}
