//! Writers, removers, compaction, and accidents: everything that changes the server without reading values from it.

use super::state::{Actor, Ending, KEY, LATE, Loss, RECORDS, Removing, State, Writer, Writing};
use super::{Mutation, Turn, World, filling};

pub(super) fn step(turn: &mut Turn<'_>, writer: Writer) {
    let (world, row) = (turn.world, usize::from(writer.row));
    if writer.ending == Ending::Death {
        die(turn, writer);
    }
    match writer.at {
        Writing::Lease => turn.go("leaves its lease", |state| {
            if !world.is(Mutation::NoHold) && !world.is(Mutation::MarkBeforeLease) {
                state.leases |= writer.id;
            }
            writer.to(Writing::Add)
        }),
        Writing::Add => turn.go("adds a record, if there is none", |state| {
            if state.records[row].is_none() && !world.is(Mutation::OnlyRecordsMarked) {
                state.put(row, None, 0);
            }
            writer.to(Writing::Mark)
        }),
        Writing::Mark if turn.state.records[row].is_none() && !world.is(Mutation::OnlyRecordsMarked) => {
            turn.go("finds no record to mark", |_| writer.to(Writing::Add));
        }
        Writing::Mark => turn.go("marks the record", |state| {
            mark(world, state, writer);
            writer.to(Writing::Commit)
        }),
        Writing::Commit => commit(turn, writer),
        Writing::Order => turn.go("gives the bucket a new number", |state| {
            let covers = state.db[row];
            if !world.is(Mutation::OrderStill) && !world.is(Mutation::OrderAfterRecords) {
                number(state, row);
            }
            writer.to(Writing::Append { covers })
        }),
        Writing::Append { covers } => turn.go("appends a version", |state| {
            append(world, state, row);
            writer.to(Writing::Return { covers })
        }),
        Writing::Return { covers } => turn.go("is told that its invalidation was executed", |state| {
            if world.is(Mutation::OrderAfterRecords) {
                number(state, row);
            }
            state.floor[row] = state.floor[row].max(covers);
            if writer.ending == Ending::Unheld { Actor::Done } else { writer.to(Writing::Unmark) }
        }),
        Writing::Unmark => turn.go("takes its mark back", |state| {
            if world.is(Mutation::LeaseEndedFirst) && state.leases & writer.id != 0 {
                state.leases &= !writer.id;
                return writer.to(Writing::Unmark);
            }
            if let Some(record) = state.records[row] {
                state.put(row, record.version, record.marks & !writer.id);
            }
            writer.to(Writing::EndLease)
        }),
        Writing::EndLease => turn.go("gives its lease back", |state| {
            state.leases &= !writer.id;
            Actor::Done
        }),
        Writing::Expired { covers } => turn.go("has no lease any more", |state| {
            state.leases &= !writer.id;
            // Where holds may be lost as well, that is all there is to say: see the end of `worlds`.
            if world.strict {
                state.floor[row] = state.floor[row].max(covers);
            }
            Actor::Done
        }),
    }
}

/// At any step; before it, since what comes before the first is nothing.
fn die(turn: &mut Turn<'_>, writer: Writer) {
    let covers = match writer.at {
        Writing::Expired { .. } => return,
        Writing::Order => turn.state.db[usize::from(writer.row)],
        Writing::Append { covers } | Writing::Return { covers } => covers,
        // Nothing was committed yet, or all has been invalidated.
        _ => 0,
    };
    turn.go("dies", |_| writer.to(Writing::Expired { covers }));
}

impl Writer {
    fn to(self, at: Writing) -> Actor {
        Actor::Writer(Self { at, ..self })
    }
}

fn mark(world: &World, state: &mut State, writer: Writer) {
    let row = usize::from(writer.row);
    if let Some(record) = state.records[row].filter(|_| !world.is(Mutation::NoHold)) {
        state.put(row, record.version, record.marks | writer.id);
    }
}

/// The order is that of the late tag's bucket; nobody asks for others.
fn number(state: &mut State, name: usize) {
    if name == LATE {
        state.order = Some(state.id());
    }
}

fn append(world: &World, state: &mut State, name: usize) {
    if let Some(record) = state.records[name].filter(|_| !world.is(Mutation::RecordKept)) {
        let version = filling::fresh(world, state, name);
        let marks = if world.is(Mutation::MarksOverwritten) { 0 } else { record.marks };
        state.put(name, Some(version), marks);
    }
}

fn commit(turn: &mut Turn<'_>, writer: Writer) {
    let (world, row) = (turn.world, usize::from(writer.row));
    let lease_late = world.is(Mutation::MarkBeforeLease) && writer.ending != Ending::Unheld;
    if lease_late && turn.state.leases & writer.id == 0 {
        return turn.go("leaves its lease behind its mark", |state| {
            state.leases |= writer.id;
            writer.to(Writing::Commit)
        });
    }
    match writer.ending {
        Ending::Rollback => turn.go("rolls back", |_| writer.to(Writing::Unmark)),
        Ending::Commit | Ending::Unheld | Ending::Death => turn.go("commits", |state| {
            state.db[row] += 1;
            writer.to(Writing::Order)
        }),
        Ending::Crash => {
            turn.go("dies after its COMMIT was executed", |state| {
                state.db[row] += 1;
                writer.to(Writing::Expired { covers: state.db[row] })
            });
            turn.go("dies before its COMMIT", |_| writer.to(Writing::Expired { covers: 0 }));
        }
    }
}

pub(super) fn remove(turn: &mut Turn<'_>, at: Removing) {
    let world = turn.world;
    let next = |at| Actor::Remover(at);
    match at {
        Removing::Write => turn.go("changes row 0", |state| {
            state.db[0] += 1;
            next(Removing::Append)
        }),
        Removing::Append => turn.go("appends a version to the key's record", |state| {
            let covers = state.db[0];
            if world.is(Mutation::KeyWithoutRecord) {
                state.entry = None;
            } else {
                append(world, state, KEY);
            }
            next(Removing::Return { covers })
        }),
        Removing::Return { covers } => turn.go("is told that its removal was executed", |state| {
            state.floor[0] = state.floor[0].max(covers);
            Actor::Done
        }),
    }
}

pub(super) fn compact(turn: &mut Turn<'_>) {
    for name in (0..RECORDS).filter(|&name| turn.state.records[name].is_some()) {
        turn.go("compacts a record", |state| {
            if let Some(record) = state.records[name] {
                state.put(name, record.version, record.marks);
            }
            Actor::Done
        });
    }
}

pub(super) fn lose(turn: &mut Turn<'_>, loss: Loss) {
    match loss {
        Loss::One => lose_one(turn),
        Loss::Lease => turn.go("takes the leases", |state| {
            state.leases = 0;
            Actor::Done
        }),
        Loss::Flush => turn.go("takes everything", |state| {
            state.lose_everything();
            Actor::Done
        }),
        Loss::Restart => turn.go("starts the server anew", |state| {
            state.lose_everything();
            state.last = 0;
            state.known = 0;
            state.connection += 1;
            Actor::Done
        }),
    }
}

fn lose_one(turn: &mut Turn<'_>) {
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
        turn.go("takes the number of the bucket", |state| {
            state.order = None;
            Actor::Done
        });
    }
}
