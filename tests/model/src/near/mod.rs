//! A near cache: one process that mirrors a tag's record, and learns about changes over a connection that is late and may break.
//!
//! Reads travel on one connection, tracking on another: in order, but late. The process answers from its near copy while its
//! mirror shows the copy's version, and while it has a **proof**: the answer to a ping on the tracking connection shows that
//! whatever had been acknowledged before the ping was *sent* has been heard.
//!
//! - What a read brings is **installed** in the mirror only if the mirror's **generation** is still what it was when the read was sent.
//! - The generation advances with each push, with each disconnect, and with the answer that switched tracking on again.
//! - What is computed from a near copy carries the copy's **version** to the shared store, where it must still be the record's.
//! - A disconnect ends the proof, the mirror, and the near copies with them.
//!
//! # What must hold
//!
//! - **Shared**: an answer from the shared store is not older than the last write acknowledged when the caller started.
//! - **Bounded**: an answer from the near cache is not older than the last write acknowledged before the ping of its proof was sent.

mod actors;
pub mod mutations;
pub mod worlds;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
use actors::{ACTORS, Actor, Calling, Line, Nesting, Stored};
pub use mutations::Mutation;

/// A small world around one process, one tag and one entry.
#[derive(Debug, Clone, Default)]
pub struct World {
    actors: Vec<Actor>,
    mutation: Option<Mutation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    db: u8,
    /// The latest write that has been acknowledged.
    floor: u8,
    sequence: u8,
    order: u8,
    record: Option<u8>,
    unused: u8,
    entry: Option<Stored>,
    /// What was computed from the value of that entry.
    outer: Option<Stored>,
    /// What the tracking connection still carries, oldest first.
    line: Vec<Line>,
    /// Whether the store sends to it.
    tracked: bool,
    mirror: Option<u8>,
    generation: u8,
    copy: Option<Stored>,
    proof: Option<u8>,
    actors: [Actor; ACTORS],
}

impl World {
    /// A world without actors, its connections up.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many callers in the process, beside the task that reads the tracking connection.
    #[must_use]
    pub fn callers(mut self, count: usize) -> Self {
        self.actors.extend(std::iter::repeat_n(Actor::Caller(Calling::Start), count));
        self.with(Actor::Listener)
    }

    /// A writer anywhere.
    #[must_use]
    pub fn writer(self) -> Self {
        self.with(Actor::WRITER)
    }

    /// A computation in the process that uses the inner value and fills the shared store, and a reader of what it fills.
    #[must_use]
    pub fn nested(self) -> Self {
        self.with(Actor::Outer(Nesting::Start)).with(Actor::OuterReader { floor: None })
    }

    /// The process pings once.
    #[must_use]
    pub fn ping(self) -> Self {
        self.with(Actor::PINGER)
    }

    /// The tracking connection breaks once, and is made again.
    #[must_use]
    pub fn breaks(self) -> Self {
        self.with(Actor::BREAKER)
    }

    /// Visits every state that this world can reach, with one rule broken if a mutation is given.
    #[must_use]
    pub fn explore(mut self, mutation: Option<Mutation>) -> Exploration {
        self.mutation = mutation;
        explore(&self)
    }

    fn with(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

type Turn<'a> = turn::Turn<'a, World>;

impl Scene<Actor> for State {
    fn actors(&mut self) -> &mut [Actor] {
        &mut self.actors
    }
}

impl Model for World {
    type State = State;

    fn start(&self) -> State {
        let mut actors = [Actor::Done; ACTORS];
        actors[..self.actors.len()].copy_from_slice(&self.actors);
        State {
            db: 0,
            floor: 0,
            sequence: 0,
            order: 0,
            record: None,
            unused: 0,
            entry: None,
            outer: None,
            line: Vec::new(),
            tracked: true,
            mirror: None,
            generation: 0,
            copy: None,
            proof: Some(0),
            actors,
        }
    }

    fn steps(&self, state: &State, out: &mut Vec<Step<State>>) {
        for index in 0..state.actors.len() {
            actors::step(&mut Turn { world: self, state, index, out });
        }
    }

    fn canonical(&self, mut state: State) -> State {
        sort_alike(&self.actors, &mut state);
        state
    }

    fn verdict_at_rest(&self, state: &State) -> Option<&'static str> {
        let waits = |actor: &Actor| !matches!(actor, Actor::Done | Actor::Listener);
        state.actors.iter().any(waits).then_some("at rest, somebody still waits")
    }

    fn actor(&self, index: usize) -> String {
        format!("{} {index}", self.actors[index].name())
    }

    fn show(&self, state: &State) -> String {
        format!(
            "db {} acked {} record {:?} entry {:?} outer {:?} line {:?} mirror {:?} generation {} copy {:?} proof {:?}",
            state.db,
            state.floor,
            state.record,
            state.entry,
            state.outer,
            state.line,
            state.mirror,
            state.generation,
            state.copy,
            state.proof,
        )
    }
}
