//! A reader from its start to its answer: lookup, settling, flight, computation. What becomes of its value is in `filling`.

use super::state::{Actor, Entry, Flight, KEY, KNOWN, LATE, RECORDS, ROWS, Reader, Reading, Role, Seen, State, Value};
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
        Reading::AskLease { seen, name } => ask_lease(turn, reader, seen, name),
        Reading::SettleOrder { seen, name } => settle_order(turn, reader, seen, name),
        Reading::Settle { seen, name } => settle(turn, reader, seen, name),
        Reading::Join { seen } => join(turn, reader, seen),
        Reading::Follow | Reading::WaitClosed => {} // waits to be told
        Reading::Compute { seen } => compute(turn, reader, seen),
        Reading::ComputeLate { value } => compute_late(turn, reader, value),
        _ => filling::step(turn, reader),
    }
}

impl Reader {
    pub(super) fn to(self, at: Reading) -> Actor {
        Actor::Reader(Self { at, ..self })
    }

    pub(super) fn shares(&self) -> bool {
        self.role == Role::Caller
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
    let mut after = turn.state.clone();
    let mut seen = Seen { connection: after.connection, ..Seen::default() };
    match turn.world.halves {
        None => {
            seen.entry = after.entry;
            read_records(&mut after, reader, &mut seen);
            return conclude(turn, reader, after, seen);
        }
        Some(Half::Entry) => seen.entry = after.entry,
        Some(Half::Records) => read_records(&mut after, reader, &mut seen),
    }
    turn.go("begins to look up", |state| {
        *state = after;
        reader.to(Reading::LookUp { seen })
    });
}

fn read_records(state: &mut State, reader: Reader, seen: &mut Seen) {
    for name in (0..RECORDS).filter(|&name| name != LATE || reader.remembers) {
        seen.records[name] = state.look_at(name);
    }
}

/// The other half.
fn look_up(turn: &mut Turn<'_>, reader: Reader, mut seen: Seen) {
    if turn.state.connection != seen.connection {
        return turn.go("has lost its connection", |_| Actor::Done);
    }
    let mut after = turn.state.clone();
    match turn.world.halves {
        Some(Half::Records) => seen.entry = after.entry,
        _ => read_records(&mut after, reader, &mut seen),
    }
    conclude(turn, reader, after, seen);
}

/// What follows from an answer; `after` is the state with the empty records that the lookup has made.
fn conclude(turn: &mut Turn<'_>, reader: Reader, after: State, seen: Seen) {
    let (what, at) = match judge(turn.world, reader, &seen) {
        Found::Hit(entry) => {
            return turn.answer("hits", reader.judge_hit(turn.world, entry.rows), |state| {
                *state = after;
                Actor::Done
            });
        }
        Found::Unknown => ("has to ask for the late tag", Reading::LookUpLate { seen }),
        Found::Held(name) => ("finds a record marked", Reading::AskLease { seen, name: name as u8 }),
        Found::Nothing => ("misses", missed(reader, seen)),
    };
    turn.go(what, |state| {
        *state = after;
        reader.to(at)
    });
}

enum Found {
    Hit(Entry),
    /// A tag that the lookup did not ask for.
    Unknown,
    Held(usize),
    Nothing,
}

fn judge(world: &World, reader: Reader, seen: &Seen) -> Found {
    let Some(entry) = seen.entry else { return Found::Nothing };
    let same = |name: usize| matches(world, &entry, seen, name);
    let held =
        |name: &usize| seen.records[*name].is_some_and(|record| record.marks != 0) && !world.is(Mutation::HeldIsServed);
    if !same(KNOWN) || !same(KEY) {
        return Found::Nothing;
    }
    if seen.records[LATE].is_none() && !reader.remembers {
        return Found::Unknown;
    }
    match (0..RECORDS).find(held) {
        _ if !same(LATE) => Found::Nothing,
        Some(name) => Found::Held(name),
        None => Found::Hit(entry),
    }
}

fn missed(reader: Reader, seen: Seen) -> Reading {
    if reader.shares() { Reading::Join { seen } } else { Reading::Compute { seen } }
}

fn matches(world: &World, entry: &Entry, seen: &Seen, name: usize) -> bool {
    match seen.records[name].and_then(|record| record.version) {
        Some(version) => version == entry.versions[name],
        None if world.is(Mutation::EmptyIsAVersion) => entry.versions[name] == 0,
        None => world.is(Mutation::MissingRecordMatches),
    }
}

fn look_up_late(turn: &mut Turn<'_>, reader: Reader, mut seen: Seen) {
    if turn.state.connection != seen.connection {
        return turn.go("has lost its connection", |_| Actor::Done);
    }
    let mut after = turn.state.clone();
    seen.records[LATE] = after.look_at(LATE);
    conclude(turn, reader, after, seen);
}

fn ask_lease(turn: &mut Turn<'_>, reader: Reader, seen: Seen, name: u8) {
    let marks = seen.records[usize::from(name)].map_or(0, |record| record.marks);
    if marks & !turn.state.leases == 0 {
        return turn.go("finds the writer's lease: a miss", |_| reader.to(missed(reader, seen)));
    }
    let at = if turn.world.is(Mutation::SettledWithoutOrder) {
        Reading::Settle { seen, name }
    } else {
        Reading::SettleOrder { seen, name }
    };
    turn.go("finds that a writer's lease has ended", |_| reader.to(at));
}

fn settle_order(turn: &mut Turn<'_>, reader: Reader, seen: Seen, name: u8) {
    turn.go("gives the bucket a new number", |state| {
        if usize::from(name) == LATE && state.connection == seen.connection {
            state.order = Some(state.id());
        }
        reader.to(Reading::Settle { seen, name })
    });
}

/// Only if the record is as it was found. What was found otherwise is a version that is not there any more.
fn settle(turn: &mut Turn<'_>, reader: Reader, mut seen: Seen, name: u8) {
    let (world, name) = (turn.world, usize::from(name));
    turn.go("settles the hold", |state| {
        let unchanged = state.records[name] == seen.records[name] && state.connection == seen.connection;
        let found = seen.records[name].filter(|_| unchanged || world.is(Mutation::SettledUnconditionally));
        if let Some(record) = found {
            let version = match record.version {
                Some(version) if world.is(Mutation::ExpiredMarkForgotten) => version,
                _ => state.version(),
            };
            let alive = record.marks & if unchanged { state.leases } else { 0 };
            state.put(name, Some(version), alive);
            seen.records[name] = state.look_at(name);
        }
        reader.to(missed(reader, seen))
    });
}

fn join(turn: &mut Turn<'_>, reader: Reader, seen: Seen) {
    match turn.state.flight {
        Flight::Absent => turn.go("opens a flight", |state| {
            state.flight = Flight::Open;
            reader.to(Reading::Compute { seen })
        }),
        Flight::Open => turn.go("joins the flight", |_| reader.to(Reading::Follow)),
        Flight::Closed => turn.go("waits for the closed flight", |_| reader.to(Reading::WaitClosed)),
    }
}

/// The fence is the highest number that is known when the computation begins.
fn compute(turn: &mut Turn<'_>, reader: Reader, seen: Seen) {
    let (fence, reads_before) = (turn.state.known, turn.world.reads_before && reader.role == Role::Outer);
    turn.go("computes with row 0", |state| {
        let value = Value { seen: seen.records, fence, connection: seen.connection, ..Value::default() };
        let early = if reads_before { state.db[1] } else { 0 };
        reader.to(Reading::ComputeLate { value: Value { rows: [state.db[0], early], ..value } })
    });
}

fn compute_late(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    let world = turn.world;
    turn.go("computes with row 1", |state| {
        let reads_before = world.reads_before && reader.role == Role::Outer;
        if !reads_before {
            value.rows[1] = state.db[1];
        }
        if let Some((row, version)) = state.near.filter(|_| reader.role == Role::Outer) {
            if !reads_before {
                value.rows[1] = row;
            }
            value.inner = Some(version);
        }
        if world.is(Mutation::FenceAfterCompute) {
            value.seen = [0, 1, 2].map(|name| state.look_at(name));
            value.fence = state.known;
            value.connection = state.connection;
        }
        reader.to(if reader.shares() { Reading::Close { value } } else { filling::begin(world, value) })
    });
}

pub(super) fn fill_near(turn: &mut Turn<'_>) {
    let Some(version) = turn.state.records[LATE].and_then(|record| record.version) else { return };
    turn.go("takes a copy of row 1", |state| {
        state.near = Some((state.db[1], version));
        Actor::Done
    });
}
