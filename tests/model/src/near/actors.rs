//! Who acts around a near cache: callers, writers, the task that listens, pings, and the connection that breaks.

use super::{Mutation, State, Turn};

pub(super) const ACTORS: usize = 7;

const BELOW_FLOOR: &str =
    "shared: an answer is older than a write that had been acknowledged before the caller started";
const BEYOND_PROOF: &str =
    "bounded: a near answer is older than a write that had been acknowledged before its proof's ping";

/// A value with the version of its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Stored {
    value: u8,
    version: u8,
}

/// What travels on the tracking connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Line {
    Changed,
    TrackingOn,
    /// What had been acknowledged when the ping was sent.
    Pong(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Actor {
    Done,
    Caller(Calling),
    Writer(Writing),
    Listener,
    Pinger(Option<u8>),
    Breaker {
        broken: bool,
    },
    /// A computation in the process that uses the inner value, and fills an entry of its own in the shared store.
    Outer(Nesting),
    /// Reads that entry, in whatever process.
    OuterReader {
        floor: Option<u8>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Nesting {
    Start,
    Compute {
        fence: u8,
    },
    /// `seen`: the version that came with a near copy.
    Fill {
        fence: u8,
        value: u8,
        seen: Option<u8>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Calling {
    Start,
    /// Its read is on the way to the store.
    Read {
        floor: u8,
        generation: u8,
    },
    /// The answer of its read is on the way back.
    Answered {
        floor: u8,
        generation: u8,
        found: Stored,
    },
    Compute {
        generation: u8,
        fence: u8,
    },
    Fill {
        generation: u8,
        fence: u8,
        value: u8,
    },
    /// The answer of its fill is on the way back.
    Filled {
        generation: u8,
        stored: Stored,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Writing {
    Write,
    Invalidate {
        wrote: u8,
    },
    /// The store pushes at the end of its turn, not at once.
    Push {
        wrote: u8,
    },
    Return {
        wrote: u8,
    },
}

impl Actor {
    pub(super) const WRITER: Self = Self::Writer(Writing::Write);
    pub(super) const PINGER: Self = Self::Pinger(None);
    pub(super) const BREAKER: Self = Self::Breaker { broken: false };

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "nobody",
            Self::Caller(_) => "caller",
            Self::Writer(_) => "writer",
            Self::Listener => "listener",
            Self::Pinger(_) => "ping",
            Self::Breaker { .. } => "connection",
            Self::Outer(_) => "outer computation",
            Self::OuterReader { .. } => "outer reader",
        }
    }
}

pub(super) fn step(turn: &mut Turn<'_>) {
    let trusted = turn.world.is(Mutation::TrustedWhileBroken);
    match turn.state.actors[turn.index] {
        Actor::Done => {}
        Actor::Caller(at) => call(turn, at),
        Actor::Writer(at) => write(turn, at),
        Actor::Listener => listen(turn),
        Actor::Pinger(None) => turn.go("is sent", |state| Actor::Pinger(Some(state.floor))),
        Actor::Pinger(Some(sent_at)) => turn.go("is answered, if the connection is up", |state| {
            state.send(Line::Pong(sent_at));
            Actor::Done
        }),
        Actor::Breaker { broken: false } => turn.go("breaks", |state| {
            state.line.clear();
            state.tracked = false;
            if !trusted {
                state.distrust();
            }
            Actor::Breaker { broken: true }
        }),
        Actor::Outer(at) => nest(turn, at),
        Actor::OuterReader { floor: None } => {
            turn.go("starts", |state| Actor::OuterReader { floor: Some(state.floor) });
        }
        Actor::OuterReader { floor: Some(floor) } => read_outer(turn, floor),
        Actor::Breaker { broken: true } => turn.go("is up again", |state| {
            state.tracked = true;
            state.send(Line::TrackingOn);
            Actor::Done
        }),
    }
}

impl State {
    fn send(&mut self, message: Line) {
        if self.tracked {
            self.line.push(message);
        }
    }

    /// The version of the record, which is made if it is missing. That it comes into being is pushed, too.
    fn make_record(&mut self) -> u8 {
        let version = self.record.unwrap_or(self.unused);
        if self.record.is_none() {
            self.record = Some(version);
            self.unused += 1;
            self.send(Line::Changed);
        }
        version
    }

    fn distrust(&mut self) {
        self.proof = None;
        self.mirror = None;
        self.generation += 1;
    }

    /// What a read or a fill has brought home.
    fn install(&mut self, found: Stored, sent_in: u8, always: bool) {
        if sent_in == self.generation || always {
            self.copy = Some(found);
            self.mirror = Some(found.version);
        }
    }
}

fn call(turn: &mut Turn<'_>, at: Calling) {
    let always = turn.world.is(Mutation::InstalledAlways);
    match at {
        Calling::Start => start(turn),
        Calling::Read { floor, generation } => read(turn, floor, generation),
        Calling::Answered { floor, generation, found } => {
            let violation = (found.value < floor).then_some(BELOW_FLOOR);
            turn.answer("gets the shared answer", violation, |state| {
                state.install(found, generation, always);
                Actor::Done
            });
        }
        Calling::Compute { generation, fence } => {
            turn.go("computes", |state| Actor::Caller(Calling::Fill { generation, fence, value: state.db }));
        }
        Calling::Fill { generation, fence, value } => fill(turn, generation, fence, value),
        Calling::Filled { generation, stored } => turn.go("hears that its fill was accepted", |state| {
            state.install(stored, generation, always);
            Actor::Done
        }),
    }
}

fn start(turn: &mut Turn<'_>) {
    let state = turn.state;
    if let (Some(copy), Some(proof)) = (state.copy.filter(|copy| state.mirror == Some(copy.version)), state.proof) {
        let violation = (copy.value < proof).then_some(BEYOND_PROOF);
        return turn.answer("hits the near copy", violation, |_| Actor::Done);
    }
    turn.go("sends a read", |state| Actor::Caller(Calling::Read { floor: state.floor, generation: state.generation }));
}

/// The near copy may be late within the bound. That must not become an entry that is late for ever: its version is compared.
fn nest(turn: &mut Turn<'_>, at: Nesting) {
    let state = turn.state;
    match at {
        Nesting::Start => {
            turn.go("misses, and has its fence", |state| Actor::Outer(Nesting::Compute { fence: state.sequence }));
        }
        Nesting::Compute { fence } => {
            let trusted = state.copy.filter(|copy| state.mirror == Some(copy.version) && state.proof.is_some());
            let (value, seen) = trusted.map_or((state.db, None), |copy| (copy.value, Some(copy.version)));
            turn.go("computes with the inner value", |_| Actor::Outer(Nesting::Fill { fence, value, seen }));
        }
        Nesting::Fill { fence, value, seen } => {
            let unchecked = turn.world.is(Mutation::SeenVersionUnchecked);
            let passes = state.order <= fence && (seen.is_none() || seen == state.record || unchecked);
            if !passes {
                return turn.go("is refused its fill", |_| Actor::Done);
            }
            turn.go("fills", |state| {
                let version = state.make_record();
                state.outer = Some(Stored { value, version });
                Actor::Done
            });
        }
    }
}

fn read_outer(turn: &mut Turn<'_>, floor: u8) {
    match turn.state.outer.filter(|entry| turn.state.record == Some(entry.version)) {
        Some(found) => {
            let violation = (found.value < floor).then_some(BELOW_FLOOR);
            turn.answer("hits the outer entry", violation, |_| Actor::Done);
        }
        None => turn.go("misses", |_| Actor::Done),
    }
}

/// The store executes the read.
fn read(turn: &mut Turn<'_>, floor: u8, generation: u8) {
    let state = turn.state;
    match state.entry.filter(|entry| state.record == Some(entry.version)) {
        Some(found) => {
            turn.go("is answered by the store", |_| Actor::Caller(Calling::Answered { floor, generation, found }));
        }
        None => turn.go("misses", |state| Actor::Caller(Calling::Compute { generation, fence: state.sequence })),
    }
}

fn fill(turn: &mut Turn<'_>, generation: u8, fence: u8, value: u8) {
    if turn.state.order > fence {
        return turn.go("is refused its fill", |_| Actor::Done);
    }
    turn.go("fills", |state| {
        let version = state.make_record();
        let stored = Stored { value, version };
        state.entry = Some(stored);
        Actor::Caller(Calling::Filled { generation, stored })
    });
}

fn write(turn: &mut Turn<'_>, at: Writing) {
    let (kept, early) = (turn.world.is(Mutation::RecordKept), turn.world.is(Mutation::AcknowledgedBeforePush));
    match at {
        Writing::Write => turn.go("commits", |state| {
            state.db += 1;
            Actor::Writer(Writing::Invalidate { wrote: state.db })
        }),
        Writing::Invalidate { wrote } => turn.go("invalidates", |state| {
            state.sequence += 1;
            state.order = state.sequence;
            if !kept {
                state.record = None;
            }
            Actor::Writer(if early { Writing::Return { wrote } } else { Writing::Push { wrote } })
        }),
        Writing::Push { wrote } => turn.go("has its change pushed", |state| {
            state.send(Line::Changed);
            if early { Actor::Done } else { Actor::Writer(Writing::Return { wrote }) }
        }),
        Writing::Return { wrote } => turn.go("is acknowledged", |state| {
            state.floor = state.floor.max(wrote);
            if early { Actor::Writer(Writing::Push { wrote }) } else { Actor::Done }
        }),
    }
}

/// The process reads one message from the tracking connection.
fn listen(turn: &mut Turn<'_>) {
    let (quiet, at_pong) = (turn.world.is(Mutation::QuietTracking), turn.world.is(Mutation::ProofAtPong));
    let Some(&message) = turn.state.line.first() else { return };
    turn.go("hears a message", |state| {
        state.line.remove(0);
        match message {
            Line::TrackingOn if quiet => {}
            Line::Changed | Line::TrackingOn => {
                state.mirror = None;
                state.generation += 1;
            }
            Line::Pong(sent_at) => state.proof = Some(if at_pong { state.floor } else { sent_at }),
        }
        Actor::Listener
    });
}
