//! A call on its way through a store outside the process: it looks there first, then leads or follows a flight.
//!
//! The tick of its flight is taken **before** the lookup is sent, since that is where its fence comes from; and so is the fence
//! of this process, so that what is invalidated here meanwhile is noticed although the reply does not know it.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::Trip;
use crate::backend::memory::{Fence, List, Used};
use crate::clock::NEVER;
use crate::engine::flight::{Follow, Heard, Joined, Lead, Tick};
use crate::engine::ticket::Ticket;
use crate::engine::{Engine, Found, Side, frame};
use crate::events;
use crate::store::{Hit, Looked, MissReason, StoreFence};
use crate::value::Portable;
use crate::{Policy, Tag};

/// Why a lookup is made.
#[derive(Debug)]
pub(crate) enum Purpose {
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
    stage: Stage,
}

enum Stage {
    Looking { trip: Trip<Looked>, purpose: Purpose, start: Start },
    Following(Follow),
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
}

/// Where it arrives.
pub(crate) enum Landed {
    /// A value from this process: that of the flight that was followed.
    Found(Found),
    /// An entry of the store, not yet a value; and what to do if it cannot be read.
    Hit(Box<Arrived>),
    /// The caller computes.
    Compute(Ticket),
}

/// An entry of the store on arrival.
pub(crate) struct Arrived {
    pub(crate) hit: Hit,
    fence: Fence,
    lead: Option<Lead>,
}

impl Travel {
    pub(crate) fn new(engine: &Engine, side: Side, key: &[u8], tags: &[Tag], refresh: bool) -> Self {
        let purpose = match (refresh, frame::is_computing(engine.id, key)) {
            (true, _) => Purpose::Refresh,
            (false, true) => Purpose::Alone,
            (false, false) => Purpose::First,
        };
        let called = engine.flights(side).tick();
        Self { side, called, stage: Self::look(engine, side, key, tags, purpose) }
    }

    /// A look of which nothing follows.
    pub(crate) fn alone(engine: &Engine, key: &[u8]) -> Self {
        let called = engine.flights(Side::Async).tick();
        Self { side: Side::Async, called, stage: Self::look(engine, Side::Async, key, &[], Purpose::Alone) }
    }

    fn look(engine: &Engine, side: Side, key: &[u8], tags: &[Tag], purpose: Purpose) -> Stage {
        let flights = engine.flights(side);
        let start =
            Start { tick: flights.tick(), landings: flights.landings(key), fence: engine.store.domain().fence() };
        let trip: Trip<Looked> = match &engine.outside {
            Some(outside) => outside.look(key, tags),
            None => Box::pin(std::future::pending()),
        };
        Stage::Looking { trip, purpose, start }
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
            let next = match &mut self.stage {
                Stage::Looking { trip, .. } => {
                    let looked = ready!(trip.as_mut().poll(cx));
                    match std::mem::replace(&mut self.stage, Stage::Landed) {
                        Stage::Looking { purpose, start, .. } => {
                            Self::looked(engine, self.side, key, tags, looked, purpose, start)
                        }
                        other => Next::Stage(other),
                    }
                }
                Stage::Following(follow) => {
                    let heard = ready!(follow.poll(self.called, engine.patience(), cx));
                    Self::heard(engine, self.side, key, tags, heard)
                }
                Stage::Landed => panic!("a call was polled after it had arrived"),
            };
            match next {
                Next::Landed(landed) => {
                    self.stage = Stage::Landed;
                    return Poll::Ready(landed);
                }
                Next::Stage(stage) => self.stage = stage,
            }
        }
    }

    fn looked(
        engine: &Arc<Engine>,
        side: Side,
        key: &[u8],
        tags: &[Tag],
        looked: Result<Looked, crate::Error>,
        purpose: Purpose,
        start: Start,
    ) -> Next {
        let (sight, hit) = match looked {
            Ok(Looked::Hit(hit)) => {
                if !engine.switches.are_plain() {
                    engine.tell_hit(key);
                }
                (Sight::Fence(hit.fence.clone()), Some(hit))
            }
            Ok(Looked::Miss(miss)) => {
                engine.events.missed(key, told(miss.reason));
                (Sight::Fence(miss.fence), None)
            }
            Err(error) => {
                tracing::warn!(%error, key = %engine.events.show(key), "the cache is not used for this call");
                (Sight::Nothing, None)
            }
        };
        match (purpose, hit) {
            (Purpose::First | Purpose::Alone, Some(hit)) => {
                Next::Landed(Landed::Hit(Box::new(Arrived { hit, fence: start.fence, lead: None })))
            }
            (Purpose::Leading(lead), Some(hit)) => {
                Next::Landed(Landed::Hit(Box::new(Arrived { hit, fence: start.fence, lead: Some(lead) })))
            }
            (Purpose::Leading(lead), None) => Next::Landed(compute(engine, key, start.fence, Some(lead), sight)),
            (Purpose::Alone, None) | (Purpose::Refresh, _) => {
                Next::Landed(compute(engine, key, start.fence, None, sight))
            }
            (Purpose::First, None) => Self::join(engine, side, key, tags, sight, start),
        }
    }

    fn join(engine: &Arc<Engine>, side: Side, key: &[u8], tags: &[Tag], sight: Sight, start: Start) -> Next {
        let flights = engine.flights(side);
        match flights.join_since(key, engine.store.clock().precise(), Some(start.tick)) {
            Joined::Follow(follow) => Next::Stage(Stage::Following(follow)),
            Joined::Lead(lead) if flights.landings(key) == start.landings => {
                Next::Landed(compute(engine, key, start.fence, Some(lead), sight))
            }
            // Another flight may have landed between this call's look and its lead.
            Joined::Lead(lead) => Next::Stage(Self::look(engine, side, key, tags, Purpose::Leading(lead))),
        }
    }

    fn heard(engine: &Arc<Engine>, side: Side, key: &[u8], tags: &[Tag], heard: Heard) -> Next {
        match heard {
            Heard::Take(found) => {
                frame::collect(found.tags.clone());
                Next::Landed(Landed::Found(found))
            }
            Heard::Again => Next::Stage(Self::look(engine, side, key, tags, Purpose::First)),
            Heard::Lead(lead) => Next::Stage(Self::look(engine, side, key, tags, Purpose::Leading(lead))),
            Heard::Alone => Next::Stage(Self::look(engine, side, key, tags, Purpose::Alone)),
        }
    }
}

