//! The memory store: operations are several atomic steps, and the order of these steps is the whole protocol.
//!
//! Shared are a sequence, a bucket for each name (two names may share one), a cell for each tag, one more cell that every
//! entry depends on (the epoch), the entries, and a lock for each key that changes of this key take (its stripe).
//!
//! - **Fence**: read the epoch's version and the sequence, before the computation.
//! - **Lookup**: under the read lock of the entry's shard, read the epoch's cell and the cell of each tag, one after the
//!   other. One load yields the version and the hold together. A hit needs every version unchanged and nothing held.
//! - **Fill**: (1) read the cell of each tag; a tag that was seen on the way must still have the version that was seen;
//!   (2) check the bucket of each tag against the fence, and the epoch; (3) lock the stripe, check the key's bucket,
//!   insert unless a newer fence's value is in place. The entry carries the versions that (1) found.
//! - **Invalidate tags**: advance the sequence, raise the buckets, bump the cells that exist.
//! - **Invalidate a key**: advance the sequence, raise the bucket, remove the entry under the stripe.
//! - **Invalidate everything**: bump the epoch's cell. (An engine may treat it like a tag, with a bucket: that refuses no less.)
//! - **Hold**: mark the cells before COMMIT; after it, invalidate and then release. A rollback only releases. After a crash,
//!   whoever meets the expired mark invalidates, and then drops the marks that it had found expired.
//! - **Sweep**: a cell leaves the map when nobody else refers to it and nobody holds it.
//! - **Flight**: closed before its fill. A follower takes the value if the fill was accepted and every cell, read once more after that, is
//!   unchanged and not held; or if the fence was taken at a later tick than the follower's miss. A dropped leader hands over to one follower, which takes a new fence.
//!
//! # What must hold
//!
//! - **Acknowledged**: no answer is older than what was committed when an invalidation began that had returned before the
//!   reader started.
//! - **Strict**, where every writer holds: a hit's value, all its rows together, was the committed state at the moment of the
//!   first cell read of its validation; and each row still was when the cell of its own tag was read (unless the writer held the
//!   epoch in its place). It is *not* promised that no row changes before the last cell is read: there is no such moment to
//!   promise, since the cells are read one by one. The first read is the hit's place in the order of events: an unheld,
//!   unchanged cell says that nothing it guards was committed before *its* read, all the more before the first one.
//! - At rest, nobody waits, nothing is held, and no bucket is ahead of the sequence (which would refuse fills for ever).

mod filling;
mod flight;
pub mod mutations;
mod reading;
mod state;
mod upkeep;
pub mod worlds;
mod writing;

use crate::explore::{Exploration, Model, Step, explore};
use crate::turn::{self, Scene, sort_alike};
pub use mutations::Mutation;
use state::{
    ACTORS, Actor, Ending, Flight, NONE, Reader, Reading, Remover, Removing, Role, Settler, State, TAGS, Writer,
    Writing,
};

const OUTDATED: &str =
    "acknowledged: an answer is older than an invalidation that had returned before the reader started";
const NOT_COMMITTED: &str = "strict: a hit is not the committed state at any moment of its validation";

/// A small world: who acts in it, and how names share buckets.
#[derive(Debug, Clone)]
pub struct World {
    actors: Vec<Actor>,
    /// For each key, the set of its tags.
    tags: [u8; 2],
    /// The buckets of both tags and both keys.
    buckets: [u8; 4],
    drops: u8,
    mutation: Option<Mutation>,
}

impl World {
    /// A world without actors. Key 0 carries both tags, key 1 carries the second; each name has its own bucket.
    #[must_use]
    pub fn new() -> Self {
        Self { actors: Vec::new(), tags: [0b11, 0b10], buckets: [0, 1, 2, 3], drops: 0, mutation: None }
    }

    /// Key 0 carries these tags only (a set of bits).
    #[must_use]
    pub fn key_with_tags(mut self, tags: u8) -> Self {
        self.tags[0] = tags;
        self
    }

    /// All names fall into one bucket.
    #[must_use]
    pub fn one_bucket(mut self) -> Self {
        self.buckets = [0; 4];
        self
    }

    /// So many leaders of flights are dropped, at any moment.
    #[must_use]
    pub fn drops(mut self, drops: u8) -> Self {
        self.drops = drops;
        self
    }

    /// So many readers of a key, each on its own.
    #[must_use]
    pub fn readers(self, count: usize, key: u8) -> Self {
        self.reading(count, Role::Alone, key)
    }

    /// So many callers of a key, who share its flight.
    #[must_use]
    pub fn callers(self, count: usize, key: u8) -> Self {
        self.reading(count, Role::Caller, key)
    }

