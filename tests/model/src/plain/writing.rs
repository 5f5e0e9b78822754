//! Writers, removers, and accidents: everything that changes the store without reading values from it.

use super::state::{Actor, Ending, KEY, Loss, RECORDS, Record, Removing, State, Writer, Writing};
use super::{Mutation, Turn, World};

pub(super) fn step(turn: &mut Turn<'_>, writer: Writer) {
    let (world, row) = (turn.world, usize::from(writer.row));
    match writer.at {
        Writing::Hold => turn.go("holds its tag", |state| hold(world, state, writer)),
        Writing::HoldOrder => turn.go("replaces the order record, too", |state| {
            if !world.is(Mutation::OrderStillWhileHeld) {
                state.order = Some(state.number());
            }
            writer.to(Writing::Commit)
        }),
        Writing::Commit => commit(turn, writer),
        Writing::Order => turn.go("replaces the order record", |state| {
            let covers = state.db[row];
            write_order(world, state);
            writer.to(Writing::Record { covers })
        }),
        Writing::Record { covers } => turn.go("replaces the tag's record", |state| {
            write_record(world, state, row);
            writer.to(Writing::Return { covers })
        }),
        Writing::Return { covers } => turn.go("is told that its invalidation was executed", |state| {
            if world.is(Mutation::OrderAfterRecords) {
                state.order = Some(state.number());
            }
            state.floor[row] = state.floor[row].max(covers);
            Actor::Done
        }),
        Writing::Release => release(turn, writer),
        Writing::Replace => turn.go("replaces its marker by a version", |state| {
            match writer.before.filter(|_| world.is(Mutation::ReleaseRestores)) {
                Some(version) => state.records[row] = Some(Record { version, held: false }),
                None => _ = state.write(row),
            }
            Actor::Done
        }),
        Writing::Expired => expire(turn, writer),
    }
}

impl Writer {
    fn to(self, at: Writing) -> Actor {
        Actor::Writer(Self { at, ..self })
    }

    fn finds_its_marker(&self, state: &State) -> bool {
        state.records[usize::from(self.row)] == Some(Record { version: self.marker, held: true })
    }
}

fn hold(world: &World, state: &mut State, writer: Writer) -> Actor {
    let (row, marker) = (usize::from(writer.row), state.number());
    let before = state.version(row);
    if !world.is(Mutation::NoHold) {
        state.records[row] = Some(Record { version: marker, held: true });
    }
    Writer { marker, before, ..writer }.to(Writing::HoldOrder)
}

fn commit(turn: &mut Turn<'_>, writer: Writer) {
    let row = usize::from(writer.row);
    match writer.ending {
        Ending::Rollback => turn.go("rolls back", |_| writer.to(Writing::Release)),
        Ending::Commit | Ending::Unheld => turn.go("commits", |state| {
            state.db[row] += 1;
            writer.to(Writing::Order)
        }),
        Ending::Crash => {
            turn.go("dies after its COMMIT was executed", |state| {
                state.db[row] += 1;
                writer.to(Writing::Expired)
            });
            turn.go("dies before its COMMIT", |_| writer.to(Writing::Expired));
        }
    }
}

fn release(turn: &mut Turn<'_>, writer: Writer) {
    if writer.finds_its_marker(turn.state) {
        turn.go("finds its own marker", |_| writer.to(Writing::Replace));
    } else {
        turn.go("finds that its hold was ended by another", |_| Actor::Done);
    }
}

/// The marker goes with its ttl; a record that is missing makes everything miss.
fn expire(turn: &mut Turn<'_>, writer: Writer) {
    let (world, row) = (turn.world, usize::from(writer.row));
    turn.go("has missed its deadline: the store drops the marker", |state| {
        if writer.finds_its_marker(state) {
            let restored = writer.before.filter(|_| world.is(Mutation::ExpiredHoldForgotten));
            state.records[row] = restored.map(|version| Record { version, held: false });
        }
        Actor::Done
    });
}

fn write_order(world: &World, state: &mut State) {
    if !world.is(Mutation::OrderAfterRecords) && !world.is(Mutation::OrderStill) {
        state.order = Some(state.number());
    }
}

fn write_record(world: &World, state: &mut State, name: usize) {
    if !world.is(Mutation::RecordKept) {
        state.write(name);
    }
}

pub(super) fn remove(turn: &mut Turn<'_>, at: Removing) {
    let world = turn.world;
    let next = |at| Actor::Remover(at);
    match at {
        Removing::Write => turn.go("changes row 0", |state| {
            state.db[0] += 1;
            next(Removing::Order)
        }),
        Removing::Order => turn.go("replaces the order record", |state| {
            let covers = state.db[0];
            write_order(world, state);
            next(if world.is(Mutation::KeyWithoutRecord) {
                Removing::Entry { covers }
            } else {
                Removing::Record { covers }
            })
        }),
        Removing::Record { covers } => turn.go("replaces the key's record", |state| {
            write_record(world, state, KEY);
            next(if world.is(Mutation::RemovedEntryKept) {
                Removing::Return { covers }
            } else {
                Removing::Entry { covers }
            })
        }),
        Removing::Entry { covers } => turn.go("deletes the entry", |state| {
            state.entry = None;
            next(Removing::Return { covers })
        }),
        Removing::Return { covers } => turn.go("is told that its removal was executed", |state| {
            state.floor[0] = state.floor[0].max(covers);
            Actor::Done
        }),
    }
}

pub(super) fn lose(turn: &mut Turn<'_>, loss: Loss) {
    for name in (0..RECORDS).filter(|&name| turn.state.records[name].is_some()) {
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
    if turn.state.order.is_some() {
        turn.go("takes the order record", |state| {
            state.order = None;
            Actor::Done
        });
    }
    if loss == Loss::OneOrEverything {
        turn.go("takes everything", |state| {
            state.order = None;
            state.records = [None; RECORDS];
            state.entry = None;
            Actor::Done
        });
    }
}
