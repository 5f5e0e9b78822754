//! A reader from its start to its answer: lookup, computation, fill; and the near cache that one of them reads from.

use super::state::{
    Actor, Entry, GROUPS, KEY, KNOWN, LATE, NAMES, ROWS, Reader, Reading, Seen, State, Value, group_of, names,
};
use super::{Mutation, NOT_COMMITTED, OUTDATED, Turn, World};

const ENTRY: usize = GROUPS;

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::Start => {
            let started = Reader { floor: turn.state.floor, committed: turn.state.db, ..reader };
            look_up(turn, started, Seen::default(), 0);
        }
        Reading::LookUp { seen, part } => look_up(turn, reader, seen, part),
        Reading::LookUpLate { mut seen } => {
            let mut after = turn.state.clone();
            ask(&mut after, group_of(LATE), &mut seen);
            judge(turn, reader, after, seen);
        }
        Reading::Compute { seen } => compute(turn, reader, seen),
        Reading::ComputeLate { value } => compute_late(turn, reader, value),
        Reading::Acquire { value, group } => {
            write_ahead(turn, value, |value| reader.to(Reading::Acquire { value, group }));
            acquire(turn, reader, value, usize::from(group));
        }
        Reading::Refused { value } => write_ahead(turn, value, |_| Actor::Done),
        Reading::Write { value } => write(turn, reader, value),
    }
}

impl Reader {
    fn to(self, at: Reading) -> Actor {
        Actor::Reader(Self { at, ..self })
    }

    fn judge(&self, rows: [u8; ROWS]) -> Option<&'static str> {
        (0..ROWS).any(|row| rows[row] < self.floor[row]).then_some(OUTDATED)
    }
}

/// Each node answers at a moment of its own.
fn look_up(turn: &mut Turn<'_>, reader: Reader, mut seen: Seen, part: u8) {
    let parts: &[usize] = match (turn.world.entry_last, reader.remembers) {
        (false, true) => &[ENTRY, 0, 1],
        (false, false) => &[ENTRY, 0],
        (true, true) => &[0, 1, ENTRY],
        (true, false) => &[0, ENTRY],
    };
    let mut after = turn.state.clone();
    match parts[usize::from(part)] {
        ENTRY => seen.entry = after.entry,
        group => ask(&mut after, group, &mut seen),
    }
    if usize::from(part) + 1 == parts.len() {
        return judge(turn, reader, after, seen);
    }
    turn.go("is answered by a node", |state| {
        *state = after;
        reader.to(Reading::LookUp { seen, part: part + 1 })
    });
}

fn ask(state: &mut State, group: usize, seen: &mut Seen) {
    seen.groups[group] = Some(state.groups[group]);
    state.known[group] = state.groups[group];
    for name in names(group) {
        seen.versions[name] = state.records[name];
        seen.held |= state.holds[name] != 0;
    }
}

fn judge(turn: &mut Turn<'_>, reader: Reader, after: State, seen: Seen) {
    let world = turn.world;
    let servable = |entry: &Entry, group: usize| {
        let epoch = seen.groups[group].is_some_and(|fence| fence.epoch == Some(entry.epochs[group]));
        epoch && names(group).all(|name| seen.versions[name] == Some(entry.versions[name]))
    };
    let free = !seen.held || world.is(Mutation::HeldIsServed);
    let at = match seen.entry.filter(|entry| free && servable(entry, 0)) {
        Some(_) if seen.groups[1].is_none() => Reading::LookUpLate { seen },
        Some(entry) if servable(&entry, 1) => {
            let uncommitted = world.strict && (0..ROWS).any(|row| entry.rows[row] < reader.committed[row]);
            let violation = reader.judge(entry.rows).or(uncommitted.then_some(NOT_COMMITTED));
            return turn.answer("hits", violation, |state| {
                *state = after;
                Actor::Done
            });
        }
        _ => Reading::Compute { seen },
    };
    turn.go("has its answer", |state| {
        *state = after;
        reader.to(at)
    });
}

/// A group that was not asked is fenced by what the process met there last: it may be older, and is the stricter for it.
fn compute(turn: &mut Turn<'_>, reader: Reader, seen: Seen) {
    turn.go("computes with row 0", |state| {
        let fences = [0, 1].map(|group| seen.groups[group].unwrap_or(state.known[group]));
        let value = Value { rows: [state.db[0], 0], fences, versions: seen.versions, ..Value::default() };
        reader.to(Reading::ComputeLate { value })
    });
}

