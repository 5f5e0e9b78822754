//! A computed value on its way into the map: read the cells, check the buckets, insert under the stripe.

use super::state::{Actor, Dependency, EVERYTHING, Fence, Reader, Reading, State, TAGS, Value};
use super::{Mutation, Turn, World, flight};

/// The first step of a fill.
pub(super) fn start(world: &World, value: Value) -> Reading {
    if world.is(Mutation::BucketsBeforeCells) {
        Reading::CheckBuckets { value, next: 0 }
    } else {
        Reading::ReadCells { value, next: 0 }
    }
}

pub(super) fn step(turn: &mut Turn<'_>, reader: Reader) {
    match reader.at {
        Reading::ReadCells { mut value, next } => {
            if next == 0 && turn.world.is(Mutation::FenceAfterCompute) {
                let epoch = turn.state.cell(EVERYTHING).version;
                value.fence = Fence { epoch, sequence: turn.state.sequence };
            }
            read_cells(turn, reader, value, next);
            flight::drop_leader(turn, reader, value, TAGS as u8);
        }
        Reading::CheckBuckets { value, next } => check_buckets(turn, reader, value, next),
        Reading::CheckEpoch { value } => check_epoch(turn, reader, value),
        Reading::CheckKey { value } => check_key(turn, reader, value),
        Reading::Insert { value } => insert(turn, reader, value),
        Reading::CheckInserted { value } => check_inserted(turn, reader, value),
        _ => unreachable!("the other steps of a reader are not part of a fill"),
    }
}

fn read_cells(turn: &mut Turn<'_>, reader: Reader, mut value: Value, next: u8) {
    let world = turn.world;
    let Some(tag) = tag_from(world, reader.key, next) else { return };
    let mut state = turn.state.clone();
    let Some(dependency) = read_cell(world, &mut state, tag, value.tags[tag]) else {
        return refuse(turn, reader, value, "finds a tag changed since it was seen: refused");
    };
    value.tags[tag] = dependency;
    let at = match tag_from(world, reader.key, tag as u8 + 1) {
        Some(next) => Reading::ReadCells { value, next: next as u8 },
        None if world.is(Mutation::BucketsBeforeCells) => Reading::CheckKey { value },
        None => Reading::CheckBuckets { value, next: 0 },
    };
    turn.go(["reads the cell of tag 0 to fill", "reads the cell of tag 1 to fill"][tag], |after| {
        *after = state;
        reader.to(at)
    });
}

/// The version that the entry is going to carry for this tag; `None` if it is not the one that was seen.
fn read_cell(world: &World, state: &mut State, tag: usize, known: Dependency) -> Option<Dependency> {
    let seen = known.seen && !world.is(Mutation::SeenVersionUnchecked);
    let by_pointer = seen && !world.is(Mutation::SeenByName);
    let cell = if by_pointer { known.cell } else { state.resolve(tag) };
    let version = state.cell(cell).version;
    if seen && world.is(Mutation::SeenVersionStored) {
        return Some(known);
    }
    (!seen || version == known.version).then_some(Dependency { cell, version, seen: known.seen })
}

fn check_buckets(turn: &mut Turn<'_>, reader: Reader, value: Value, next: u8) {
    let world = turn.world;
    let Some(tag) = tag_from(world, reader.key, next) else { return };
    let bucket = turn.state.buckets[usize::from(world.buckets[tag])];
    let skipped = world.is(Mutation::BucketsUnchecked) || value.tags[tag].seen && world.is(Mutation::SeenSkipsBucket);
    if bucket > value.fence.sequence && !skipped {
        return refuse(turn, reader, value, "finds a bucket ahead of its fence: refused");
    }
    let at = match tag_from(world, reader.key, tag as u8 + 1) {
        Some(next) => Reading::CheckBuckets { value, next: next as u8 },
        None if world.touches_everything() => Reading::CheckEpoch { value },
        None => after_checks(world, value),
    };
    turn.go(["finds the bucket of tag 0 in order", "finds the bucket of tag 1 in order"][tag], |_| reader.to(at));
}

fn check_epoch(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let changed = turn.state.cell(EVERYTHING).version != value.fence.epoch;
    if changed && !turn.world.is(Mutation::EpochUnchecked) && !turn.world.is(Mutation::EpochAsFound) {
        return refuse(turn, reader, value, "finds the epoch changed: refused");
    }
    let at = after_checks(turn.world, value);
    turn.go("finds the epoch in order", |_| reader.to(at));
}

