//! A shared store, where an operation is one trip: atomic there, late here.
//!
//! For a namespace the store keeps an **order record** (an epoch, a sequence, and for each name the sequence of its last
//! invalidation), a **record for each tag** (a version that is never used twice; absent until a fill needs it, and absent again
//! after an invalidation), who **holds** a tag, and the **entries**. Any of these may be lost.
//!
//! - **Lookup**: the entry, the records of its tags, the epoch. A hit needs the entry's epoch, the entry's versions, no holds.
//!   A late tag, which only the entry knew, costs a second trip. On a miss, epoch and sequence are the **fence**.
//! - **Fill**: refused without an order record (and creates it), with another epoch, with a name that was invalidated after
//!   the fence, with a tag whose version is not the one that was seen on the way, with a newer fence's entry in place.
//!   Missing tag records are created.
//! - **Invalidate**: the sequence advances, the order of the names is noted, records and entries are dropped.
//! - **Hold, flight**: as in [`memory`](crate::memory).
//!
//! # What must hold
//!
//! - **Acknowledged**: no answer is older than an invalidation that had returned before the reader started.
//! - **Strict**, where every writer holds and no hold is lost: a hit is the committed state at the moment of its first trip,
//!   and its late row still is at the second.

mod flight;
pub mod mutations;
mod reading;
mod state;
pub mod worlds;
mod writing;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
pub use mutations::Mutation;
use state::{ACTORS, Actor, Ending, Flight, Loss, Reader, Reading, Removing, Role, State, TAGS, Writer, Writing};

const OUTDATED: &str =
    "acknowledged: an answer is older than an invalidation that had returned before the reader started";
const NOT_COMMITTED: &str = "strict: a hit is not the committed state at the moment of its lookup";

/// A small world around a shared store with one entry, of two rows under two tags.
#[derive(Debug, Clone, Default)]
pub struct World {
    actors: Vec<Actor>,
    drops: u8,
    mutation: Option<Mutation>,
}

impl World {
    /// A world without actors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many leaders of flights are dropped, at any moment.
    #[must_use]
    pub fn drops(mut self, drops: u8) -> Self {
        self.drops = drops;
        self
    }

    /// So many readers, each on its own.
    #[must_use]
    pub fn readers(self, count: usize) -> Self {
        self.reading(count, Role::Alone)
    }

    /// So many callers in one process, who share a flight.
    #[must_use]
    pub fn callers(self, count: usize) -> Self {
        self.reading(count, Role::Caller)
    }

    /// A computation that takes row 1 from a near cache, which is filled at some earlier moment.
    #[must_use]
    pub fn nested(self) -> Self {
        self.with(Actor::NearFill).reading(1, Role::Outer)
    }

    /// A writer of these rows (a set of bits) that holds their tags and commits.
    #[must_use]
    pub fn writer(self, rows: u8) -> Self {
        self.writing(rows, Ending::Commit)
    }

    /// The same, but the transaction is rolled back.
    #[must_use]
    pub fn rollback(self, rows: u8) -> Self {
        self.writing(rows, Ending::Rollback)
    }

    /// The same, but nobody is there when the database answers the COMMIT.
    #[must_use]
    pub fn crash(self, rows: u8) -> Self {
        self.writing(rows, Ending::Crash)
    }

    /// A writer that invalidates after its COMMIT without having held anything.
    #[must_use]
    pub fn unheld(self, rows: u8) -> Self {
        self.writing(rows, Ending::Unheld)
    }

    /// Changes row 0, and removes the key.
    #[must_use]
    pub fn remover(self) -> Self {
        self.with(Actor::Remover(Removing::Write))
    }

    /// A tag's record or the entry may be lost.
    #[must_use]
    pub fn may_lose_a_record(self) -> Self {
        self.with(Actor::Loss(Loss::Record))
    }

    /// A tag's record, the entry, or the order record may be lost.
    #[must_use]
    pub fn may_lose_the_order(self) -> Self {
        self.with(Actor::Loss(Loss::RecordOrOrder))
    }

    /// Any of these may be lost, or all of it with all holds.
    #[must_use]
    pub fn may_lose_everything(self) -> Self {
        self.with(Actor::Loss(Loss::AnythingOrEverything))
    }