fn compute_late(turn: &mut Turn<'_>, reader: Reader, mut value: Value) {
    let world = turn.world;
    turn.go("computes with row 1", |state| {
        value.rows[1] = state.db[1];
        if let Some((row, version)) = state.near.filter(|_| reader.nests) {
            value.rows[1] = row;
            value.inner = Some(version);
        }
        if world.is(Mutation::FenceAfterCompute) {
            value.fences = state.groups;
            value.versions = [None; NAMES];
        }
        if world.is(Mutation::OneFenceForAll) {
            value.fences[1].sequence = value.fences[0].sequence;
        }
        if world.at_once {
            send_ahead(world, state, &mut value);
            return reader.to(Reading::Acquire { value, group: 0 });
        }
        let all_seen =
            value.inner.is_none() && !world.is(Mutation::AlwaysAcquired) && value.versions.iter().all(Option::is_some);
        reader.to(if all_seen { Reading::Write { value } } else { Reading::Acquire { value, group: 0 } })
    });
}

/// The entry with the versions that everything will have if nothing has happened.
fn send_ahead(world: &World, state: &mut State, value: &mut Value) {
    value.proposed = if world.is(Mutation::ProposalsAlike) { u8::MAX } else { state.number() };
    let seen = |name| value.inner.filter(|_| name == LATE).or(value.versions[name]);
    let versions: [u8; NAMES] = std::array::from_fn(|name| seen(name).unwrap_or(value.proposed));
    let epochs = value.fences.map(|fence| fence.epoch.unwrap_or_default());
    (value.assumed, value.ahead) = (versions, Some(Entry { rows: value.rows, versions, epochs }));
}

/// What was sent together with the scripts is executed at any moment, whatever becomes of them.
fn write_ahead(turn: &mut Turn<'_>, value: Value, then: impl FnOnce(Value) -> Actor) {
    let written = Value { ahead: None, ..value };
    if let Some(entry) = value.ahead {
        turn.go("has written the entry that was sent ahead", |state| {
            state.entry = Some(entry);
            then(written)
        });
    }
}

/// The script at a group: checks what is there, makes what is missing, and answers with the versions.
fn acquire(turn: &mut Turn<'_>, reader: Reader, mut value: Value, group: usize) {
    let mut after = turn.state.clone();
    let agreed = agree(turn.world, &mut after, &mut value, group);
    let violation = if value.inner.is_some() { None } else { reader.judge(value.rows) };
    if !agreed {
        return turn.answer("is refused by a group", violation, |state| {
            *state = after;
            if value.ahead.is_some() { reader.to(Reading::Refused { value }) } else { Actor::Done }
        });
    }
    let at = if group == 0 { Reading::Acquire { value, group: 1 } } else { Reading::Write { value } };
    turn.go("acquires the versions of a group", |state| {
        *state = after;
        reader.to(at)
    });
}

fn agree(world: &World, state: &mut State, value: &mut Value, group: usize) -> bool {
    if group == 1 && world.is(Mutation::UnaskedGroupFencedLate) {
        value.fences[group] = state.groups[group];
    }
    let fence = value.fences[group];
    state.known[group] = state.groups[group];
    if state.groups[group].epoch.is_none() && !world.is(Mutation::MissingOrderMatches) {
        state.ensure_order(group);
        return false;
    }
    if fence.epoch != state.groups[group].epoch && !world.is(Mutation::EpochUnchecked) {
        return false;
    }
    for name in names(group) {
        if state.order[name] > fence.sequence && !unchecked(world, name) {
            return false;
        }
        let inner = value.inner.filter(|_| name == LATE && !world.is(Mutation::InnerVersionUnchecked));
        if inner.is_some() && inner != state.records[name] {
            return false;
        }
        if state.records[name].is_none() {
            let made = if world.at_once { value.proposed } else { state.number() };
            state.records[name] = Some(made);
        }
        value.versions[name] = state.records[name];
    }
    true
}

fn unchecked(world: &World, name: usize) -> bool {
    match world.mutation {
        Some(Mutation::OrderUncheckedForKnown) => name == KNOWN,
        Some(Mutation::OrderUncheckedForLate) => name == LATE,
        Some(Mutation::OrderUncheckedForKey) => name == KEY,
        _ => false,
    }
}

fn write(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let violation = if value.inner.is_some() { None } else { reader.judge(value.rows) };
    if value.ahead.is_some() {
        return write_ahead(turn, value, |value| reader.to(Reading::Write { value }));
    }
    if turn.world.at_once && value.versions == value.assumed.map(Some) {
        return turn.answer("has written the entry already", violation, |_| Actor::Done);
    }
    turn.answer("writes the entry", violation, |state| {
        let epochs = value.fences.map(|fence| fence.epoch.unwrap_or_default());
        let versions = value.versions.map(Option::unwrap_or_default);
        state.entry = Some(Entry { rows: value.rows, versions, epochs });
        Actor::Done
    });
}

pub(super) fn fill_near(turn: &mut Turn<'_>) {
    if turn.state.holds[LATE] == 0 {
        turn.go("takes a copy of row 1", |state| {
            let version = state.records[LATE].unwrap_or_else(|| state.number());
            state.records[LATE] = Some(version);
            state.near = Some((state.db[1], version));
            Actor::Done
        });
    }
}
