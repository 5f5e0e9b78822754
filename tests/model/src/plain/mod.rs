//! A plain store: `get`, `get_many`, `set`, `set_many`, `delete`, and no way to change something only if it has not changed.
//!
//! Every record is a key of its own: the **order record**, a **record for each tag** (the epoch is one), and a **record for
//! the key**, all with values that are never used twice; and the **entry**, which carries the versions of all its records. Any
//! of these may be lost. A trip that asks for several keys may read one after the other.
//!
//! - **Lookup**: the entry, the order record, the records of the key and of the known tags; a late tag, which only the entry
//!   knew, costs a second trip. A hit needs every record to be there, with the entry's version. On a miss, the order record and
//!   the versions are the **fence**.
//! - **Fill**: the entry carries the versions that were seen before the computation. A version that was not seen then is
//!   adopted (created if the record is missing), and **after** that the order record must be what it was at the fence. So it is with a
//!   version that came with a value that was used on the way: other parts of the computation may have read under that tag before. If
//!   others wait for the value, versions or order are compared in any case, after the flight was closed to joiners.
//! - **Invalidate**: the order record is replaced **first**, then the records of the tags or of the key.
//! - **Hold**: a marker replaces the tag's record, with a ttl as its deadline; then the order record is replaced. The release
//!   replaces the marker by a new version. What was looked up under a marker is not kept.
//!
//! It needs no compare-and-set. A version that was seen before the computation began is replaced by every later
//! invalidation, and never comes back. A version that was adopted later is safe if no invalidation had begun by then: one that
//! begins afterwards writes its versions later than the filler read or created them.
//!
//! # What must hold
//!
//! - **Acknowledged**: no answer is older than an invalidation that had returned before the reader started.
//! - **Strict**, in the worlds that ask for it: a hit is not older than what was committed when the reader started. The tests
//!   at the end of `worlds` show when it is lost.

mod filling;
pub mod mutations;
mod reading;
mod renaming;
mod state;
pub mod worlds;
mod writing;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
pub use mutations::Mutation;
use state::{ACTORS, Actor, Ending, Flight, Loss, ROWS, Reader, Reading, Removing, State, Writer, Writing};

const OUTDATED: &str =
    "acknowledged: an answer is older than an invalidation that had returned before the reader started";
const NOT_COMMITTED: &str = "strict: a hit is older than what was committed when the reader started";

/// A small world around a plain store with one entry, of two rows under two tags.
#[derive(Debug, Clone, Default)]
pub struct World {
    actors: Vec<Actor>,
    warm: bool,
    cold: bool,
    adds: bool,
    strict: bool,
    nested: bool,
    halves: Option<Half>,
    mutation: Option<Mutation>,
}

impl World {
    /// A world without actors.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All records exist from the beginning.
    #[must_use]
    pub fn warm(mut self) -> Self {
        self.warm = true;
        self
    }

    /// Asks for the stronger promise.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Computations use a value of the late tag as well, after they have read its row: that value may be newer than what they read.
    #[must_use]
    pub fn nested_after_a_read(mut self) -> Self {
        self.nested = true;
        self
    }

    /// A trip that asks for several keys reads them one after the other, the entry first.
    #[must_use]
    pub fn entry_first(mut self) -> Self {
        self.halves = Some(Half::Entry);
        self
    }

    /// The same with the records first.
    #[must_use]
    pub fn records_first(mut self) -> Self {
        self.halves = Some(Half::Records);
        self
    }

    /// A record is created only if it is still missing, in one step: more than a plain store can do.
    #[must_use]
    pub fn adds(mut self) -> Self {
        self.adds = true;
        self
    }

    /// Nothing exists, not even the order record.
    #[must_use]
    pub fn cold(mut self) -> Self {
        self.cold = true;
        self
    }

    /// So many readers, each on its own.
    #[must_use]
    pub fn readers(self, count: usize) -> Self {
        self.reading(count, false, false)
    }

    /// So many readers that know the late tag's name from an earlier answer.
    #[must_use]
    pub fn remembering(self, count: usize) -> Self {
        self.reading(count, false, true)
    }

    /// So many callers in one process, who share a flight.
    #[must_use]
    pub fn callers(self, count: usize) -> Self {
        self.reading(count, true, true)
    }

