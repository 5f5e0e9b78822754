//! A call on its way through a store outside the process: it looks there first, then leads or follows a flight.
//!
//! The tick of its flight is taken **before** the lookup is sent, since that is where its fence comes from; and so is the fence
//! of this process, so that what is invalidated here meanwhile is noticed although the reply does not know it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::lease::Patience;
use super::{Lease, Trip};
use crate::backend::memory::{Fence, Heard as News, Kept, List, Used};
use crate::clock::{Moment, NEVER, nanoseconds};
use crate::engine::flight::{Flights, Follow, Heard, Joined, Lead, Tick};
use crate::engine::near::Arrival;
use crate::engine::ticket::Ticket;
use crate::engine::{Engine, Found, Side, frame};
use crate::events;
use crate::freshness::Times;
use crate::store::{Hit, Leased, Looked, MissReason, StoreFence};
use crate::timer::Deadline;
use crate::value::Portable;
use crate::{CodecError, Error, ErrorKind, Format, Policy, Tag};

/// Why a lookup is made.
enum Purpose {
    /// The call's own.
    First,
    /// The call leads a flight, and another one has ended since its first lookup.
    Leading(Lead),
    /// The call waits for nobody, and nobody waits for it.
    Alone,
    /// What is there is to be replaced: only the fence is asked for.
    Refresh,
}

/// What a computation brings along from its lookup.
#[derive(Debug)]
pub(crate) enum Sight {
    /// What the store wants to see again, if it has anything to say.
    Fence(Option<StoreFence>),
    /// The store was not reached: nothing is offered to it.
    Nothing,
}

/// A call before it has its value, or its own computation.
pub(crate) struct Travel {
    side: Side,
    called: Tick,
    /// Whether it was told that this call found nothing.
    missed: bool,
    /// The store was not reached: this call does not try again.
    unreached: bool,
    /// Whether, and how, other processes are kept from computing the same.
    lease: Option<Patience>,
    stage: Stage,
}

