//! A memcached server: many commands in one write, each of them atomic, with those of others between them.
//!
//! Three things are there that a plain store lacks: a command that appends, one that replaces a value only if it has not
//! changed, and the number that every change gets (its CAS id), from **one counter** for the whole server.
//!
//! Every name (a tag, the key, the namespace) has a **record**: a log of versions and of the marks of writers that hold it.
//! A **bucket** of names has an item of its own, whose number is that of the last invalidation in it. Each writer that holds has a
//! **lease**, an item with a ttl: the server's clock is the only one. The **entry** carries the versions of all its records. Any of
//! these may be lost.
//!
//! - **Lookup**, one write: the entry, the records of all known names; a missing record is made, empty. A hit needs the entry's
//!   versions, and no marks. A late tag, which only the entry knew, costs a second trip. On a miss, the records as they were found
//!   and the highest number that the process knows of the server are the **fence**.
//! - **Fill**, one write: a record that was found empty gets its version, if it has not changed since; all versions are compared;
//!   the entry is written. An entry under a version that is not there is dead, so nothing depends on the order of these.
//!   A late tag that the lookup did not ask for costs a trip before that: its record is read (made, if it is missing), and **after** that the
//!   number of its bucket must not be higher than the fence.
//!   A version that came with an inner value is compared as well; it does not stand for the order, since other parts of the computation
//!   may have read under that tag before.
//! - **Invalidate**, one write: the buckets get new numbers **first**, then versions are appended to the records that are there.
//! - **Hold**, one write: the lease **first**, then the mark is appended to the record (which is made, if it is missing). **Release**: the
//!   opposite is appended. Who finds a mark whose lease has ended, on an entry that could be served otherwise, **settles** it: an
//!   invalidation that replaces the record only if it has not changed. A fill that others wait for counts as refused if there is a mark on
//!   what it compared: those who wait look at no entry, and may have called after a hold has ended.
//! - A number means nothing to another run of the server, so whatever depends on numbers is sent over the connection on which
//!   they were met, or not at all.
//!
//! Records of different names never need each other, so each name may have its own server: numbers of one server are compared
//! with numbers of the same one.
//!
//! # What must hold
//!
//! - **Acknowledged**: no answer is older than an invalidation that had returned before the reader started.
//! - **Strict**, in the worlds that ask for it: a hit is not older than what was committed when the reader started, and a hold that has
//!   ended is an invalidation that has returned. The tests
//!   at the end of `worlds` show when it is lost.

mod filling;
pub mod mutations;
mod reading;
mod state;
pub mod worlds;
mod writing;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
pub use mutations::Mutation;
use state::{
    ACTORS, Actor, Ending, Flight, Loss, ROWS, Reader, Reading, Record, Removing, Role, State, Writer, Writing,
};

const OUTDATED: &str =
    "acknowledged: an answer is older than an invalidation that had returned before the reader started";
const NOT_COMMITTED: &str = "strict: a hit is older than what was committed when the reader started";

/// A small world around a memcached server with one entry, of two rows under two tags.
#[derive(Debug, Clone, Default)]
pub struct World {
    actors: Vec<Actor>,
    warm: bool,
    stored: bool,
    strict: bool,
    reads_before: bool,
    halves: Option<Half>,
    mutation: Option<Mutation>,
}

impl World {
    /// A world without actors, and with an empty server.
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

    /// The entry exists as well.
    #[must_use]
    pub fn stored(mut self) -> Self {
        self.stored = true;
        self.warm()
    }

    /// Asks for the stronger promise.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Other commands come between the one for the entry and those for the records.
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

    /// So many readers, each on its own.
    #[must_use]
    pub fn readers(self, count: usize) -> Self {
        self.reading(count, Role::Alone, false)
    }

    /// So many readers that know the late tag's name from an earlier answer.
    #[must_use]
    pub fn remembering(self, count: usize) -> Self {
        self.reading(count, Role::Alone, true)
    }

    /// So many callers in one process, who share a flight.
    #[must_use]
    pub fn callers(self, count: usize) -> Self {
        self.reading(count, Role::Caller, true)
    }

    /// A computation that takes row 1 from a near cache, which is filled at some earlier moment.
    #[must_use]
    pub fn nested(self) -> Self {
        self.with(Actor::NearFill).reading(1, Role::Outer, false)
    }

    /// The same, but what counts of row 1 is what it has read itself before.
    #[must_use]
    pub fn nested_after_a_read(mut self) -> Self {
        self.reads_before = true;
        self.nested()
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

    /// The same, but the writer may die at any step: between its lease and its mark, in the middle of its invalidation.
    #[must_use]
    pub fn death(self, row: u8) -> Self {
        self.writing(row, Ending::Death)
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

    /// A record is replaced by a shorter one.
    #[must_use]
    pub fn compacts(self) -> Self {
        self.with(Actor::Compactor)
    }

    /// A record, the order or the entry may be lost.
    #[must_use]
    pub fn may_lose(self) -> Self {
        self.with(Actor::Loss(Loss::One))
    }

    /// The lease of a writer may be lost.
    #[must_use]
    pub fn may_lose_a_lease(self) -> Self {
        self.with(Actor::Loss(Loss::Lease))
    }

    /// Everything may be lost.
    #[must_use]
    pub fn may_be_flushed(self) -> Self {
        self.with(Actor::Loss(Loss::Flush))
    }

    /// The server may be started anew.
    #[must_use]
    pub fn may_restart(self) -> Self {
        self.with(Actor::Loss(Loss::Restart))
    }

    /// Visits every state that this world can reach, with one rule broken if a mutation is given.
    #[must_use]
    pub fn explore(mut self, mutation: Option<Mutation>) -> Exploration {
        self.mutation = mutation;
        explore(&self)
    }

    fn reading(mut self, count: usize, role: Role, remembers: bool) -> Self {
        let start = [0; ROWS];
        let reader = Reader { role, remembers, floor: start, committed: start, at: Reading::Start };
        self.actors.extend(std::iter::repeat_n(Actor::Reader(reader), count));
        self
    }

    fn writing(self, row: u8, ending: Ending) -> Self {
        let writers = self.actors.iter().filter(|actor| matches!(actor, Actor::Writer(_))).count();
        let at = if ending == Ending::Unheld { Writing::Commit } else { Writing::Lease };
        self.with(Actor::Writer(Writer { id: 1 << writers, row, ending, at }))
    }

    fn with(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

/// What a lookup reads first, if commands of others come in between.
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
        State::new(actors, self.warm, self.stored)
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
                Actor::Compactor => writing::compact(&mut turn),
                Actor::Loss(loss) => writing::lose(&mut turn, loss),
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
        (state.leases != 0).then_some("at rest, a tag is held for ever")
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
            Actor::Compactor => "compactor",
            Actor::Loss(_) => "accident",
        };
        format!("{kind} {index}")
    }

    fn show(&self, state: &State) -> String {
        let number = |number: Option<u8>| number.map_or("-".to_owned(), |number| number.to_string());
        let records = state.records.map(|record| match record {
            None => "-".to_owned(),
            Some(Record { version, marks: 0, id }) => format!("{}#{id}", number(version)),
            Some(Record { version, marks, id }) => format!("{}#{id} held by {marks}", number(version)),
        });
        let entry = state.entry.map_or("-".into(), |entry| format!("{:?} under {:?}", entry.rows, entry.versions));
        format!(
            "db {:?} acked {:?} order {} records {records:?} leases {} entry {entry} known #{}",
            state.db,
            state.floor,
            number(state.order),
            state.leases,
            state.known
        )
    }
}
