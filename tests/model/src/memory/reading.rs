//! A reader from its start to its answer: lookup, fence, computation. Filling and flights have files of their own.

use super::state::{Actor, Dependency, EVERYTHING, Fence, Flight, Reader, Reading, Role, State, TAGS, Value};
use super::{Mutation, NOT_COMMITTED, OUTDATED, Turn, World, filling, flight};

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::Start => start(turn, Reader { floor: turn.state.floor, ..reader }),
        Reading::LookUp => look_up(turn, reader),
        Reading::Validate { entry, next, current } => validate(turn, reader, entry, next, current),
        Reading::FenceEpoch => turn.go("reads the epoch for its fence", |state| {
            let epoch = state.cell(EVERYTHING).version;
            reader.to(Reading::FenceSequence { epoch })
        }),
        Reading::FenceSequence { epoch } => take_fence(turn, reader, epoch),
        Reading::Compute { value, next } => {
            compute(turn, reader, value, next);
            flight::drop_leader(turn, reader, value, next);
        }
        Reading::InnerLookUp { value } => look_up_inner(turn, reader, value),
        Reading::InnerValidate { value, entry, next } => validate_inner(turn, reader, value, entry, next),
        Reading::Join { .. }
        | Reading::Follow { .. }
        | Reading::WaitClosed
        | Reading::InnerJoin { .. }
        | Reading::InnerFollow { .. }
        | Reading::Close { .. }
        | Reading::Stand { .. }
        | Reading::Tell { .. } => flight::step(turn, reader),
        _ => filling::step(turn, reader),
    }
}

impl Reader {
    pub(super) fn to(self, at: Reading) -> Actor {
        Actor::Reader(Self { at, ..self })
    }

    /// Callers compute only as leaders of a flight.
    pub(super) fn leads(&self) -> bool {
        self.role == Role::Caller
    }

    /// What is wrong with this answer, if anything is.
    pub(super) fn judge(&self, world: &World, key: u8, value: &Value) -> Option<&'static str> {
        let older = (0..TAGS).any(|row| world.carries(key, row) && value.rows[row] < self.floor[row]);
        older.then_some(OUTDATED)
    }
}

impl Value {
    pub(super) fn brief(&self) -> String {
        let carried = self.tags.iter().filter(|tag| tag.cell != Dependency::BY_NAME.cell);
        let versions: Vec<_> = carried.map(|tag| format!("{}@{}", tag.version, tag.cell)).collect();
        format!("{:?} under {} fence {}", self.rows, versions.join(" "), self.fence.sequence)
    }
}

fn start(turn: &mut Turn<'_>, reader: Reader) {
    if reader.role == Role::Outer {
        let at = before_fence(turn.world);
        turn.go("starts", |_| reader.to(at));
    } else {
        look_up(turn, reader);
    }
}

fn look_up(turn: &mut Turn<'_>, reader: Reader) {
    match turn.state.entries[usize::from(reader.key)] {
        Some(entry) => {
            let current = (0..TAGS).all(|row| is_current(turn.world, turn.state, reader.key, &entry, row));
            validate(turn, reader, entry, 0, current);
        }
        None => turn.go("finds no entry", |state| reader.to(missed(turn.world, reader, state))),
    }
}

fn validate(turn: &mut Turn<'_>, reader: Reader, entry: Value, next: u8, current: bool) {
    let (world, state) = (turn.world, turn.state);
    let (verdict, tag) = read_cell(world, state, reader.key, &entry, next);
    let judged = tag.filter(|_| !world.touches_everything());
    let current = current && judged.is_none_or(|row| is_current(world, state, reader.key, &entry, row));
    match verdict {
        Verdict::Refused => {
            turn.go("finds a cell changed or held: a miss", |state| reader.to(missed(world, reader, state)));
        }
        Verdict::Next(next) => {
            turn.go("finds a cell of the entry unchanged", |_| reader.to(Reading::Validate { entry, next, current }));
        }
        Verdict::Servable => {
            let strict = (world.strict() && !current).then_some(NOT_COMMITTED);
            let violation = reader.judge(world, reader.key, &entry).or(strict);
            turn.answer("finds the last cell unchanged: a hit", violation, |_| Actor::Done);
        }
    }
}

/// Whether a row of the entry is the committed one now.
fn is_current(world: &World, state: &State, key: u8, entry: &Value, row: usize) -> bool {
    !world.carries(key, row) || entry.rows[row] == state.db[row]
}

enum Verdict {
    Refused,
    Next(u8),
    Servable,
}