    /// A computation of key 0 that takes row 1 from the cached value of key 1.
    #[must_use]
    pub fn outer(self) -> Self {
        self.reading(1, Role::Outer, 0)
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

    /// A writer that commits, and invalidates only after the deadline of its hold.
    #[must_use]
    pub fn late(self, rows: u8) -> Self {
        self.writing(rows, Ending::Late)
    }

    /// A writer that invalidates after its COMMIT without having held anything.
    #[must_use]
    pub fn unheld(self, rows: u8) -> Self {
        self.writing(rows, Ending::Unheld)
    }

    /// Changes row 0, and removes key 0.
    #[must_use]
    pub fn remover(self) -> Self {
        self.with(Actor::Remover(Remover { key: 0, at: Removing::Write }))
    }

    /// Somebody who may meet expired holds.
    #[must_use]
    pub fn settler(self) -> Self {
        self.with(Actor::Settler(Settler::Watch))
    }

    /// Key 0's or key 1's entry may be evicted once.
    #[must_use]
    pub fn evictor(self, key: u8) -> Self {
        self.with(Actor::Evictor { key })
    }

    /// Cells may be swept so often.
    #[must_use]
    pub fn sweeper(self, times: u8) -> Self {
        self.with(Actor::Sweeper { times })
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

    fn reading(mut self, count: usize, role: Role, key: u8) -> Self {
        let reader = Actor::Reader(Reader { role, key, floor: [0; TAGS], at: Reading::Start });
        self.actors.extend(std::iter::repeat_n(reader, count));
        self
    }

    fn writing(self, rows: u8, ending: Ending) -> Self {
        let writers = self.actors.iter().filter(|actor| matches!(actor, Actor::Writer(_))).count();
        let at = if ending == Ending::Unheld { Writing::Commit } else { Writing::Hold { next: 0 } };
        self.with(Actor::Writer(Writer { id: 1 << writers, rows, ending, held: [NONE; TAGS], at }))
    }

    fn with(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn carries(&self, key: u8, tag: usize) -> bool {
        self.tags[usize::from(key)] & (1 << tag) != 0
    }

    /// Whether anybody ever touches the epoch. If not, reading it is no step of its own: it always reads the same.
    fn touches_everything(&self) -> bool {
        self.actors.iter().any(|actor| matches!(actor, Actor::Writer(writer) if writer.rows == 0))
    }

    /// Strictness is promised where all writers hold.
    fn strict(&self) -> bool {
        !self.actors.iter().any(|actor| {
            matches!(actor, Actor::Remover(_))
                || matches!(actor, Actor::Writer(writer) if writer.ending == Ending::Unheld)
        })
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

type Turn<'a> = turn::Turn<'a, World>;

impl Scene<Actor> for State {
    fn actors(&mut self) -> &mut [Actor] {
        &mut self.actors
    }

    fn tidy(&mut self) {
        self.collect_garbage();
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
                Actor::Remover(remover) => writing::remove(&mut turn, remover),
                Actor::Settler(settler) => upkeep::settle(&mut turn, settler),
                Actor::Evictor { key } => upkeep::evict(&mut turn, key),
                Actor::Sweeper { times } => upkeep::sweep(&mut turn, times),
                Actor::Ticker { times } => upkeep::tick(&mut turn, times),
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
        if state.buckets.iter().any(|&bucket| bucket > state.sequence) {
            return Some("at rest, a name refuses fills for ever");
        }
        state.cells.iter().any(|cell| cell.holds != 0).then_some("at rest, a tag is held for ever")
    }

    fn actor(&self, index: usize) -> String {
        let kind = match self.actors[index] {
            Actor::Done => "nobody",
            Actor::Reader(Reader { role: Role::Alone, .. }) => "reader",
            Actor::Reader(Reader { role: Role::Caller, .. }) => "caller",
            Actor::Reader(Reader { role: Role::Outer, .. }) => "outer computation",
            Actor::Writer(_) => "writer",
            Actor::Remover(_) => "remover",
            Actor::Settler(_) => "settler",
            Actor::Evictor { .. } => "eviction",
            Actor::Sweeper { .. } => "sweep",
            Actor::Ticker { .. } => "clock",
        };
        format!("{kind} {index}")
    }

    fn show(&self, state: &State) -> String {
        let cells: Vec<_> = state
            .cells
            .iter()
            .map(|cell| format!("{}{}", cell.version, if cell.holds == 0 { "" } else { "h" }))
            .collect();
        let entries: Vec<_> =
            state.entries.iter().map(|entry| entry.as_ref().map_or("-".into(), state::Value::brief)).collect();
        let map: Vec<_> =
            state.map.iter().map(|&cell| if cell == NONE { "-".into() } else { cell.to_string() }).collect();
        format!(
            "db {:?} acked {:?} seq {} buckets {:?} map [{}] cells [{}] entries [{}]",
            state.db,
            state.floor,
            state.sequence,
            state.buckets,
            map.join(" "),
            cells.join(" "),
            entries.join(", "),
        )
    }
}