fn after_checks(world: &World, value: Value) -> Reading {
    if world.is(Mutation::BucketsBeforeCells) {
        Reading::ReadCells { value, next: 0 }
    } else if world.is(Mutation::InsertBeforeKeyCheck) {
        Reading::Insert { value }
    } else {
        Reading::CheckKey { value }
    }
}

/// Locks the stripe, and looks at the key's bucket.
fn check_key(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let (world, state) = (turn.world, turn.state);
    if !world.is(Mutation::KeyCheckedBeforeStripe) && is_locked(world, state, reader.key) {
        return;
    }
    if outdated_key(world, state, reader.key, &value) {
        return refuse(turn, reader, value, "finds the key's bucket ahead of its fence: refused");
    }
    turn.go("locks the stripe, finds the key in order", |_| reader.to(Reading::Insert { value }));
}

fn insert(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let world = turn.world;
    if is_validated(world, turn.state, reader.key) {
        return;
    }
    let mut stored = Value { led_at: None, ..value };
    stored.tags.iter_mut().for_each(|tag| tag.seen = false);
    if world.is(Mutation::EpochAsFound) {
        stored.fence.epoch = turn.state.cell(EVERYTHING).version;
    }
    let place = &turn.state.entries[usize::from(reader.key)];
    let newer = place.is_some_and(|entry| entry.fence.sequence > stored.fence.sequence);
    let at = if world.is(Mutation::InsertBeforeKeyCheck) {
        Some(Reading::CheckInserted { value })
    } else {
        reader.leads().then_some(flight::after_fill(world, value))
    };
    turn.answer("inserts, unlocks the stripe", own_answer(turn.world, reader, &value), |state| {
        if !newer || world.is(Mutation::NewerFenceReplaced) {
            state.entries[usize::from(reader.key)] = Some(stored);
        }
        at.map_or(Actor::Done, |at| reader.to(at))
    });
}

/// The wrong way round: what should not have been inserted is taken out again.
fn check_inserted(turn: &mut Turn<'_>, reader: Reader, value: Value) {
    let outdated = outdated_key(turn.world, turn.state, reader.key, &value);
    let at = reader.leads().then_some(Reading::Tell { value, kept: !outdated });
    turn.go("checks the key after the insertion", |state| {
        if outdated {
            state.entries[usize::from(reader.key)] = None;
        }
        at.map_or(Actor::Done, |at| reader.to(at))
    });
}

fn refuse(turn: &mut Turn<'_>, reader: Reader, value: Value, what: &'static str) {
    let at = reader.leads().then_some(Reading::Tell { value, kept: false });
    turn.answer(what, own_answer(turn.world, reader, &value), |_| at.map_or(Actor::Done, |at| reader.to(at)));
}

/// Stored or not, it is the answer to whoever computed it.
fn own_answer(world: &World, reader: Reader, value: &Value) -> Option<&'static str> {
    reader.judge(world, reader.key, value)
}

fn outdated_key(world: &World, state: &State, key: u8, value: &Value) -> bool {
    state.buckets[usize::from(world.buckets[TAGS + usize::from(key)])] > value.fence.sequence
}

fn tag_from(world: &World, key: u8, from: u8) -> Option<usize> {
    (usize::from(from)..TAGS).find(|&tag| world.carries(key, tag))
}

/// Whether somebody has locked the stripe of this key.
pub(super) fn is_locked(world: &World, state: &State, key: u8) -> bool {
    let locks = |actor: &Actor| match actor {
        Actor::Reader(reader) => {
            reader.key == key && matches!(reader.at, Reading::Insert { .. } | Reading::CheckInserted { .. })
        }
        _ => false,
    };
    !world.is(Mutation::NoStripe) && !world.is(Mutation::KeyCheckedBeforeStripe) && state.actors.iter().any(locks)
}

/// Whether a lookup is looking at the entry of this key, under the read lock of its shard.
pub(super) fn is_validated(world: &World, state: &State, key: u8) -> bool {
    let looks = |actor: &Actor| match actor {
        Actor::Reader(reader) => match reader.at {
            Reading::Validate { .. } => reader.key == key,
            Reading::InnerValidate { .. } => key == 1,
            _ => false,
        },
        _ => false,
    };
    !world.is(Mutation::LookupsLockNothing) && state.actors.iter().any(looks)
}