/// What is told of a miss; what cannot be read is as good as absent.
const fn told(reason: MissReason) -> events::MissReason {
    match reason {
        MissReason::Outdated => events::MissReason::Outdated,
        MissReason::Held => events::MissReason::Held,
        MissReason::Absent | MissReason::Unreadable => events::MissReason::Absent,
    }
}

fn compute(engine: &Arc<Engine>, key: &[u8], fence: Fence, lead: Option<Lead>, sight: Sight) -> Landed {
    Landed::Compute(Ticket::behind(engine, key, fence, lead, Some(sight)))
}

impl Landed {
    /// The value, or the duty to compute it.
    pub(crate) fn into_value<V: Portable + Clone + Send + Sync + 'static>(
        self,
        engine: &Arc<Engine>,
        key: &[u8],
    ) -> Result<V, Box<Ticket>> {
        match self {
            Self::Compute(ticket) => Err(Box::new(ticket)),
            Self::Found(found) => {
                found.value.downcast_ref::<V>().cloned().ok_or_else(|| Box::new(Ticket::alone(engine, key)))
            }
            Self::Hit(arrived) => {
                let format = engine.outside.as_ref().map(|outside| outside.format).unwrap_or_default();
                let value = V::decode(&arrived.hit.payload, format).ok().zip(arrived.list(engine));
                match value {
                    Some((value, list)) => {
                        arrived.serve(&list);
                        Ok(value)
                    }
                    None => Err(Box::new(arrived.compute(engine, key))),
                }
            }
        }
    }
}

impl Arrived {
    /// What the entry depends on, in terms of this process; nothing if it was invalidated, or is held, here meanwhile.
    pub(crate) fn list(&self, engine: &Engine) -> Option<List> {
        let policy = Policy::new().tags(self.hit.tags.iter().map(|tag| &tag.tag));
        let until = self.hit.remaining.map_or(NEVER, |remaining| engine.store.clock().deadline(remaining));
        let used = Used { until, ..Used::NOTHING };
        engine.store.list(&self.fence, &policy, used).ok().filter(List::is_servable)
    }

    /// It is served: those who follow find it when they look.
    pub(crate) fn serve(self, list: &List) {
        frame::collect_list(list);
        if let Some(lead) = self.lead {
            lead.redirect();
        }
    }

    /// It cannot be served: the caller computes, and replaces it.
    pub(crate) fn compute(self, engine: &Arc<Engine>, key: &[u8]) -> Ticket {
        Ticket::behind(engine, key, self.fence, self.lead, Some(Sight::Fence(self.hit.fence)))
    }
}
