//! What becomes of a computed value: missing versions are adopted, then the order is compared, then the entry is written.

use super::renaming::FIXED;
use super::state::{Actor, Entry, Flight, RECORDS, Reader, Reading, Record, State, Value};
use super::{Mutation, Turn, World};

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    let world = turn.world;
    match reader.at {
        Reading::Close { value } => turn.go("closes the flight", |state| {
            state.flight = Flight::Closed;
            reader.to(next(world, reader, value))
        }),
        Reading::Refuse { value } => end(turn, "has computed under a hold", reader, value, false, |_| {}),
        Reading::Adopt { value, name } => adopt(turn, reader, value, name),
        Reading::Create { value, name } => {
            turn.go("creates a record that was missing", |state| create(world, state, reader, value, name));
        }
        Reading::Check { value } => check(turn, reader, value),
        Reading::Write { value } => end(turn, "writes the entry", reader, value, true, |state| write(state, &value)),
        Reading::CreateOrder { value } => end(turn, "creates the order record", reader, value, false, |state| {
            state.order = Some(state.number());
        }),
        Reading::Tell { value, kept } => tell(turn, &value, kept),
        _ => {}
    }
}

impl Value {
    fn with(mut self, name: u8, version: u8) -> Self {
        self.versions[usize::from(name)] = Some(version);
        self.adopted = true;
        self
    }
}

/// The next step of a fill.
pub(super) fn next(world: &World, reader: Reader, value: Value) -> Reading {
    let awaited = reader.shares && !world.is(Mutation::FollowersUnverified);
    let check_first = world.is(Mutation::OrderBeforeAdopting) && !value.checked;
    let met_marker = value.met_marker && !world.is(Mutation::MarkerForgotten);
    match value.versions.iter().position(Option::is_none) {
        _ if met_marker => Reading::Refuse { value },
        _ if check_first => Reading::Check { value },
        Some(name) => Reading::Adopt { value, name: name as u8 },
        None if (value.adopted || awaited) && !value.checked => Reading::Check { value },
        None => Reading::Write { value },
    }
}

fn adopt(turn: &mut Turn<'_>, reader: Reader, value: Value, name: u8) {
    let world = turn.world;
    match turn.state.records[usize::from(name)] {
        None if world.adds => {
            turn.go("adds a record that is missing", |state| create(world, state, reader, value, name));
        }
        None => turn.go("finds no record", |_| reader.to(Reading::Create { value, name })),
        Some(Record { held: true, .. }) if !world.is(Mutation::MarkersAreVersions) => {
            refuse(turn, "finds the tag held", reader, value);
        }
        Some(Record { version, .. }) => {
            turn.go("adopts the version it finds", |_| reader.to(next(world, reader, value.with(name, version))));
        }
    }
}

fn create(world: &World, state: &mut State, reader: Reader, value: Value, name: u8) -> Actor {
    let version = if world.is(Mutation::VersionsByName) { FIXED + name } else { state.number() };
    state.records[usize::from(name)] = Some(Record { version, held: false });
    reader.to(next(world, reader, value.with(name, version)))
}

/// The order record is read after all versions: an invalidation that is not seen here writes its versions later than that.
fn check(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let (world, state) = (turn.world, turn.state);
    let same = state.order == value.order && (value.order.is_some() || world.is(Mutation::MissingOrderMatches));
    let unchanged = |name: usize| state.version(name) == value.versions[name];
    let seen_before = !value.adopted && (0..RECORDS).all(unchanged);
    let passes = same || seen_before || (value.adopted && world.is(Mutation::OrderUnchecked));
    if !passes {
        return refuse(turn, "finds another order record", reader, value);
    }
    let passed = Value { checked: true, ..value };
    turn.go("finds nothing changed", |_| reader.to(next(world, reader, passed)));
}

pub(super) fn refuse(turn: &mut Turn<'_>, what: &'static str, reader: Reader, value: Value) {
    if turn.state.order.is_none() {
        return turn.go(what, |_| reader.to(Reading::CreateOrder { value }));
    }
    end(turn, what, reader, value, false, |_| {});
}

fn write(state: &mut State, value: &Value) {
    state.entry = Some(Entry { rows: value.rows, versions: value.versions.map(Option::unwrap_or_default) });
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
    turn.answer(what, reader.judge(value.rows), |state| {
        change(state);
        if reader.shares { reader.to(Reading::Tell { value, kept }) } else { Actor::Done }
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
            Reading::Follow => *actor = Reader { shares: false, ..reader }.to(Reading::Again),
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
