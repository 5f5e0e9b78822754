//! What happens beside readers and writers: expired holds are settled, entries evicted, cells swept; time passes.

use super::filling::is_validated;
use super::state::{Actor, EVERYTHING, NONE, Settler, State, TAGS};
use super::{Mutation, Turn, World, writing};

#[derive(Debug, Clone, Copy)]
enum Part {
    Sequence,
    Bucket,
    Bump,
    Drop,
}

fn parts(world: &World, cell: u8) -> &'static [Part] {
    use Part::{Bucket, Bump, Drop, Sequence};
    match world.mutation {
        Some(Mutation::ExpiredHoldForgotten) => &[Drop],
        Some(Mutation::SettleDropsFirst) if cell == EVERYTHING => &[Drop, Bump],
        Some(Mutation::SettleDropsFirst) => &[Drop, Sequence, Bucket, Bump],
        _ if cell == EVERYTHING => &[Bump, Drop],
        _ => &[Sequence, Bucket, Bump, Drop],
    }
}

pub(super) fn settle(turn: &mut Turn<'_>, settler: Settler) {
    let Settler::Settle { cell, tag, writers, part, sequence } = settler else { return watch(turn) };
    let world = turn.world;
    let parts = parts(world, cell);
    let now = parts[usize::from(part)];
    turn.go(describe(now), |state| {
        let sequence = match now {
            Part::Sequence => writing::advance(world, state),
            _ => sequence,
        };
        match now {
            Part::Sequence => {}
            Part::Bucket => writing::note(world, state, usize::from(tag), sequence),
            Part::Bump => state.cell_mut(cell).version += 1,
            Part::Drop => drop_holds(world, state, cell, writers),
        }
        if usize::from(part) + 1 < parts.len() {
            return Actor::Settler(Settler::Settle { cell, tag, writers, part: part + 1, sequence });
        }
        Actor::Settler(Settler::Watch)
    });
}

fn describe(part: Part) -> &'static str {
    match part {
        Part::Sequence => "advances the sequence for an expired hold",
        Part::Bucket => "raises the bucket for an expired hold",
        Part::Bump => "bumps the cell for an expired hold",
        Part::Drop => "drops the expired hold",
    }
}

fn drop_holds(world: &World, state: &mut State, cell: u8, writers: u8) {
    let cell = state.cell_mut(cell);
    let gone = if world.is(Mutation::SettleDropsLaterExpiries) { cell.expired } else { writers };
    cell.holds &= !gone;
    cell.expired &= !gone;
}

fn watch(turn: &mut Turn<'_>) {
    let named = (0..TAGS).map(|tag| (turn.state.map[tag], tag as u8)).filter(|(cell, _)| *cell != NONE);
    for (cell, tag) in named.chain([(EVERYTHING, NONE)]) {
        let writers = turn.state.cell(cell).expired;
        if writers != 0 {
            let met = Settler::Settle { cell, tag, writers, part: 0, sequence: 0 };
            turn.go("meets an expired hold", |_| Actor::Settler(met));
        }
    }
}

pub(super) fn evict(turn: &mut Turn<'_>, key: u8) {
    let (world, key_index) = (turn.world, usize::from(key));
    if turn.state.entries[key_index].is_some() && !is_validated(world, turn.state, key) {
        turn.go("evicts an entry", |state| {
            state.entries[key_index] = None;
            Actor::Done
        });
    }
}

pub(super) fn sweep(turn: &mut Turn<'_>, times: u8) {
    let referenced = turn.state.referenced();
    for tag in 0..TAGS {
        let cell = turn.state.map[tag];
        if times == 0 || cell == NONE {
            continue;
        }
        let in_use = referenced & (1 << cell) != 0 && !turn.world.is(Mutation::SweepInUse);
        let held = turn.state.cell(cell).holds != 0 && !turn.world.is(Mutation::SweepHeld);
        if !in_use && !held {
            turn.go(["sweeps the cell of tag 0", "sweeps the cell of tag 1"][tag], |state| {
                state.map[tag] = NONE;
                Actor::Sweeper { times: times - 1 }
            });
        }
    }
}

pub(super) fn tick(turn: &mut Turn<'_>, times: u8) {
    if times > 0 {
        turn.go("ticks", |state| {
            state.now += 1;
            Actor::Ticker { times: times - 1 }
        });
    }
}
