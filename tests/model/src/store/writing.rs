//! Writers, removers, and accidents: everything that changes the store without reading from it.

use super::state::{Actor, Ending, KEY, Loss, Removing, State, TAGS, Writer, Writing};
use super::{Mutation, Turn, World};

pub(super) fn step(turn: &mut Turn<'_>, writer: Writer) {
    let world = turn.world;
    match writer.at {
        Writing::Hold => turn.go("holds its tags", |state| {
            if !world.is(Mutation::NoHold) {
                writer.tags().for_each(|tag| state.holds[tag] |= writer.id);
            }
            writer.to(Writing::Commit)
        }),
        Writing::Commit => commit(turn, writer),
        Writing::Invalidate => turn.go("invalidates and releases", |state| {
            invalidate(world, state, writer);
            writer.to(Writing::Return { covers: state.db })
        }),
        Writing::Return { covers } => turn.go("is told that its invalidation was executed", |state| {
            writer.tags().for_each(|tag| state.floor[tag] = state.floor[tag].max(covers[tag]));
            Actor::Done
        }),
        Writing::Release => turn.go("releases its tags", |state| {
            release(state, writer);
            Actor::Done
        }),
        Writing::Expired => turn.go("has missed its deadline; somebody settles its holds", |state| {
            if world.is(Mutation::ExpiredHoldForgotten) {
                release(state, writer);
            } else {
                invalidate(world, state, writer);
            }
            Actor::Done
        }),
    }
}

impl Writer {
    fn to(self, at: Writing) -> Actor {
        Actor::Writer(Self { at, ..self })
    }

    fn tags(self) -> impl Iterator<Item = usize> {
        (0..TAGS).filter(move |tag| self.rows & (1 << tag) != 0)
    }
}

fn commit(turn: &mut Turn<'_>, writer: Writer) {
    let execute = |state: &mut State| writer.tags().for_each(|row| state.db[row] += 1);
    match writer.ending {
        Ending::Rollback => turn.go("rolls back", |_| writer.to(Writing::Release)),
        Ending::Commit | Ending::Unheld => turn.go("commits", |state| {
            execute(state);
            writer.to(Writing::Invalidate)
        }),
        Ending::Crash => {
            turn.go("dies after its COMMIT was executed", |state| {
                execute(state);
                writer.to(Writing::Expired)
            });
            turn.go("dies before its COMMIT", |_| writer.to(Writing::Expired));
        }
    }
}

fn invalidate(world: &World, state: &mut State, writer: Writer) {
    advance(world, state);
    for tag in writer.tags() {
        state.order[tag] = state.sequence;
        if !world.is(Mutation::RecordKept) {
            state.records[tag] = None;
        }
    }
    release(state, writer);
}

fn advance(world: &World, state: &mut State) {
    state.ensure_order();
    if !world.is(Mutation::SequenceStill) {
        state.sequence += 1;
    }
}

fn release(state: &mut State, writer: Writer) {
    writer.tags().for_each(|tag| state.holds[tag] &= !writer.id);
}

pub(super) fn remove(turn: &mut Turn<'_>, at: Removing) {
    let world = turn.world;
    match at {
        Removing::Write => turn.go("changes row 0", |state| {
            state.db[0] += 1;
            Actor::Remover(Removing::Remove)
        }),
        Removing::Remove => turn.go("removes the key", |state| {
            advance(world, state);
            state.entry = None;
            if !world.is(Mutation::KeyWithoutOrder) {
                state.order[KEY] = state.sequence;
            }
            Actor::Remover(Removing::Return { covers: state.db[0] })
        }),
        Removing::Return { covers } => turn.go("is told that its removal was executed", |state| {
            state.floor[0] = state.floor[0].max(covers);
            Actor::Done
        }),
    }
}

pub(super) fn lose(turn: &mut Turn<'_>, loss: Loss) {
    for tag in (0..TAGS).filter(|&tag| turn.state.records[tag].is_some()) {
        turn.go("takes the record of a tag", |state| {
            state.records[tag] = None;
            Actor::Done
        });
    }
    if turn.state.entry.is_some() {
        turn.go("takes the entry", |state| {
            state.entry = None;
            Actor::Done
        });
    }
    if loss != Loss::Record {
        turn.go("takes the order record", |state| {
            state.lose_order();
            Actor::Done
        });
    }
    if loss == Loss::AnythingOrEverything {
        turn.go("takes everything, holds included", |state| {
            state.lose_order();
            state.records = [None; TAGS];
            state.holds = [0; TAGS];
            state.entry = None;
            Actor::Done
        });
    }
}
