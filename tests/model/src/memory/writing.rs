//! Writers and removers: hold, COMMIT, invalidate, release, and every other ending that a transaction can have.

use super::filling::{is_locked, is_validated};
use super::state::{Actor, EVERYTHING, Ending, NONE, Remover, Removing, State, TAGS, Writer, Writing};
use super::{Mutation, Turn, World};

/// One part of an invalidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The sequence advances, and the invalidation takes its new value.
    Sequence,
    /// Only in mutations: the invalidation takes a number of its own choice.
    Peek,
    /// Only in mutations: the sequence advances, too late.
    Advance,
    Buckets,
    Cells,
    Remove,
}

fn parts(world: &World, writer: &Writer) -> &'static [Part] {
    use Part::{Advance, Buckets, Cells, Peek, Sequence};
    match world.mutation {
        _ if writer.rows == 0 => &[Cells],
        Some(Mutation::CellsBeforeBuckets) => &[Sequence, Cells, Buckets],
        Some(Mutation::CellsBeforeSequence) => &[Cells, Sequence, Buckets],
        Some(Mutation::BucketsBeforeSequence) => &[Peek, Buckets, Advance, Cells],
        Some(Mutation::SequenceNeverAdvances) => &[Peek, Buckets, Cells],
        Some(Mutation::NoBucket) => &[Sequence, Cells],
        Some(Mutation::NoBump) => &[Sequence, Buckets],
        _ => &[Sequence, Buckets, Cells],
    }
}

pub(super) fn step(turn: &mut Turn<'_>, writer: Writer) {
    match writer.at {
        Writing::Hold { next } => hold(turn, writer, next),
        Writing::Commit => commit(turn, writer),
        Writing::Invalidate { part, next, sequence, covers } => invalidate(turn, writer, part, next, sequence, covers),
        Writing::Release { next } => release(turn, writer, next),
        Writing::Limbo => {
            turn.go("is gone; its COMMIT is executed all the same", |state| {
                write(state, &writer);
                writer.to(Writing::Expire)
            });
            turn.go("is gone, and its COMMIT never arrives", |_| writer.to(Writing::Expire));
        }
        Writing::Expire => turn.go("has missed the deadline of its hold", |state| {
            expire(state, &writer);
            // The deadline counts as an invalidation, whether or not anybody has met it.
            raise_floor(state, &writer, state.db);
            if writer.ending == Ending::Late { writer.invalidating(state.db) } else { Actor::Done }
        }),
    }
}

impl Writer {
    fn to(self, at: Writing) -> Actor {
        Actor::Writer(Self { at, ..self })
    }

    fn next_tag(&self, from: u8) -> Option<usize> {
        let tags = if self.rows == 0 { 1 } else { self.rows };
        (usize::from(from)..TAGS).find(|tag| tags & (1 << tag) != 0)
    }

    fn invalidating(self, covers: [u8; TAGS]) -> Actor {
        self.to(Writing::Invalidate { part: 0, next: 0, sequence: 0, covers })
    }

    /// Where it goes when it has nothing but its holds left.
    fn releasing(self) -> Actor {
        match (0..TAGS).find(|&tag| self.held[tag] != NONE) {
            Some(next) => self.to(Writing::Release { next: next as u8 }),
            None => Actor::Done,
        }
    }
}

fn hold(turn: &mut Turn<'_>, mut writer: Writer, next: u8) {
    let Some(tag) = writer.next_tag(next) else { return };
    let world = turn.world;
    let held = |writer: Writer| match writer.next_tag(tag as u8 + 1) {
        Some(next) => writer.to(Writing::Hold { next: next as u8 }),
        None if world.is(Mutation::InvalidateBeforeCommit) => writer.invalidating([0; TAGS]),
        None => writer.to(Writing::Commit),
    };
    if world.is(Mutation::NoHold) {
        return turn.go("holds nothing", |_| held(writer));
    }
    turn.go(["holds tag 0, or everything", "holds tag 1"][tag], |state| {
        writer.held[tag] = if writer.rows == 0 { EVERYTHING } else { state.resolve(tag) };
        state.cell_mut(writer.held[tag]).holds |= writer.id;
        held(writer)
    });
}

fn commit(turn: &mut Turn<'_>, writer: Writer) {
    let world = turn.world;
    match writer.ending {
        Ending::Rollback if world.is(Mutation::RollbackForgetsHold) => turn.go("rolls back", |_| Actor::Done),
        Ending::Rollback => turn.go("rolls back", |_| writer.releasing()),
        Ending::Crash => turn.go("is dropped before its COMMIT is answered", |_| {
            Writer { held: [NONE; TAGS], ..writer }.to(Writing::Limbo)
        }),
        Ending::Late => turn.go("commits", |state| {
            write(state, &writer);
            writer.to(Writing::Expire)
        }),
        Ending::Commit | Ending::Unheld => turn.go("commits", |state| {
            write(state, &writer);
            if world.is(Mutation::InvalidateBeforeCommit) {
                raise_floor(state, &writer, state.db);
                return writer.releasing();
            }
            if world.is(Mutation::ReleaseBeforeInvalidate) && writer.held != [NONE; TAGS] {
                return writer.releasing();
            }
            writer.invalidating(state.db)
        }),
    }
}

/// The deadline passes wherever the writer's mark is.
fn expire(state: &mut State, writer: &Writer) {
    for cell in &mut state.cells {
        cell.expired |= cell.holds & writer.id;
    }
}

