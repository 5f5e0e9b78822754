//! Writers, removers, and accidents: everything that changes the cluster without reading from it. One script for each group.

use super::state::{Actor, Ending, GROUPS, KEY, Loss, NAMES, ROWS, Removing, State, Writer, Writing, group_of, names};
use super::{Mutation, Turn, World};

pub(super) fn step(turn: &mut Turn<'_>, writer: Writer) {
    let world = turn.world;
    match writer.at {
        Writing::Hold { group } => turn.go("holds its tags of a group", |state| {
            if !world.is(Mutation::NoHold) {
                writer.tags(group).for_each(|tag| state.holds[tag] |= writer.id);
            }
            writer.next(group, |group| Writing::Hold { group }, Writing::Commit)
        }),
        Writing::Commit => commit(turn, writer),
        Writing::Invalidate { group, covers } => turn.go("invalidates and releases in a group", |state| {
            let covers = if group == 0 { state.db } else { covers };
            invalidate(world, state, writer, group);
            let early = world.is(Mutation::FirstAnswerIsEnough) && group == 0;
            if early {
                writer.tags(0).chain(writer.tags(1)).for_each(|tag| state.floor[tag] = covers[tag]);
            }
            writer.next(group, |group| Writing::Invalidate { group, covers }, Writing::Return { covers })
        }),
        Writing::Return { covers } => turn.go("is told that its invalidation was executed", |state| {
            let tags = writer.tags(0).chain(writer.tags(1));
            tags.for_each(|tag| state.floor[tag] = state.floor[tag].max(covers[tag]));
            Actor::Done
        }),
        Writing::Release { group } => turn.go("releases its tags of a group", |state| {
            release(state, writer, group);
            writer.end(group, |group| Writing::Release { group })
        }),
        Writing::Expired { group } => turn.go("has missed its deadline; somebody settles in a group", |state| {
            if world.is(Mutation::ExpiredHoldForgotten) {
                release(state, writer, group);
            } else {
                invalidate(world, state, writer, group);
            }
            writer.end(group, |group| Writing::Expired { group })
        }),
    }
}

impl Writer {
    fn to(self, at: Writing) -> Actor {
        Actor::Writer(Self { at, ..self })
    }

    fn tags(self, group: u8) -> impl Iterator<Item = usize> {
        (0..ROWS).filter(move |tag| self.rows & (1 << tag) != 0 && group_of(*tag) == usize::from(group))
    }

    fn next(self, group: u8, again: impl FnOnce(u8) -> Writing, after: Writing) -> Actor {
        self.to(if usize::from(group) + 1 < GROUPS { again(group + 1) } else { after })
    }

    fn end(self, group: u8, again: impl FnOnce(u8) -> Writing) -> Actor {
        if usize::from(group) + 1 < GROUPS { self.to(again(group + 1)) } else { Actor::Done }
    }
}

fn commit(turn: &mut Turn<'_>, writer: Writer) {
    let execute = |state: &mut State| writer.tags(0).chain(writer.tags(1)).for_each(|row| state.db[row] += 1);
    match writer.ending {
        Ending::Rollback => turn.go("rolls back", |_| writer.to(Writing::Release { group: 0 })),
        Ending::Commit | Ending::Unheld => turn.go("commits", |state| {
            execute(state);
            writer.to(Writing::Invalidate { group: 0, covers: [0; ROWS] })
        }),
        Ending::Crash => {
            turn.go("dies after its COMMIT was executed", |state| {
                execute(state);
                writer.to(Writing::Expired { group: 0 })
            });
            turn.go("dies before its COMMIT", |_| writer.to(Writing::Expired { group: 0 }));
        }
    }
}

fn invalidate(world: &World, state: &mut State, writer: Writer, group: u8) {
    writer.tags(group).for_each(|tag| drop_name(world, state, tag));
    release(state, writer, group);
}

fn drop_name(world: &World, state: &mut State, name: usize) {
    let group = group_of(name);
    state.ensure_order(group);
    if !world.is(Mutation::SequenceStill) {
        state.groups[group].sequence += 1;
    }
    state.order[name] = state.groups[group].sequence;
    if !world.is(Mutation::RecordKept) {
        state.records[name] = None;
    }
}

fn release(state: &mut State, writer: Writer, group: u8) {
    writer.tags(group).for_each(|tag| state.holds[tag] &= !writer.id);
}

pub(super) fn remove(turn: &mut Turn<'_>, at: Removing) {
    let world = turn.world;
    match at {
        Removing::Write => turn.go("changes row 0", |state| {
            state.db[0] += 1;
            Actor::Remover(Removing::Invalidate)
        }),
        Removing::Invalidate => turn.go("invalidates the key", |state| {
            let covers = state.db[0];
            if world.is(Mutation::KeyWithoutRecord) {
                state.entry = None;
            } else {
                drop_name(world, state, KEY);
            }
            Actor::Remover(Removing::Return { covers })
        }),
        Removing::Return { covers } => turn.go("is told that its removal was executed", |state| {
            state.floor[0] = state.floor[0].max(covers);
            Actor::Done
        }),
    }
}

pub(super) fn lose(turn: &mut Turn<'_>, loss: Loss) {
    for name in (0..NAMES).filter(|&name| turn.state.records[name].is_some()) {
        turn.go("takes a record", |state| {
            state.records[name] = None;
            Actor::Done
        });
    }
    if turn.state.entry.is_some() {
        turn.go("takes the entry", |state| {
            state.entry = None;
            Actor::Done
        });
    }
    for group in 0..GROUPS {
        turn.go("takes the order record of a group", |state| {
            state.lose_order(group);
            Actor::Done
        });
        if loss == Loss::Group {
            turn.go("takes all of a group, holds included", |state| {
                state.lose_order(group);
                for name in names(group) {
                    state.records[name] = None;
                    state.holds[name] = 0;
                }
                Actor::Done
            });
        }
    }
}