/// The read at a position, and the tag whose row is judged at this moment. Positions count half reads: the version and the hold come with one load,
/// and only mutations load them apart.
fn read_cell(world: &World, state: &State, key: u8, entry: &Value, position: u8) -> (Verdict, Option<usize>) {
    let Some(position) = next_position(world, key, position) else { return (Verdict::Servable, None) };
    let subject = subject(world, position);
    let dependency =
        subject.map_or(Dependency { cell: EVERYTHING, version: entry.fence.epoch, seen: false }, |tag| entry.tags[tag]);
    let cell = state.cell(dependency.cell);
    let same = cell.version == dependency.version;
    let free = cell.holds == 0 || world.is(Mutation::HeldIsServed);
    let first_half = position % 2 == 0;
    let passed = if world.is(Mutation::VersionThenHold) {
        if first_half { same } else { free }
    } else if world.is(Mutation::HoldThenVersion) {
        if first_half { free } else { same }
    } else {
        same && free
    };
    let verdict = match next_position(world, key, position + 1) {
        _ if !passed => Verdict::Refused,
        Some(next) => Verdict::Next(next),
        None => Verdict::Servable,
    };
    (verdict, subject.filter(|_| first_half))
}

fn next_position(world: &World, key: u8, from: u8) -> Option<u8> {
    let halves = world.is(Mutation::VersionThenHold) || world.is(Mutation::HoldThenVersion);
    let present = |position: u8| match subject(world, position) {
        None => world.touches_everything(),
        Some(tag) => world.carries(key, tag),
    };
    (from..6).filter(|position| halves || position % 2 == 0).find(|&position| present(position))
}

/// The tag that is read at a position; `None` is the epoch.
fn subject(world: &World, position: u8) -> Option<usize> {
    let subject = usize::from(if world.is(Mutation::CellsInReverse) { 2 - position / 2 } else { position / 2 });
    subject.checked_sub(1)
}

fn missed(world: &World, reader: Reader, state: &State) -> Reading {
    match reader.role {
        Role::Caller => Reading::Join { missed_at: state.now },
        Role::Alone | Role::Outer => before_fence(world),
    }
}

/// The first read of a fence.
pub(super) fn before_fence(world: &World) -> Reading {
    if world.touches_everything() { Reading::FenceEpoch } else { Reading::FenceSequence { epoch: 0 } }
}

fn take_fence(turn: &mut Turn<'_>, reader: Reader, epoch: u8) {
    let world = turn.world;
    turn.go("reads the sequence for its fence", |state| {
        let fence = Fence { epoch, sequence: state.sequence };
        let value = Value { fence, led_at: reader.leads().then_some(state.now), ..Value::EMPTY };
        reader.to(computing(world, reader, value, 0))
    });
}

/// Where a computation goes on that has its rows before `next`.
pub(super) fn computing(world: &World, reader: Reader, value: Value, next: u8) -> Reading {
    let row = (usize::from(next)..TAGS).find(|&row| world.carries(reader.key, row));
    match row {
        Some(1) if reader.role == Role::Outer => Reading::InnerLookUp { value },
        Some(row) => Reading::Compute { value, next: row as u8 },
        None if reader.leads() && !world.is(Mutation::FlightClosedAfterFill) => Reading::Close { value },
        None => filling::start(world, value),
    }
}

fn compute(turn: &mut Turn<'_>, reader: Reader, mut value: Value, next: u8) {
    let world = turn.world;
    turn.go(["computes with row 0", "computes with row 1"][usize::from(next)], |state| {
        value.rows[usize::from(next)] = state.db[usize::from(next)];
        reader.to(computing(world, reader, value, next + 1))
    });
}

fn look_up_inner(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    match turn.state.entries[1] {
        Some(entry) => validate_inner(turn, reader, value, entry, 0),
        None => turn.go("finds no inner entry", |state| reader.to(missed_inner(value, state))),
    }
}

fn validate_inner(turn: &mut Turn<'_>, reader: Reader, value: Value, entry: Value, next: u8) {
    let world = turn.world;
    match read_cell(world, turn.state, 1, &entry, next).0 {
        Verdict::Refused => {
            turn.go("finds a cell of the inner entry changed or held", |state| reader.to(missed_inner(value, state)));
        }
        Verdict::Next(next) => turn.go("finds a cell of the inner entry unchanged", |_| {
            reader.to(Reading::InnerValidate { value, entry, next })
        }),
        Verdict::Servable => {
            turn.go("hits the inner entry", |_| reader.to(filling::start(world, with_inner(world, value, &entry))));
        }
    }
}

/// The outer value once the inner one has been taken: with its row, and with its tag as it was seen.
pub(super) fn with_inner(world: &World, mut value: Value, inner: &Value) -> Value {
    value.rows[1] = inner.rows[1];
    value.tags[1] = Dependency { seen: true, ..inner.tags[1] };
    if world.is(Mutation::SeenByName) {
        value.tags[1].cell = Dependency::BY_NAME.cell;
    }
    value
}

fn missed_inner(value: Value, state: &State) -> Reading {
    match state.flight {
        Flight::Open => Reading::InnerJoin { value, missed_at: state.now },
        Flight::Absent | Flight::Closed => Reading::Compute { value, next: 1 },
    }
}