fn write(state: &mut State, writer: &Writer) {
    for row in (0..TAGS).filter(|row| writer.rows == 0 || writer.rows & (1 << row) != 0) {
        state.db[row] += 1;
    }
}

/// The invalidation has returned: from here on, nobody may be given anything older.
fn raise_floor(state: &mut State, writer: &Writer, covers: [u8; TAGS]) {
    for row in (0..TAGS).filter(|row| writer.rows == 0 || writer.rows & (1 << row) != 0) {
        state.floor[row] = state.floor[row].max(covers[row]);
    }
}

fn invalidate(turn: &mut Turn<'_>, writer: Writer, part: u8, next: u8, sequence: u8, covers: [u8; TAGS]) {
    let world = turn.world;
    let parts = parts(world, &writer);
    let now = parts[usize::from(part)];
    let Some(tag) = writer.next_tag(next) else { return };
    let each = matches!(now, Part::Buckets | Part::Cells);
    let next_tag = if each { writer.next_tag(tag as u8 + 1) } else { None };
    // What counts as covered is what was committed when the invalidation began.
    let covers = if part == 0 && next == 0 { turn.state.db } else { covers };
    turn.go(describe(now), |state| {
        let sequence = apply(world, state, now, writer.rows == 0, tag, sequence);
        match next_tag {
            Some(next) => writer.to(Writing::Invalidate { part, next: next as u8, sequence, covers }),
            None if usize::from(part) + 1 < parts.len() => {
                writer.to(Writing::Invalidate { part: part + 1, next: 0, sequence, covers })
            }
            None if world.is(Mutation::InvalidateBeforeCommit) => writer.to(Writing::Commit),
            None => {
                raise_floor(state, &writer, covers);
                writer.releasing()
            }
        }
    });
}

fn describe(part: Part) -> &'static str {
    match part {
        Part::Sequence | Part::Advance => "advances the sequence",
        Part::Peek => "chooses a number",
        Part::Buckets => "raises a bucket",
        Part::Cells => "bumps a cell",
        Part::Remove => "removes the entry under the stripe",
    }
}

/// Does one part for one tag (or for everything). Yields the number of the invalidation.
fn apply(world: &World, state: &mut State, part: Part, everything: bool, tag: usize, sequence: u8) -> u8 {
    match part {
        Part::Sequence => return advance(world, state),
        Part::Peek => return state.sequence + 1,
        Part::Advance => state.sequence += 1,
        Part::Buckets => note(world, state, tag, sequence),
        Part::Cells if everything => state.cell_mut(EVERYTHING).version += 1,
        Part::Cells if state.map[tag] != NONE => state.cell_mut(state.map[tag]).version += 1,
        Part::Cells | Part::Remove => {}
    }
    sequence
}

pub(super) fn advance(world: &World, state: &mut State) -> u8 {
    if !world.is(Mutation::SequenceStill) {
        state.sequence += 1;
    }
    state.sequence
}

pub(super) fn note(world: &World, state: &mut State, name: usize, sequence: u8) {
    let bucket = &mut state.buckets[usize::from(world.buckets[name])];
    *bucket = if world.is(Mutation::BucketWithoutMaximum) { sequence } else { sequence.max(*bucket) };
}

fn release(turn: &mut Turn<'_>, mut writer: Writer, next: u8) {
    let world = turn.world;
    turn.go("releases a tag", |state| {
        let cell = state.cell_mut(writer.held[usize::from(next)]);
        let gone = if world.is(Mutation::ReleaseClearsOthers) { u8::MAX } else { writer.id };
        cell.holds &= !gone;
        cell.expired &= !gone;
        writer.held[usize::from(next)] = NONE;
        match writer.releasing() {
            Actor::Done if world.is(Mutation::ReleaseBeforeInvalidate) && writer.ending == Ending::Commit => {
                writer.invalidating(state.db)
            }
            actor => actor,
        }
    });
}

pub(super) fn remove(turn: &mut Turn<'_>, remover: Remover) {
    use Part::{Buckets, Remove, Sequence};
    let (world, key) = (turn.world, usize::from(remover.key));
    let Removing::Invalidate { part, sequence, covers } = remover.at else {
        return turn.go("changes row 0", |state| {
            state.db[0] += 1;
            Actor::Remover(Remover { at: Removing::Invalidate { part: 0, sequence: 0, covers: 0 }, ..remover })
        });
    };
    let parts: &[Part] = match world.mutation {
        Some(Mutation::RemoveBeforeBucket) => &[Sequence, Remove, Buckets],
        Some(Mutation::KeyWithoutBucket) => &[Sequence, Remove],
        _ => &[Sequence, Buckets, Remove],
    };
    let now = parts[usize::from(part)];
    let without_stripe = world.is(Mutation::RemoveWithoutStripe);
    let waits =
        is_locked(world, turn.state, remover.key) && !without_stripe || is_validated(world, turn.state, remover.key);
    if now == Remove && waits {
        return;
    }
    let covers = if part == 0 { turn.state.db[0] } else { covers };
    turn.go(describe(now), |state| {
        let sequence = apply(world, state, now, false, TAGS + key, sequence);
        if now == Remove {
            state.entries[key] = None;
        }
        if usize::from(part) + 1 < parts.len() {
            let at = Removing::Invalidate { part: part + 1, sequence, covers };
            return Actor::Remover(Remover { at, ..remover });
        }
        state.floor[0] = state.floor[0].max(covers);
        Actor::Done
    });
}