enum Stage {
    Looking {
        trip: Trip<Looked>,
        purpose: Purpose,
        start: Start,
    },
    Following(Follow),
    /// It leads in this process, and asks whether it may compute.
    Leasing {
        trip: Trip<Leased>,
        lease: Lease,
        duty: Duty,
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

/// Where it arrives.
pub(crate) enum Landed {
    /// A value from this process: that of the flight that was followed.
    Found(Found),
    /// An entry of the store, not yet a value; and what to do if it cannot be read.
    Hit(Box<Arrived>),
    /// The caller computes.
    Compute(Duty),
}

/// What a computation has to begin with. No computation is under way before the ticket is made: who only looks makes none.
pub(crate) struct Duty {
    fence: Fence,
    lead: Option<Lead>,
    sight: Option<Sight>,
}

impl Duty {
    fn wants_lease(&self) -> bool {
        self.lead.as_ref().is_some_and(|lead| !lead.is_leased())
    }

    /// The computation begins.
    pub(crate) fn ticket(self, engine: &Arc<Engine>, key: &[u8]) -> Ticket {
        Ticket::behind(engine, key, self.fence, self.lead, self.sight)
    }
}

/// An entry of the store on arrival.
pub(crate) struct Arrived {
    hit: Hit,
    fence: Fence,
    heard: News,
    lead: Option<Lead>,
}

impl Travel {
    pub(crate) fn new(engine: &Arc<Engine>, side: Side, key: &[u8], tags: &[Tag], refresh: bool) -> Self {
        let purpose = match (refresh, frame::is_computing(engine.id, key)) {
            (true, _) => Purpose::Refresh,
            (false, true) => Purpose::Alone,
            (false, false) => Purpose::First,
        };
        Self::begin(Way { engine, side, key, tags, unreached: false }, purpose)
    }

    /// A look of which nothing follows.
    pub(crate) fn alone(engine: &Arc<Engine>, key: &[u8]) -> Self {
        Self::begin(Way { engine, side: Side::Async, key, tags: &[], unreached: false }, Purpose::Alone)
    }

    fn begin(way: Way<'_>, purpose: Purpose) -> Self {
        let called = way.flights().tick();
        Self { side: way.side, called, missed: false, unreached: false, lease: None, stage: way.look(purpose) }
    }

    /// While this call computes, other processes wait for it, at most for so long; and so does it for them.
    pub(crate) fn leasing(self, within: Option<Duration>) -> Self {
        Self { lease: within.map(Patience::new), ..self }
    }

    /// Whether nothing is known yet of what the store has.
    pub(crate) const fn is_looking(&self) -> bool {
        matches!(self.stage, Stage::Looking { .. })
    }

    pub(crate) fn poll(
        &mut self,
        engine: &Arc<Engine>,
        key: &[u8],
        tags: &[Tag],
        cx: &mut Context<'_>,
    ) -> Poll<Landed> {
        loop {
            let mut way = Way { engine, side: self.side, key, tags, unreached: self.unreached };
            let next = match std::mem::replace(&mut self.stage, Stage::Landed) {
                Stage::Looking { mut trip, purpose, start } => match trip.as_mut().poll(cx) {
                    Poll::Ready(looked) => {
                        way.tell(&looked, &purpose, &mut self.missed);
                        self.unreached |= looked.is_err();
                        way.unreached = self.unreached;
                        way.looked(looked, purpose, start)
                    }
                    Poll::Pending => {
                        self.stage = Stage::Looking { trip, purpose, start };
                        return Poll::Pending;
                    }
                },
                Stage::Following(mut follow) => match follow.poll(self.called, engine.patience(), cx) {
                    Poll::Ready(heard) => way.heard(heard),
                    Poll::Pending => {
                        self.stage = Stage::Following(follow);
                        return Poll::Pending;
                    }
                },
                Stage::Leasing { mut trip, lease, duty } => match trip.as_mut().poll(cx) {
                    Poll::Ready(leased) => self.leased(way, leased, lease, duty),
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
                    Next::Stage(way.look(Purpose::Leading(lead)))
                }
                Stage::Landed => panic!("a call was polled after it had arrived"),
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
                match Lease::new(outside, way.key) {
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
            (Ok(Leased::Yours), Duty { lead: Some(lead), .. }) => {
                Next::Stage(way.look(Purpose::Leading(lead.leased(lease))))
            }
            (Ok(Leased::Taken), Duty { lead: Some(lead), fence, sight }) => {
                lease.forget();
                let patience = self.lease.as_mut();
                match patience.and_then(|patience| patience.wait(clock, way.engine.patience().wait)) {
                    Some(pause) => Next::Stage(Stage::Waiting(pause, lead)),
                    None => self.without_lease(Duty { lead: Some(lead), fence, sight }),
                }
            }
            (Ok(Leased::Unsupported), duty) => {
                lease.forget();
                self.without_lease(duty)
            }
            (_, duty) => self.without_lease(duty),
        }
    }

    fn without_lease(&mut self, duty: Duty) -> Next {
        self.lease = None;
        Next::Landed(Landed::Compute(duty))
    }
}

/// Which call it is, for the length of one step.
#[derive(Clone, Copy)]
struct Way<'a> {
    engine: &'a Arc<Engine>,
    side: Side,
    key: &'a [u8],
    /// Those that are known before the computation.
    tags: &'a [Tag],
    unreached: bool,
}

impl Way<'_> {
    fn flights(&self) -> &Flights {
        self.engine.flights(self.side)
    }

    fn look(self, purpose: Purpose) -> Stage {
        let flights = self.flights();
        let fence = self.engine.store.domain().fence();
        let heard = self.engine.store.domain().heard();
        let start = Start { tick: flights.tick(), landings: flights.landings(self.key), fence, heard };
        let trip: Trip<Looked> = match &self.engine.outside {
            Some(_) if self.unreached => Box::pin(std::future::ready(Err(unreached()))),
            Some(outside) => outside.look(self.key, self.tags),
            None => Box::pin(std::future::pending()),
        };
        Stage::Looking { trip, purpose, start }
    }

    /// Tells what the call found: nothing, only at the first of its looks; and for a refresh, whatever is there is no hit.
    fn tell(self, looked: &Result<Looked, Error>, purpose: &Purpose, missed: &mut bool) {
        let (engine, key) = (self.engine, self.key);
        match looked {
            Err(error) => engine.events.unreached(key, error),
            Ok(_) if matches!(purpose, Purpose::Refresh) => engine.events.refreshing(key),
            Ok(Looked::Hit(_)) => engine.tell_hit_outside(key),
            Ok(Looked::Miss(miss)) => {
                if !std::mem::replace(missed, true) {
                    engine.events.missed(key, told(miss.reason));
                    engine.publish_when_due();
                }
            }
        }
    }

    fn looked(self, looked: Result<Looked, Error>, purpose: Purpose, start: Start) -> Next {
        let (sight, hit) = match looked {
            Ok(Looked::Hit(hit)) => (Sight::Fence(hit.fence.clone()), Some(hit)),
            Ok(Looked::Miss(miss)) => (Sight::Fence(miss.fence), None),
            Err(_) => (Sight::Nothing, None),
        };
        let compute =
            |lead, sight| Next::Landed(Landed::Compute(Duty { fence: start.fence.clone(), lead, sight: Some(sight) }));
        let arrived = |hit, lead| {
            let arrived = Arrived { hit, fence: start.fence.clone(), heard: start.heard, lead };
            Next::Landed(Landed::Hit(Box::new(arrived)))
        };
        match (purpose, hit) {
            (Purpose::First | Purpose::Alone, Some(hit)) => arrived(hit, None),
            (Purpose::Leading(lead), Some(hit)) => arrived(hit, Some(lead)),
            (Purpose::Leading(lead), None) => compute(Some(lead), sight),
            (Purpose::Alone, None) | (Purpose::Refresh, _) => compute(None, sight),
            (Purpose::First, None) => self.join(sight, start),
        }
    }

    fn join(self, sight: Sight, start: Start) -> Next {
        let flights = self.flights();
        match flights.join_since(self.key, self.engine.store.clock().precise(), Some(start.tick)) {
            Joined::Follow(follow) => {
                self.engine.events.waiting(self.key);
                Next::Stage(Stage::Following(follow))
            }
            Joined::Lead(lead) if flights.landings(self.key) == start.landings => {
                Next::Landed(Landed::Compute(Duty { fence: start.fence, lead: Some(lead), sight: Some(sight) }))
            }
            // Another flight may have landed between this call's look and its lead.
            Joined::Lead(lead) => Next::Stage(self.look(Purpose::Leading(lead))),
        }
    }

    fn heard(self, heard: Heard) -> Next {
        match heard {
            Heard::Take(found) => {
                frame::collect(found.tags.clone());
                Next::Landed(Landed::Found(found))
            }
            Heard::Again => Next::Stage(self.look(Purpose::First)),
            Heard::Lead(lead) => Next::Stage(self.look(Purpose::Leading(lead))),
            Heard::Alone => Next::Stage(self.look(Purpose::Alone)),
        }
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

impl Landed {
    /// The value, or the duty to compute it.
    pub(crate) fn into_value<V: Portable + Clone + Send + Sync + 'static>(
        self,
        engine: &Arc<Engine>,
        key: &[u8],
    ) -> Result<V, Box<Duty>> {
        match self {
            Self::Compute(duty) => Err(Box::new(duty)),
            Self::Found(found) => found.value.downcast_ref::<V>().cloned().ok_or_else(|| {
                engine.events.types_differ(key);
                Box::new(Duty { fence: engine.store.domain().fence(), lead: None, sight: None })
            }),
            Self::Hit(arrived) => match arrived.read(engine, key, |payload, format| Some(V::decode(payload, format))) {
                Some((value, list)) => {
                    arrived.keep_near(engine, key, Kept { value: Arc::new(value.clone()), list: list.clone() });
                    arrived.serve(&list);
                    Ok(value)
                }
                None => Err(Box::new(arrived.compute())),
            },
        }
    }
}

impl Arrived {
    /// The value that the entry is, and what it depends on; none if it cannot be read, or must not be served.
    pub(crate) fn read<V>(
        &self,
        engine: &Engine,
        key: &[u8],
        decode: impl FnOnce(&[u8], Format) -> Option<Result<V, CodecError>>,
    ) -> Option<(V, List)> {
        match decode(&self.hit.payload, engine.outside.as_ref()?.format)? {
            Ok(value) => Some((value, self.list(engine, key)?)),
            Err(error) => {
                tracing::warn!(%error, key = %engine.events.show(key), "what is stored cannot be read, and counts as missing");
                None
            }
        }
    }

    /// What the entry depends on, in terms of this process; nothing if it was invalidated, or is held, here meanwhile.
    fn list(&self, engine: &Engine, key: &[u8]) -> Option<List> {
        if engine.near.is_some() {
            let (stored, clock) = (nanoseconds(self.hit.age), engine.store.clock());
            let times = Times::new(&Policy::new(), clock.precise(), clock.precise(), self.until(engine), 0.0);
            let times = Times { stored: times.stored.saturating_sub(stored), ..times };
            return engine.list_near(key, &self.arrival(), times).filter(List::stands_here);
        }
        let policy = Policy::new().tags(self.hit.tags.iter().map(|tag| &tag.tag));
        let used = Used { until: self.until(engine), ..Used::NOTHING };
        engine.store.list(&self.fence, &policy, used).ok().filter(List::is_servable)
    }

    fn until(&self, engine: &Engine) -> Moment {
        self.hit.remaining.map_or(NEVER, |remaining| engine.store.clock().deadline(remaining))
    }

    const fn arrival(&self) -> Arrival<'_> {
        Arrival { hit: &self.hit, fence: &self.fence, heard: self.heard }
    }

    /// Keeps a copy in this process, if it has a near cache.
    pub(crate) fn keep_near(&self, engine: &Engine, key: &[u8], kept: Kept) {
        if engine.near.is_some() {
            engine.keep_near(key, &self.arrival(), kept);
        }
    }

    /// It is served: those who follow find it when they look.
    pub(crate) fn serve(self, list: &List) {
        frame::collect_list(list);
        if let Some(lead) = self.lead {
            lead.redirect();
        }
    }

    /// It cannot be served: the caller computes, and replaces it.
    pub(crate) fn compute(self) -> Duty {
        Duty { fence: self.fence, lead: self.lead, sight: Some(Sight::Fence(self.hit.fence)) }
    }
}
