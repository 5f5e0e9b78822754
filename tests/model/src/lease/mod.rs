//! Processes that share a store, and of which one is to compute: a lease on the key, beside the fence.
//!
//! - Who finds nothing **asks** for the lease. One process has it at a time; it is ended by its holder, or by its deadline.
//! - Who gets it **looks once more**, which is also where its fence comes from: another process may have filled meanwhile.
//! - Who does not get it waits, until there is an entry or the lease is over, and begins anew.
//! - The holder ends it **after** its fill, and only if it is still its own. A holder that dies leaves that to the deadline.
//!
//! The lease says who computes, and nothing else: what may be kept is the fence's business, as without it.
//!
//! # What must hold
//!
//! - **Acknowledged**: no answer is older than an invalidation that had returned before the process started.
//! - **Once**: there is one computation, and one more for each holder that dies, each that is slower than its lease, and each
//!   invalidation.
//! - At rest nobody waits. (Waiting is bounded in the program as well; here it is not, or every bound would allow more computations.)

mod actors;
pub mod mutations;
pub mod worlds;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
use actors::{ACTORS, Actor, Asking};
pub use mutations::Mutation;

/// A small world around one entry and its lease.
#[derive(Debug, Clone, Default)]
pub struct World {
    actors: Vec<Actor>,
    deaths: u8,
    delays: u8,
    mutation: Option<Mutation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    db: u8,
    /// The latest write that has been acknowledged.
    floor: u8,
    sequence: u8,
    entry: Option<u8>,
    /// Who has it: a number that is never used twice.
    lease: Option<u8>,
    unused: u8,
    /// Whether whoever has it is dead.
    orphaned: bool,
    deaths: u8,
    delays: u8,
    loads: u8,
    /// How many there may be.
    allowed: u8,
    actors: [Actor; ACTORS],
}

impl World {
    /// A world without actors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many processes that want the value.
    #[must_use]
    pub fn processes(mut self, count: usize) -> Self {
        self.actors.extend(std::iter::repeat_n(Actor::Process(Asking::Start), count));
        self
    }

    /// So many of them die, at any moment.
    #[must_use]
    pub fn deaths(mut self, deaths: u8) -> Self {
        self.deaths = deaths;
        self
    }

    /// So many leases end although their holder is alive.
    #[must_use]
    pub fn delays(mut self, delays: u8) -> Self {
        self.delays = delays;
        self
    }

    /// A writer that invalidates.
    #[must_use]
    pub fn writer(mut self) -> Self {
        self.actors.push(Actor::WRITER);
        self
    }

    /// Visits every state that this world can reach, with one rule broken if a mutation is given.
    #[must_use]
    pub fn explore(mut self, mutation: Option<Mutation>) -> Exploration {
        self.mutation = mutation;
        self.actors.push(Actor::Deadline);
        explore(&self)
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
            entry: None,
            lease: None,
            unused: 0,
            orphaned: false,
            deaths: self.deaths,
            delays: self.delays,
            loads: 0,
            allowed: 1,
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
        let waits = |actor: &Actor| !matches!(actor, Actor::Done | Actor::Deadline);
        state.actors.iter().any(waits).then_some("at rest, somebody still waits")
    }

    fn actor(&self, index: usize) -> String {
        format!("{} {index}", self.actors[index].name())
    }

    fn show(&self, state: &State) -> String {
        format!(
            "db {} acked {} sequence {} entry {:?} lease {:?} loads {} of {}",
            state.db, state.floor, state.sequence, state.entry, state.lease, state.loads, state.allowed,
        )
    }
}
