//! What becomes of a computed value: an unknown late tag is adopted, empty records get versions, all are compared, the entry is written.

use super::state::{Actor, Entry, Flight, LATE, RECORDS, Reader, Reading, State, Value};
use super::{Mutation, Turn, World};

/// A version that no record ever has.
const NOBODYS: u8 = 250;
/// Versions from here on follow from names.
const FIXED: u8 = 240;

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    let world = turn.world;
    match reader.at {
        Reading::Close { value } => turn.go("closes the flight", |state| {
            state.flight = Flight::Closed;
            reader.to(begin(world, value))
        }),
        Reading::Add { value } => add(turn, reader, value),
        Reading::Adopt { value } => adopt(turn, reader, value),
        Reading::Check { value } => check(turn, reader, value),
        Reading::Claim { value, name } => claim(turn, reader, value, usize::from(name)),
        Reading::Verify { value } => verify(turn, reader, value),
        Reading::Write { value } => write(turn, reader, value),
        Reading::Tell { value, kept } => tell(turn, &value, kept),
        _ => {}
    }
}

/// The first step of a fill. What came with an inner value is a version from before; two of one name cannot both be current.
pub(super) fn begin(world: &World, mut value: Value) -> Reading {
    for name in 0..RECORDS {
        value.versions[name] = value.seen[name].and_then(|record| record.version);
        if value.versions[name].is_none() && world.is(Mutation::EmptyIsAVersion) {
            value.versions[name] = value.seen[name].map(|_| 0);
        }
    }
    if let Some(inner) = value.inner.filter(|_| !world.is(Mutation::InnerVersionForgotten)) {
        value.overtaken = value.seen[LATE].is_some() && value.versions[LATE] != Some(inner);
        if value.overtaken {
            value.versions[LATE] = Some(NOBODYS);
        } else if world.is(Mutation::InnerVersionTrusted) {
            value.versions[LATE] = Some(inner);
        }
    }
    next(world, value)
}

/// The next step of a fill.
fn next(world: &World, value: Value) -> Reading {
    let unknown = value.versions[LATE].is_none() && value.seen[LATE].is_none();
    if unknown && world.is(Mutation::OrderBeforeAdopting) && !value.checked {
        return Reading::Check { value };
    }
    if unknown {
        return Reading::Add { value };
    }
    match value.versions.iter().position(Option::is_none) {
        Some(name) => Reading::Claim { value, name: name as u8 },
        None => Reading::Verify { value },
    }
}

/// Whether a command that depends on the server's numbers can be sent.
fn connected(turn: &Turn<'_>, value: &Value) -> bool {
    turn.state.connection == value.connection || turn.world.is(Mutation::ConnectionForgotten)
}

fn add(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let world = turn.world;
    if !connected(turn, &value) {
        return end(turn, "has lost its connection", reader, value, false, |_| {});
    }
    turn.go("adds a record for the late tag, if there is none", |state| {
        if state.records[LATE].is_none() {
            let version = fresh(world, state, LATE);
            state.put(LATE, Some(version), 0);
        }
        reader.to(Reading::Adopt { value })
    });
}

pub(super) fn fresh(world: &World, state: &mut State, name: usize) -> u8 {
    if world.is(Mutation::VersionsByName) { FIXED + name as u8 } else { state.version() }
}

fn adopt(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    let world = turn.world;
    let Some(version) = turn.state.records[LATE].and_then(|record| record.version).filter(|_| connected(turn, &value))
    else {
        return end(turn, "finds no version to adopt", reader, value, false, |_| {});
    };
    if value.inner.is_some_and(|inner| inner != version) && !world.is(Mutation::InnerVersionForgotten) {
        return end(turn, "finds another version than it used", reader, value, false, |_| {});
    }
    turn.go("adopts the version of the late tag", |state| {
        state.look_at(LATE);
        value.versions[LATE] = Some(version);
        let checked = value.checked || world.is(Mutation::OrderUnchecked);
        reader.to(if checked { next(world, value) } else { Reading::Check { value } })
    });
}

