//! A reader from its start to its answer: lookup, computation, fill; and the near cache that one of them reads from.

use super::state::{Actor, Entry, Fence, KEY, NearCopy, Reader, Reading, Role, State, TAGS, Value};
use super::{Mutation, NOT_COMMITTED, OUTDATED, Turn, World, flight};

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::Start => start(turn, Reader { floor: turn.state.floor, ..reader }),
        Reading::LookUp { called_at, shares } => look_up_at_once(turn, reader, called_at, shares),
        Reading::Late { entry, fence, current } => look_up_late(turn, reader, &entry, fence, current),
        Reading::Compute { value, row } => {
            compute(turn, reader, value, row);
            flight::drop_leader(turn, reader);
        }
        Reading::Fill { value } => {
            offer(turn, reader, value);
            flight::drop_leader(turn, reader);
        }
        _ => flight::step(turn, reader),
    }
}

impl Reader {
    pub(super) fn to(self, at: Reading) -> Actor {
        Actor::Reader(Self { at, ..self })
    }

    /// A caller on its own turns into a reader; so whoever is a caller and computes is the leader of a flight.
    pub(super) fn leads(&self) -> bool {
        self.role == Role::Caller
    }

    pub(super) fn judge(&self, rows: [u8; TAGS]) -> Option<&'static str> {
        (0..TAGS).any(|row| rows[row] < self.floor[row]).then_some(OUTDATED)
    }
}

fn start(turn: &mut Turn<'_>, reader: Reader) {
    match reader.role {
        Role::Alone => look_up_known(turn, reader),
        Role::Caller => {
            let at = Reading::LookUp { called_at: turn.state.now, shares: true };
            turn.go("starts", |_| reader.to(at));
        }
        Role::Outer => turn.go("reads its fence", |state| reader.to(computing(state.fence(), state.now))),
    }
}

/// The first trip of a reader that does not know the late tag yet.
fn look_up_known(turn: &mut Turn<'_>, reader: Reader) {
    let (world, state) = (turn.world, turn.state);
    let fence = state.fence();
    match state.entry.filter(|entry| epoch_matches(world, state, entry) && tag_matches(world, state, entry, 0)) {
        Some(entry) => {
            let current = entry.rows == state.db;
            turn.go("finds the entry and tag 0 unchanged", |_| reader.to(Reading::Late { entry, fence, current }));
        }
        None => turn.go("misses, and has its fence", |state| reader.to(computing(fence, state.now))),
    }
}

fn look_up_late(turn: &mut Turn<'_>, reader: Reader, entry: &Entry, fence: Fence, current: bool) {
    let (world, state) = (turn.world, turn.state);
    if !tag_matches(world, state, entry, 1) {
        return turn.go("finds the late tag changed or held: a miss", |state| reader.to(computing(fence, state.now)));
    }
    let committed = current && entry.rows[1] == state.db[1];
    let strict = (world.strict() && !committed).then_some(NOT_COMMITTED);
    turn.answer("finds the late tag unchanged: a hit", reader.judge(entry.rows).or(strict), |_| Actor::Done);
}

/// The one trip of a caller that knows all names.
fn look_up_at_once(turn: &mut Turn<'_>, reader: Reader, called_at: u8, shares: bool) {
    let (world, state) = (turn.world, turn.state);
    let servable = |entry: &Entry| {
        epoch_matches(world, state, entry) && (0..TAGS).all(|tag| tag_matches(world, state, entry, tag))
    };
    if let Some(entry) = state.entry.filter(servable) {
        let strict = (world.strict() && entry.rows != state.db).then_some(NOT_COMMITTED);
        return turn.answer("hits", reader.judge(entry.rows).or(strict), |_| Actor::Done);
    }
    turn.go("misses, and has its fence", |state| {
        reader.to(Reading::Join { called_at, shares, fence: state.fence(), fenced_at: state.now })
    });
}

