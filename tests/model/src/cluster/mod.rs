//! A cluster: the records of a namespace are spread over groups, each on one node; what is asked of several nodes is answered at
//! several moments.
//!
//! Each **group** has an order record of its own (an epoch, a sequence, and for each of its names the sequence of its last
//! invalidation) beside the records of its tags and keys, so that one script reads and changes them in one step. The **key is a name like
//! the tags**, with a record in its group. **Entries** are elsewhere, each with the versions of its names and one epoch for each group.
//!
//! - **Lookup**, one trip: the entry from its node, and from each group the records and the order record. A late tag of a group that
//!   was not asked costs a second trip. A hit needs every version, every epoch, and no holds.
//! - **Fence**: the vector of the groups' epochs and sequences. For a group that was not asked it is what the process met
//!   there last, which may be older than the computation: that refuses more, and lets nothing through.
//! - **Fill**: at each group a script as in [`store`](crate::store) (epoch and order are compared, missing records are made), which answers with
//!   the versions; then the entry is written. If all versions were seen before the computation, the entry is written at once: a version that
//!   was seen before is dropped by every later invalidation, and never comes back. (Not if others wait for the value: then the scripts
//!   have to confirm that nothing was invalidated; see `plain`.)
//! - **Fill at once**, one trip: the scripts and the entry are sent together, and are executed in any order. The entry has the versions that
//!   were seen before, and where a record was missing a new one, which the scripts make the record's. Only if they have found another one
//!   is the entry written a second time, with that.
//! - **Invalidate**, **hold**, **release**: one script at each group that has names of it. They are not one step, and need not be.
//!
//! # What must hold
//!
//! - **Acknowledged**: no answer is older than an invalidation that had returned, from all its groups, before the reader started.
//! - **Strict**, in the worlds that ask for it: a hit is not older than what was committed when the reader started.

pub mod mutations;
mod reading;
mod state;
pub mod worlds;
mod writing;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
pub use mutations::Mutation;
use state::{ACTORS, Actor, Ending, Loss, NAMES, ROWS, Reader, Reading, Removing, State, Writer, Writing};

const OUTDATED: &str =
    "acknowledged: an answer is older than an invalidation that had returned before the reader started";
const NOT_COMMITTED: &str = "strict: a hit is older than what was committed when the reader started";

/// A small world around a cluster with two groups and one entry, of two rows under a tag in each.
#[derive(Debug, Clone, Default)]
pub struct World {
    actors: Vec<Actor>,
    entry_last: bool,
    at_once: bool,
    strict: bool,
    mutation: Option<Mutation>,
}

impl World {
    /// A world without actors. The order records are there.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the stronger promise.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The entry's node answers after the groups.
    #[must_use]
    pub fn entry_last(mut self) -> Self {
        self.entry_last = true;
        self
    }

    /// A fill sends the entry together with the scripts.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// So many readers.
    #[must_use]
    pub fn readers(self, count: usize) -> Self {
        self.reading(count, false, false)
    }

    /// So many readers that know the late tag's name from an earlier answer.
    #[must_use]
    pub fn remembering(self, count: usize) -> Self {
        self.reading(count, true, false)
    }

    /// A computation that takes row 1 from a near cache, which is filled at some earlier moment.
    #[must_use]
    pub fn nested(self) -> Self {
        self.with(Actor::NearFill).reading(1, false, true)
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

    /// A record, an order record or the entry may be lost.
    #[must_use]
    pub fn may_lose(self) -> Self {
        self.with(Actor::Loss(Loss::One))
    }

    /// The same, or all that one group has.
    #[must_use]
    pub fn may_lose_a_group(self) -> Self {
        self.with(Actor::Loss(Loss::Group))
    }

    /// Visits every state that this world can reach, with one rule broken if a mutation is given.
    #[must_use]
    pub fn explore(mut self, mutation: Option<Mutation>) -> Exploration {
        self.mutation = mutation;
        explore(&self)
    }

    fn reading(mut self, count: usize, remembers: bool, nests: bool) -> Self {
        let start = [0; ROWS];
        let reader = Reader { remembers, nests, floor: start, committed: start, at: Reading::Start };
        self.actors.extend(std::iter::repeat_n(Actor::Reader(reader), count));
        self
    }

    fn writing(self, rows: u8, ending: Ending) -> Self {
        let writers = self.actors.iter().filter(|actor| matches!(actor, Actor::Writer(_))).count();
        let at = if ending == Ending::Unheld { Writing::Commit } else { Writing::Hold { group: 0 } };
        self.with(Actor::Writer(Writer { id: 1 << writers, rows, ending, at }))
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
        State::new(actors)
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
            }
        }
    }

    fn canonical(&self, mut state: State) -> State {
        sort_alike(&self.actors, &mut state);
        state
    }

    fn verdict_at_rest(&self, state: &State) -> Option<&'static str> {
        let waits = |actor: &Actor| matches!(actor, Actor::Reader(_) | Actor::Writer(_) | Actor::Remover(_));
        if state.actors.iter().any(waits) {
            return Some("at rest, somebody still waits");
        }
        (state.holds != [0; NAMES]).then_some("at rest, a tag is held for ever")
    }

    fn actor(&self, index: usize) -> String {
        let kind = match self.actors[index] {
            Actor::Done => "nobody",
            Actor::Reader(Reader { nests: false, .. }) => "reader",
            Actor::Reader(_) => "outer computation",
            Actor::Writer(_) => "writer",
            Actor::Remover(_) => "remover",
            Actor::NearFill => "near cache",
            Actor::Loss(_) => "accident",
        };
        format!("{kind} {index}")
    }

    fn show(&self, state: &State) -> String {
        let number = |number: Option<u8>| number.map_or("-".to_owned(), |number| number.to_string());
        let groups = state.groups.map(|group| format!("{}/{}", number(group.epoch), group.sequence));
        let entry = state.entry.map_or("-".into(), |entry| {
            format!("{:?} under {:?} epochs {:?}", entry.rows, entry.versions, entry.epochs)
        });
        format!(
            "db {:?} acked {:?} groups {groups:?} order {:?} records {:?} holds {:?} entry {entry}",
            state.db,
            state.floor,
            state.order,
            state.records.map(number),
            state.holds,
        )
    }
}