/// The order is read after the version: an invalidation that is not seen here appends its version later than that.
fn check(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    let world = turn.world;
    if !connected(turn, &value) {
        return end(turn, "has lost its connection", reader, value, false, |_| {});
    }
    let passes = turn.state.order.map_or(world.is(Mutation::MissingOrderMatches), |order| order <= value.fence);
    if !passes {
        return end(turn, "finds a newer order, or none", reader, value, false, |state| {
            let order = state.order.unwrap_or_else(|| state.id());
            state.order = Some(order);
            state.learn(order);
        });
    }
    turn.go("finds the order unchanged", |_| {
        value.checked = true;
        reader.to(next(world, value))
    });
}

fn claim(turn: &mut Turn<'_>, reader: Reader, mut value: Value, name: usize) {
    let (world, connected) = (turn.world, connected(turn, &value));
    turn.go("gives the empty record a version", |state| {
        let found = value.seen[name].map(|record| record.id);
        let same = connected && found.is_some() && state.records[name].map(|record| record.id) == found;
        if same || world.is(Mutation::ClaimedUnconditionally) {
            let version = fresh(world, state, name);
            state.put(name, Some(version), state.records[name].map_or(0, |record| record.marks));
            value.versions[name] = Some(version);
        } else {
            value.versions[name] = Some(NOBODYS);
            value.overtaken = true;
        }
        reader.to(next(world, value))
    });
}

fn verify(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    let world = turn.world;
    let skipped = world.is(Mutation::FollowersUnverified);
    turn.go("compares all versions", |state| {
        let current = |name: usize| {
            let empty = if world.is(Mutation::EmptyIsAVersion) { Some(0) } else { None };
            state.records[name].is_some_and(|record| record.version.or(empty) == value.versions[name])
        };
        value.overtaken |= !skipped && !(0..RECORDS).all(current);
        value.marks = state.records.iter().flatten().fold(0, |marks, record| marks | record.marks);
        reader.to(Reading::Write { value })
    });
}

fn write(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let what = if value.overtaken { "writes an entry that is dead" } else { "writes the entry" };
    // Those who wait look at no entry: they may have called after a hold has ended, or after a writer has returned that still holds.
    let held = value.marks != 0 && !turn.world.is(Mutation::HoldsUnasked);
    let kept = !(value.overtaken || reader.shares() && held);
    end(turn, what, reader, value, kept, |state| {
        state.entry = Some(value.entry());
    });
}

impl Value {
    fn entry(&self) -> Entry {
        Entry { rows: self.rows, versions: self.versions.map(Option::unwrap_or_default) }
    }
}

/// The end of a fill: who is alone has its answer, who leads a flight has yet to tell.
fn end(
    turn: &mut Turn<'_>,
    what: &'static str,
    reader: Reader,
    value: Value,
    kept: bool,
    change: impl FnOnce(&mut State),
) {
    // What a near cache was late with is the outer's own bound; what it may not do is to make that last.
    let violation = if value.inner.is_some() { None } else { reader.judge(value.rows) };
    turn.answer(what, violation, |state| {
        change(state);
        if reader.shares() { reader.to(Reading::Tell { value, kept }) } else { Actor::Done }
    });
}

/// The leader hands its result to everybody who waits, and the flight is over.
fn tell(turn: &mut Turn<'_>, value: &Value, kept: bool) {
    let mut violation = None;
    let mut actors = turn.state.actors;
    for actor in &mut actors {
        let Actor::Reader(reader) = *actor else { continue };
        match reader.at {
            Reading::Follow if kept => {
                violation = violation.or(reader.judge(value.rows));
                *actor = Actor::Done;
            }
            Reading::Follow => *actor = Reader { role: super::Role::Alone, ..reader }.to(Reading::Again),
            Reading::WaitClosed => *actor = reader.to(Reading::Again),
            _ => {}
        }
    }
    turn.answer("tells the outcome, ends the flight", violation, |state| {
        state.actors = actors;
        state.flight = Flight::Absent;
        Actor::Done
    });
}