    /// The coarse clock ticks so often, at any moment.
    #[must_use]
    pub fn ticks(self, times: u8) -> Self {
        self.with(Actor::Ticker { times })
    }

    /// Visits every state that this world can reach, with one rule broken if a mutation is given.
    #[must_use]
    pub fn explore(mut self, mutation: Option<Mutation>) -> Exploration {
        self.mutation = mutation;
        explore(&self)
    }

    fn reading(mut self, count: usize, role: Role) -> Self {
        let reader = Actor::Reader(Reader { role, floor: [0; TAGS], at: Reading::Start });
        self.actors.extend(std::iter::repeat_n(reader, count));
        self
    }

    fn writing(self, rows: u8, ending: Ending) -> Self {
        let writers = self.actors.iter().filter(|actor| matches!(actor, Actor::Writer(_))).count();
        let at = if ending == Ending::Unheld { Writing::Commit } else { Writing::Hold };
        self.with(Actor::Writer(Writer { id: 1 << writers, rows, ending, at }))
    }

    fn with(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn strict(&self) -> bool {
        !self.actors.iter().any(|actor| match actor {
            Actor::Writer(writer) => writer.ending == Ending::Unheld,
            Actor::Remover(_) | Actor::Loss(Loss::AnythingOrEverything) => true,
            _ => false,
        })
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
        State::new(actors, self.drops)
    }

    fn steps(&self, state: &State, out: &mut Vec<Step<State>>) {
        for (index, actor) in state.actors.iter().enumerate() {
            let mut turn = Turn { world: self, state, index, out };
            match *actor {
                Actor::Done => {}
                Actor::Reader(reader) => reading::step(&mut turn, reader),
                Actor::Writer(writer) => writing::step(&mut turn, writer),
                Actor::Remover(at) => writing::remove(&mut turn, at),
                Actor::NearFill => reading::fill_near(&mut turn),
                Actor::Loss(loss) => writing::lose(&mut turn, loss),
                Actor::Ticker { times } if times > 0 => turn.go("ticks", |state| {
                    state.now += 1;
                    Actor::Ticker { times: times - 1 }
                }),
                Actor::Ticker { .. } => {}
            }
        }
    }

    fn canonical(&self, mut state: State) -> State {
        sort_alike(&self.actors, &mut state);
        state
    }

    fn verdict_at_rest(&self, state: &State) -> Option<&'static str> {
        let waits = |actor: &Actor| matches!(actor, Actor::Reader(_) | Actor::Writer(_) | Actor::Remover(_));
        if state.actors.iter().any(waits) || state.flight != Flight::Absent {
            return Some("at rest, somebody still waits");
        }
        state.holds.iter().any(|&holds| holds != 0).then_some("at rest, a tag is held for ever")
    }

    fn actor(&self, index: usize) -> String {
        let kind = match self.actors[index] {
            Actor::Done => "nobody",
            Actor::Reader(Reader { role: Role::Alone, .. }) => "reader",
            Actor::Reader(Reader { role: Role::Caller, .. }) => "caller",
            Actor::Reader(Reader { role: Role::Outer, .. }) => "outer computation",
            Actor::Writer(_) => "writer",
            Actor::Remover(_) => "remover",
            Actor::NearFill => "near cache",
            Actor::Loss(_) => "accident",
            Actor::Ticker { .. } => "clock",
        };
        format!("{kind} {index}")
    }

    fn show(&self, state: &State) -> String {
        let optional = |number: Option<u8>| number.map_or("-".into(), |number| number.to_string());
        let entry = state.entry.map_or("-".into(), |entry| {
            format!("{:?} under {:?} epoch {}", entry.rows, entry.versions, optional(entry.fence.epoch))
        });
        format!(
            "db {:?} acked {:?} epoch {} seq {} order {:?} records [{} {}] holds {:?} entry {entry}",
            state.db,
            state.floor,
            optional(state.epoch),
            state.sequence,
            state.order,
            optional(state.records[0]),
            optional(state.records[1]),
            state.holds,
        )
    }
}