fn epoch_matches(world: &World, state: &State, entry: &Entry) -> bool {
    state.epoch.is_some() && (entry.fence.epoch == state.epoch || world.is(Mutation::AnyEpochIsServed))
}

fn tag_matches(world: &World, state: &State, entry: &Entry, tag: usize) -> bool {
    let free = state.holds[tag] == 0 || world.is(Mutation::HeldIsServed);
    state.records[tag] == Some(entry.versions[tag]) && free
}

pub(super) fn computing(fence: Fence, fenced_at: u8) -> Reading {
    Reading::Compute { value: Value { fence, fenced_at, ..Value::default() }, row: 0 }
}

fn compute(turn: &mut Turn<'_>, reader: Reader, mut value: Value, row: u8) {
    let world = turn.world;
    turn.go(["computes with row 0", "computes with row 1"][usize::from(row)], |state| {
        value.rows[usize::from(row)] = state.db[usize::from(row)];
        if row == 0 {
            return reader.to(Reading::Compute { value, row: 1 });
        }
        if let Some(copy) = state.near.filter(|_| reader.role == Role::Outer) {
            value.rows[1] = copy.row;
            value.seen = Some(copy.version);
        }
        let closes = reader.leads() && !world.is(Mutation::FlightClosedAfterFill);
        reader.to(if closes { Reading::Close { value } } else { Reading::Fill { value } })
    });
}

/// The trip of a fill.
fn offer(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let mut after = turn.state.clone();
    let kept = fill(turn.world, &mut after, &value);
    let what = if kept { "fills" } else { "is refused its fill" };
    // What a near cache was late with is the outer's own bound; what it may not do is to make that last.
    let violation = if value.seen.is_some() { None } else { reader.judge(value.rows) };
    turn.answer(what, violation, |state| {
        *state = after;
        if reader.leads() { reader.to(Reading::Tell { value, kept }) } else { Actor::Done }
    });
}

/// The script that the store executes.
fn fill(world: &World, state: &mut State, value: &Value) -> bool {
    let fence = if world.is(Mutation::FenceAfterCompute) { state.fence() } else { value.fence };
    if state.epoch.is_none() && !world.is(Mutation::MissingOrderMatches) {
        state.ensure_order();
        return false;
    }
    let epoch_differs = fence.epoch != state.epoch && !world.is(Mutation::EpochUnchecked);
    let refused_while_held = world.is(Mutation::FillsRefusedWhileHeld) && state.holds != [0; TAGS];
    if epoch_differs || refused_while_held || (0..=KEY).any(|name| outdated(world, state, name, fence)) {
        return false;
    }
    let seen_differs = value.seen.is_some() && value.seen != state.records[1];
    if seen_differs && !world.is(Mutation::SeenVersionUnchecked) {
        return false;
    }
    let newer = |entry: &Entry| entry.fence.epoch == fence.epoch && entry.fence.sequence > fence.sequence;
    if !state.entry.as_ref().is_some_and(newer) || world.is(Mutation::NewerFenceReplaced) {
        let versions = [state.record(0), state.record(1)];
        state.entry = Some(Entry { rows: value.rows, versions, fence: Fence { epoch: state.epoch, ..fence } });
    }
    true
}

fn outdated(world: &World, state: &State, name: usize, fence: Fence) -> bool {
    let unchecked = match world.mutation {
        Some(Mutation::OrderUnchecked) => true,
        Some(Mutation::OrderUncheckedForKnown) => name == 0,
        Some(Mutation::OrderUncheckedForLate) => name == 1,
        Some(Mutation::OrderUncheckedForKey) => name == KEY,
        _ => false,
    };
    state.order[name] > fence.sequence && !unchecked
}

pub(super) fn fill_near(turn: &mut Turn<'_>) {
    if turn.state.holds[1] == 0 {
        turn.go("takes a copy of row 1", |state| {
            state.near = Some(NearCopy { row: state.db[1], version: state.record(1) });
            Actor::Done
        });
    }
}