    /// A writer of a row that holds its tag and commits.
    #[must_use]
    pub fn writer(self, row: u8) -> Self {
        self.writing(row, Ending::Commit)
    }

    /// The same, but the transaction is rolled back.
    #[must_use]
    pub fn rollback(self, row: u8) -> Self {
        self.writing(row, Ending::Rollback)
    }

    /// The same, but nobody is there when the database answers the COMMIT.
    #[must_use]
    pub fn crash(self, row: u8) -> Self {
        self.writing(row, Ending::Crash)
    }

    /// A writer that invalidates after its COMMIT without having held anything.
    #[must_use]
    pub fn unheld(self, row: u8) -> Self {
        self.writing(row, Ending::Unheld)
    }

    /// Changes row 0, and removes the key.
    #[must_use]
    pub fn remover(self) -> Self {
        self.with(Actor::Remover(Removing::Write))
    }

    /// A record, the order record or the entry may be lost.
    #[must_use]
    pub fn may_lose(self) -> Self {
        self.with(Actor::Loss(Loss::One))
    }

    /// One of these may be lost, or all of it.
    #[must_use]
    pub fn may_lose_everything(self) -> Self {
        self.with(Actor::Loss(Loss::OneOrEverything))
    }

    /// Visits every state that this world can reach, with one rule broken if a mutation is given.
    #[must_use]
    pub fn explore(mut self, mutation: Option<Mutation>) -> Exploration {
        self.mutation = mutation;
        explore(&self)
    }

    fn reading(mut self, count: usize, shares: bool, remembers: bool) -> Self {
        let start = [0; ROWS];
        let reader = Reader { shares, remembers, floor: start, committed: start, at: Reading::Start };
        self.actors.extend(std::iter::repeat_n(Actor::Reader(reader), count));
        self
    }

    fn writing(self, row: u8, ending: Ending) -> Self {
        let at = if ending == Ending::Unheld { Writing::Commit } else { Writing::Hold };
        self.with(Actor::Writer(Writer { row, ending, marker: 0, before: None, at }))
    }

    fn with(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

/// What a lookup reads first, if it does not read everything at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Entry,
    Records,
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
        State::new(actors, self.warm, self.cold)
    }

    fn steps(&self, state: &State, out: &mut Vec<Step<State>>) {
        for (index, actor) in state.actors.iter().enumerate() {
            let mut turn = Turn { world: self, state, index, out };
            match *actor {
                Actor::Done => {}
                Actor::Reader(reader) => reading::step(&mut turn, reader),
                Actor::Writer(writer) => writing::step(&mut turn, writer),
                Actor::Remover(at) => writing::remove(&mut turn, at),
                Actor::Loss(loss) => writing::lose(&mut turn, loss),
            }
        }
    }

    fn canonical(&self, mut state: State) -> State {
        sort_alike(&self.actors, &mut state);
        renaming::rename(&mut state);
        state
    }

    fn verdict_at_rest(&self, state: &State) -> Option<&'static str> {
        let waits = |actor: &Actor| !matches!(actor, Actor::Done | Actor::Loss(_));
        if state.actors.iter().any(waits) || state.flight != Flight::Absent {
            return Some("at rest, somebody still waits");
        }
        let held = state.records.iter().flatten().any(|record| record.held);
        held.then_some("at rest, a tag is held for ever")
    }

    fn actor(&self, index: usize) -> String {
        let kind = match self.actors[index] {
            Actor::Done => "nobody",
            Actor::Reader(Reader { shares: false, .. }) => "reader",
            Actor::Reader(_) => "caller",
            Actor::Writer(_) => "writer",
            Actor::Remover(_) => "remover",
            Actor::Loss(_) => "accident",
        };
        format!("{kind} {index}")
    }

    fn show(&self, state: &State) -> String {
        let records = state.records.map(|record| match record {
            None => "-".to_owned(),
            Some(record) => format!("{}{}", record.version, if record.held { " held" } else { "" }),
        });
        let order = state.order.map_or("-".into(), |order| order.to_string());
        let entry = state.entry.map_or("-".into(), |entry| format!("{:?} under {:?}", entry.rows, entry.versions));
        format!("db {:?} acked {:?} order {order} records {records:?} entry {entry}", state.db, state.floor)
    }
}
