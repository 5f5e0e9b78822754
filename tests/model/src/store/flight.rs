//! Callers of one process that share a computation: who joins, who may take the result, and who leads next.

use super::state::{ACTORS, Actor, Flight, Reader, Reading, Role, Value};
use super::{Mutation, Turn, World, reading};

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::Join { called_at, shares, fence, fenced_at } => {
            let computing = reading::computing(fence, fenced_at);
            join(turn, reader, called_at, shares, computing);
        }
        Reading::Close { value } => {
            turn.go("closes the flight", |state| {
                state.flight = Flight::Closed;
                reader.to(Reading::Fill { value })
            });
            drop_leader(turn, reader);
        }
        Reading::Tell { value, kept } => {
            tell(turn, &value, kept);
            drop_leader(turn, reader);
        }
        _ => {} // followers and those who came too late wait to be told
    }
}

fn join(turn: &mut Turn<'_>, reader: Reader, called_at: u8, shares: bool, computing: Reading) {
    if !shares {
        let alone = Reader { role: Role::Alone, ..reader };
        return turn.go("computes outside any flight", |_| alone.to(computing));
    }
    match turn.state.flight {
        Flight::Absent => turn.go("opens a flight", |state| {
            state.flight = Flight::Open;
            reader.to(computing)
        }),
        Flight::Open => turn.go("joins the flight", |_| reader.to(Reading::Follow { called_at })),
        Flight::Closed => turn.go("waits for the closed flight", |_| reader.to(Reading::WaitClosed { called_at })),
    }
}

/// The leader hands its result to everybody who waits, and the flight is over.
fn tell(turn: &mut Turn<'_>, value: &Value, kept: bool) {
    let mut violation = None;
    let mut actors = turn.state.actors;
    for actor in &mut actors {
        let Actor::Reader(reader) = *actor else { continue };
        match reader.at {
            Reading::Follow { called_at } if may_take(turn.world, value, kept, called_at) => {
                violation = violation.or(reader.judge(value.rows));
                *actor = Actor::Done;
            }
            Reading::Follow { called_at } => *actor = reader.to(Reading::LookUp { called_at, shares: false }),
            Reading::WaitClosed { called_at } => *actor = reader.to(Reading::LookUp { called_at, shares: true }),
            _ => {}
        }
    }
    turn.answer("tells the outcome, ends the flight", violation, |state| {
        state.actors = actors;
        state.flight = Flight::Absent;
        Actor::Done
    });
}

fn may_take(world: &World, value: &Value, kept: bool, called_at: u8) -> bool {
    let later = value.fenced_at > called_at;
    let same_tick = world.is(Mutation::TakenAtTheSameTick) && value.fenced_at == called_at;
    kept || later || same_tick || world.is(Mutation::AlwaysTaken)
}

/// The leader's caller goes away, even while its fill is on the way. One follower looks up again and leads from then on.
pub(super) fn drop_leader(turn: &mut Turn<'_>, leader: Reader) {
    if !leader.leads() || turn.state.drops == 0 {
        return;
    }
    let mut followers = (0..ACTORS).filter(|&index| called_at(&turn.state.actors[index]).is_some()).peekable();
    if followers.peek().is_none() {
        return turn.go("is dropped, the flight ends", |state| {
            state.drops -= 1;
            state.flight = Flight::Absent;
            for actor in &mut state.actors {
                if let Actor::Reader(reader @ Reader { at: Reading::WaitClosed { called_at }, .. }) = *actor {
                    *actor = reader.to(Reading::LookUp { called_at, shares: true });
                }
            }
            Actor::Done
        });
    }
    for index in followers {
        turn.go("is dropped, a follower leads with a new fence", |state| {
            state.drops -= 1;
            state.flight = Flight::Open;
            let (fence, now) = (state.fence(), state.now);
            if let Actor::Reader(follower) = state.actors[index] {
                state.actors[index] = follower.to(reading::computing(fence, now));
            }
            Actor::Done
        });
    }
}

fn called_at(actor: &Actor) -> Option<u8> {
    match actor {
        Actor::Reader(Reader { at: Reading::Follow { called_at }, .. }) => Some(*called_at),
        _ => None,
    }
}
