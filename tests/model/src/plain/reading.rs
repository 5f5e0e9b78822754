//! A reader from its start to its answer: lookup, flight, computation. What becomes of its value is in `filling`.

use super::state::{
    Actor, Entry, Flight, KEY, KNOWN, LATE, RECORDS, ROWS, Reader, Reading, Record, Seen, State, Value,
};
use super::{Half, Mutation, NOT_COMMITTED, OUTDATED, Turn, World, filling};

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::Start => {
            let started = Reader { floor: turn.state.floor, committed: turn.state.db, ..reader };
            begin(turn, started);
        }
        Reading::Again => begin(turn, reader),
        Reading::LookUp { seen } => look_up(turn, reader, seen),
        Reading::LookUpLate { seen } => look_up_late(turn, reader, seen),
        Reading::Join { value } => join(turn, reader, value),
        Reading::Follow | Reading::WaitClosed => {} // waits to be told
        Reading::Compute { value, row } => compute(turn, reader, value, row),
        Reading::Use { value } => use_inner(turn, reader, value),
        _ => filling::step(turn, reader),
    }
}

impl Reader {
    pub(super) fn to(self, at: Reading) -> Actor {
        Actor::Reader(Self { at, ..self })
    }

    pub(super) fn judge(&self, rows: [u8; ROWS]) -> Option<&'static str> {
        (0..ROWS).any(|row| rows[row] < self.floor[row]).then_some(OUTDATED)
    }

    fn judge_hit(&self, world: &World, rows: [u8; ROWS]) -> Option<&'static str> {
        let uncommitted = world.strict && (0..ROWS).any(|row| rows[row] < self.committed[row]);
        self.judge(rows).or(uncommitted.then_some(NOT_COMMITTED))
    }
}

/// A lookup's one trip, or the first half of it.
fn begin(turn: &mut Turn<'_>, reader: Reader) {
    let mut seen = Seen::default();
    match turn.world.halves {
        None => {
            read_entry(turn.state, &mut seen);
            read_records(turn.state, reader, &mut seen);
            return judge(turn, reader, seen);
        }
        Some(Half::Entry) => read_entry(turn.state, &mut seen),
        Some(Half::Records) => read_records(turn.state, reader, &mut seen),
    }
    turn.go("begins to look up", |_| reader.to(Reading::LookUp { seen }));
}

fn read_entry(state: &State, seen: &mut Seen) {
    seen.entry = state.entry;
    seen.order = state.order;
}

fn read_records(state: &State, reader: Reader, seen: &mut Seen) {
    seen.records = state.records;
    if !reader.remembers {
        seen.records[LATE] = None;
    }
}

/// The other half.
fn look_up(turn: &mut Turn<'_>, reader: Reader, mut seen: Seen) {
    match turn.world.halves {
        Some(Half::Records) => read_entry(turn.state, &mut seen),
        _ => read_records(turn.state, reader, &mut seen),
    }
    judge(turn, reader, seen);
}

fn judge(turn: &mut Turn<'_>, reader: Reader, seen: Seen) {
    let world = turn.world;
    match seen.entry.filter(|entry| matches(world, entry, &seen, KNOWN) && matches(world, entry, &seen, KEY)) {
        Some(_) if !reader.remembers => {
            turn.go("has to ask for the late tag", |_| reader.to(Reading::LookUpLate { seen }));
        }
        Some(entry) if matches(world, &entry, &seen, LATE) => hit(turn, reader, entry),
        _ => miss(turn, reader, &seen),
    }
}

fn look_up_late(turn: &mut Turn<'_>, reader: Reader, mut seen: Seen) {
    seen.records[LATE] = turn.state.records[LATE];
    match seen.entry.filter(|entry| matches(turn.world, entry, &seen, LATE)) {
        Some(entry) => hit(turn, reader, entry),
        None => miss(turn, reader, &seen),
    }
}

fn matches(world: &World, entry: &Entry, seen: &Seen, name: usize) -> bool {
    match seen.records[name] {
        Some(Record { version, held }) => {
            version == entry.versions[name] && (!held || world.is(Mutation::MarkersAreVersions))
        }
        None => world.is(Mutation::MissingRecordMatches),
    }
}

fn hit(turn: &mut Turn<'_>, reader: Reader, entry: Entry) {
    turn.answer("hits", reader.judge_hit(turn.world, entry.rows), |_| Actor::Done);
}

fn miss(turn: &mut Turn<'_>, reader: Reader, seen: &Seen) {
    let usable = |record: &Record| !record.held || turn.world.is(Mutation::MarkersAreVersions);
    let versions = seen.records.map(|record| record.filter(usable).map(|record| record.version));
    let met_marker = seen.records.iter().flatten().any(|record| !usable(record));
    let value = Value { order: seen.order, versions, met_marker, ..Value::default() };
    turn.go("misses, and has its fence", |_| {
        reader.to(if reader.shares { Reading::Join { value } } else { Reading::Compute { value, row: 0 } })
    });
}

fn join(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    match turn.state.flight {
        Flight::Absent => turn.go("opens a flight", |state| {
            state.flight = Flight::Open;
            reader.to(Reading::Compute { value, row: 0 })
        }),
        Flight::Open => turn.go("joins the flight", |_| reader.to(Reading::Follow)),
        Flight::Closed => turn.go("waits for the closed flight", |_| reader.to(Reading::WaitClosed)),
    }
}

fn compute(turn: &mut Turn<'_>, reader: Reader, mut value: Value, row: u8) {
    let world = turn.world;
    turn.go(["computes with row 0", "computes with row 1"][usize::from(row)], |state| {
        value.rows[usize::from(row)] = state.db[usize::from(row)];
        if row == 0 {
            return reader.to(Reading::Compute { value, row: 1 });
        }
        if world.is(Mutation::FenceAfterCompute) {
            value.order = state.order;
            value.versions = [None; RECORDS];
            value.met_marker = false;
        }
        if world.nested {
            return reader.to(Reading::Use { value });
        }
        computed(world, reader, value)
    });
}

fn computed(world: &World, reader: Reader, value: Value) -> Actor {
    reader.to(if reader.shares { Reading::Close { value } } else { filling::next(world, reader, value) })
}

/// Somebody may have stored a value under the late tag's current version at any time, so that is found wherever there is one.
fn use_inner(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    let world = turn.world;
    let (seen, inner) = (value.versions[LATE], turn.state.version(LATE));
    if seen.is_some() && inner.is_some() && seen != inner {
        return filling::refuse(turn, "uses a value under another version than it saw", reader, value);
    }
    turn.go("uses a value of the late tag, if there is one", |_| {
        if seen.is_none() && inner.is_some() {
            value.versions[LATE] = inner;
            value.adopted |= !world.is(Mutation::InnerVersionTrusted);
        }
        computed(world, reader, value)
    });
}
