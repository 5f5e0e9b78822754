//! Callers of one key that share a computation: who joins, who leads, who may take the result, and who leads next.

use super::state::{ACTORS, Actor, Dependency, EVERYTHING, Fence, Flight, Reader, Reading, Role, State, TAGS, Value};
use super::{Mutation, Turn, World, filling, reading};

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::Join { missed_at } => join(turn, reader, missed_at),
        Reading::InnerJoin { value, missed_at } => join_inner(turn, reader, value, missed_at),
        Reading::Close { value } => close(turn, reader, value),
        Reading::Stand { value, next } => stand(turn, reader, value, next),
        Reading::Tell { value, kept } => tell(turn, reader, &value, kept),
        _ => {} // followers and those who came too late wait to be told
    }
}

fn join(turn: &mut Turn<'_>, reader: Reader, missed_at: u8) {
    match turn.state.flight {
        Flight::Absent => {
            let at = reading::before_fence(turn.world);
            turn.go("opens a flight", |state| {
                state.flight = Flight::Open;
                reader.to(at)
            });
        }
        Flight::Open => turn.go("joins the flight", |_| reader.to(Reading::Follow { missed_at })),
        Flight::Closed => turn.go("waits for the closed flight", |_| reader.to(Reading::WaitClosed)),
    }
}

fn join_inner(turn: &mut Turn<'_>, reader: Reader, value: Value, missed_at: u8) {
    match turn.state.flight {
        Flight::Open => turn.go("joins the inner flight", |_| reader.to(Reading::InnerFollow { value, missed_at })),
        Flight::Absent | Flight::Closed => {
            turn.go("computes row 1 itself", |_| reader.to(Reading::Compute { value, next: 1 }));
        }
    }
}

fn close(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    if turn.world.is(Mutation::FlightTimedAfterCompute) {
        value.led_at = Some(turn.state.now);
    }
    let at = filling::start(turn.world, value);
    turn.go("closes the flight", |state| {
        state.flight = Flight::Closed;
        reader.to(at)
    });
    drop_leader(turn, reader, value, 2);
}

/// What a leader does once its value is in place.
pub(super) fn after_fill(world: &World, value: Value) -> Reading {
    if world.is(Mutation::FollowerTakesHeld) {
        return Reading::Tell { value, kept: true };
    }
    Reading::Stand { value, next: 0 }
}

/// Those who wait look at no entry. They are given what a lookup would be given now: nothing that is held, be it by a writer that is gone.
fn stand(turn: &mut Turn<'_>, leader: Reader, value: Value, next: u8) {
    let cell = |tag: Dependency| (turn.state.cell(tag.cell), tag.version);
    let own = (usize::from(next)..TAGS).find(|&tag| turn.world.carries(leader.key, tag));
    let (cell, version) = own.map_or((turn.state.cell(EVERYTHING), value.fence.epoch), |tag| cell(value.tags[tag]));
    let stands = cell.holds == 0 && cell.version == version;
    let at = match own {
        _ if !stands => Reading::Tell { value, kept: false },
        Some(tag) => Reading::Stand { value, next: tag as u8 + 1 },
        None => Reading::Tell { value, kept: true },
    };
    turn.go("looks at a cell for those who wait", |_| leader.to(at));
}

/// The leader hands its result to everybody who waits, and the flight is over.
fn tell(turn: &mut Turn<'_>, leader: Reader, value: &Value, kept: bool) {
    let world = turn.world;
    let mut violation = None;
    let mut actors = turn.state.actors;
    for actor in &mut actors {
        let Actor::Reader(reader) = *actor else { continue };
        match reader.at {
            Reading::Follow { missed_at } if may_take(world, value, kept, missed_at) => {
                violation = violation.or(reader.judge(world, leader.key, value));
                *actor = Actor::Done;
            }
            Reading::Follow { .. } => *actor = Reader { role: Role::Alone, ..reader }.to(Reading::LookUp),
            Reading::WaitClosed => *actor = reader.to(Reading::LookUp),
            Reading::InnerFollow { value: outer, missed_at } => {
                let takes = may_take(world, value, kept, missed_at);
                *actor = reader.to(after_inner_flight(world, outer, value, kept, takes));
            }
            _ => {}
        }
    }
    turn.answer("tells the outcome, ends the flight", violation, |state| {
        state.actors = actors;
        state.flight = Flight::Absent;
        Actor::Done
    });
}

fn may_take(world: &World, value: &Value, kept: bool, missed_at: u8) -> bool {
    let later = match value.led_at {
        Some(led_at) if world.is(Mutation::TakenAtTheSameTick) => led_at >= missed_at,
        Some(led_at) => led_at > missed_at,
        None => false,
    };
    kept || later || world.is(Mutation::AlwaysTaken)
}

fn after_inner_flight(world: &World, outer: Value, inner: &Value, kept: bool, takes: bool) -> Reading {
    if !takes {
        return Reading::Compute { value: outer, next: 1 };
    }
    let mut value = reading::with_inner(world, outer, inner);
    if !kept || world.is(Mutation::FlightTellsNames) {
        value.tags[1] = Dependency::BY_NAME;
    }
    filling::start(world, value)
}

/// The leader's caller goes away. One follower leads from now on, with a future and a fence of its own.
pub(super) fn drop_leader(turn: &mut Turn<'_>, leader: Reader, value: Value, next: u8) {
    if !leader.leads() || turn.state.drops == 0 {
        return;
    }
    let mut followers = (0..ACTORS).filter(|&index| follows(&turn.state.actors[index])).peekable();
    if followers.peek().is_none() {
        return turn.go("is dropped, the flight ends", |state| {
            state.drops -= 1;
            state.flight = Flight::Absent;
            state.actors.iter_mut().for_each(|actor| *actor = abandoned(*actor));
            Actor::Done
        });
    }
    for index in followers {
        for flight in [Flight::Open, turn.state.flight] {
            let at = handed_over(turn.world, turn.state, leader, value, next);
            turn.go("is dropped, a follower leads", |state| {
                state.drops -= 1;
                state.flight = flight;
                if let Actor::Reader(follower) = state.actors[index] {
                    state.actors[index] = follower.to(at);
                }
                Actor::Done
            });
        }
    }
}

fn follows(actor: &Actor) -> bool {
    matches!(actor, Actor::Reader(Reader { at: Reading::Follow { .. }, .. }))
}

fn abandoned(actor: Actor) -> Actor {
    match actor {
        Actor::Reader(reader) => match reader.at {
            Reading::WaitClosed => reader.to(Reading::LookUp),
            Reading::InnerFollow { value, .. } => reader.to(Reading::Compute { value, next: 1 }),
            _ => actor,
        },
        _ => actor,
    }
}

fn handed_over(world: &World, state: &State, leader: Reader, value: Value, next: u8) -> Reading {
    if world.is(Mutation::HandoverKeepsFence) {
        let value = Value { fence: value.fence, led_at: value.led_at, ..Value::EMPTY };
        return reading::computing(world, leader, value, 0);
    }
    if world.is(Mutation::HandoverKeepsRows) {
        let fence = Fence { epoch: state.cell(EVERYTHING).version, sequence: state.sequence };
        return reading::computing(world, leader, Value { fence, led_at: Some(state.now), ..value }, next);
    }
    reading::before_fence(world)
}
