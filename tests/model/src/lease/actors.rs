//! Who takes part: processes, a writer, and the deadline of the lease.

use super::{Mutation, State, Turn};

pub(super) const ACTORS: usize = 6;

const OUTDATED: &str =
    "acknowledged: an answer is older than an invalidation that had returned before the process started";
const TWICE: &str = "once: there are more computations than deaths, delays and invalidations explain";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Actor {
    Done,
    Process(Asking),
    Writer(Writing),
    /// Ends the lease of who is dead, or slow.
    Deadline,
}

/// How far a process has come; `floor` is what it must not get anything older than.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asking {
    Start,
    Look { floor: u8 },
    Ask { floor: u8, seen: u8 },
    Wait { floor: u8 },
    LookAgain { floor: u8, lease: u8, seen: u8 },
    Compute { floor: u8, lease: u8, fence: u8 },
    Fill { floor: u8, lease: u8, fence: u8, value: u8 },
    End { lease: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Writing {
    Write,
    Invalidate,
    Return { covers: u8 },
}

impl Actor {
    pub(super) const WRITER: Self = Self::Writer(Writing::Write);

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Done => "nobody",
            Self::Process(_) => "process",
            Self::Writer(_) => "writer",
            Self::Deadline => "deadline",
        }
    }
}

pub(super) fn step(turn: &mut Turn<'_>) {
    match turn.state.actors[turn.index] {
        Actor::Done => {}
        Actor::Process(at) => {
            ask(turn, at);
            die(turn, at);
        }
        Actor::Writer(at) => write(turn, at),
        Actor::Deadline => pass(turn),
    }
}

fn ask(turn: &mut Turn<'_>, at: Asking) {
    let (world, state) = (turn.world, turn.state);
    let to = Actor::Process;
    match at {
        Asking::Start => turn.go("starts", |state| to(Asking::Look { floor: state.floor })),
        Asking::Look { floor } => match state.entry {
            Some(value) => turn.answer("hits", judge(value, floor), |_| Actor::Done),
            None => turn.go("misses", |state| to(Asking::Ask { floor, seen: state.sequence })),
        },
        Asking::Ask { floor, .. } if state.lease.is_some() => {
            turn.go("does not get the lease", |_| to(Asking::Wait { floor }));
        }
        Asking::Ask { floor, seen } => turn.go("gets the lease", |state| {
            let lease = state.unused;
            (state.lease, state.orphaned, state.unused) = (Some(lease), false, lease + 1);
            let again = !world.is(Mutation::NoSecondLook);
            to(if again {
                Asking::LookAgain { floor, lease, seen }
            } else {
                Asking::Compute { floor, lease, fence: seen }
            })
        }),
        Asking::Wait { floor } => {
            if state.lease.is_none() || state.entry.is_some() {
                turn.go("looks again", |_| to(Asking::Look { floor }));
            }
        }
        Asking::LookAgain { floor, lease, seen } => match state.entry {
            Some(value) => turn.answer("hits, and has the lease", judge(value, floor), |_| to(Asking::End { lease })),
            None => turn.go("has its fence", |state| {
                let first = world.is(Mutation::FenceOfTheFirstLook);
                to(Asking::Compute { floor, lease, fence: if first { seen } else { state.sequence } })
            }),
        },
        Asking::Compute { floor, lease, fence } => compute(turn, floor, lease, fence),
        Asking::Fill { floor, lease, fence, value } => fill(turn, floor, lease, fence, value),
        Asking::End { lease } => turn.go("ends its lease", |state| {
            end(state, lease, world.is(Mutation::AnyLeaseEnded));
            Actor::Done
        }),
    }
}

fn judge(value: u8, floor: u8) -> Option<&'static str> {
    (value < floor).then_some(OUTDATED)
}

fn end(state: &mut State, lease: u8, any: bool) {
    if state.lease == Some(lease) || any {
        state.lease = None;
    }
}

fn compute(turn: &mut Turn<'_>, floor: u8, lease: u8, fence: u8) {
    let twice = (turn.state.loads >= turn.state.allowed).then_some(TWICE);
    let early = turn.world.is(Mutation::EndedBeforeFill);
    turn.answer("computes", twice, |state| {
        state.loads += 1;
        if early {
            end(state, lease, false);
        }
        Actor::Process(Asking::Fill { floor, lease, fence, value: state.db })
    });
}

fn fill(turn: &mut Turn<'_>, floor: u8, lease: u8, fence: u8, value: u8) {
    let kept = fence == turn.state.sequence || turn.world.is(Mutation::FenceUnchecked);
    turn.answer(if kept { "fills" } else { "is refused its fill" }, judge(value, floor), |state| {
        if kept {
            state.entry = Some(value);
        }
        Actor::Process(Asking::End { lease })
    });
}

fn die(turn: &mut Turn<'_>, at: Asking) {
    let lease = match at {
        Asking::Start => return,
        Asking::Look { .. } | Asking::Ask { .. } | Asking::Wait { .. } => None,
        Asking::LookAgain { lease, .. }
        | Asking::Compute { lease, .. }
        | Asking::Fill { lease, .. }
        | Asking::End { lease } => Some(lease),
    };
    if turn.state.deaths > 0 {
        turn.go("dies", |state| {
            state.deaths -= 1;
            state.allowed += u8::from(lease.is_some());
            state.orphaned |= lease.is_some() && state.lease == lease;
            Actor::Done
        });
    }
}

fn write(turn: &mut Turn<'_>, at: Writing) {
    match at {
        Writing::Write => turn.go("writes", |state| {
            state.db += 1;
            Actor::Writer(Writing::Invalidate)
        }),
        Writing::Invalidate => turn.go("invalidates", |state| {
            state.sequence += 1;
            state.entry = None;
            state.allowed += 1;
            Actor::Writer(Writing::Return { covers: state.db })
        }),
        Writing::Return { covers } => turn.go("has invalidated", |state| {
            state.floor = state.floor.max(covers);
            Actor::Done
        }),
    }
}

fn pass(turn: &mut Turn<'_>) {
    let state = turn.state;
    if state.lease.is_none() || turn.world.is(Mutation::NoDeadline) {
        return;
    }
    if state.orphaned {
        turn.go("ends the lease of the dead", |state| {
            (state.lease, state.orphaned) = (None, false);
            Actor::Deadline
        });
    } else if state.delays > 0 {
        turn.go("ends the lease of the slow", |state| {
            state.delays -= 1;
            state.allowed += 1;
            state.lease = None;
            Actor::Deadline
        });
    }
}
