//! One thread's random operations, and the rules that every answer must keep.

use std::sync::{PoisonError, RwLock};

use crate::database::{Database, UNCOMMITTED, within_transaction};
use crate::random::Random;
use crate::store::{Built, Shape, Store};

/// What all threads of a run share.
#[derive(Debug)]
pub struct Shared<S> {
    /// The store under test.
    pub store: S,
    /// The rows behind it.
    pub database: Database,
    /// The first so many rows are written by writers who hold, and by no others.
    pub strict: usize,
    /// Read by who is between a hold and its end, written by who lets the deadlines pass: no cache can see a COMMIT that is
    /// executed after the deadline of its hold.
    pub time: RwLock<()>,
}

/// What one thread has done and seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Calls that may use a stored value.
    pub reads: u64,
    /// Looks that found one.
    pub hits: u64,
    /// Writes and other changes.
    pub writes: u64,
    /// Broken rules.
    pub violations: u64,
    /// The first of them, in words.
    pub first: Option<String>,
}

impl Tally {
    /// All operations.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.reads + self.writes
    }

    fn violation(&mut self, what: impl FnOnce() -> String) {
        self.violations += 1;
        let at = self.operations();
        self.first.get_or_insert_with(|| format!("operation {at} of its thread: {}", what()));
    }
}

/// One thread of a run.
#[derive(Debug)]
pub struct Session<'a, S> {
    shared: &'a Shared<S>,
    random: Random,
    /// What it has done and seen.
    pub tally: Tally,
}

impl<'a, S: Store> Session<'a, S> {
    /// The thread with this seed.
    #[must_use]
    pub fn new(shared: &'a Shared<S>, seed: u64) -> Self {
        Self { shared, random: Random::new(seed), tally: Tally::default() }
    }

    /// One random operation: a look, a call, or a change.
    pub fn step(&mut self) {
        let row = self.random.below(self.shared.database.len() as u64) as usize;
        let shape = Shape::ALL[self.random.below(Shape::COUNT as u64) as usize];
        match self.random.below(100) {
            0..36 => self.look(shape, row),
            36..90 => self.call(shape, row),
            90..92 => self.refresh(shape, row),
            _ if row < self.shared.strict => self.change_strictly(row),
            _ => self.change(shape, row),
        }
    }

    fn call(&mut self, shape: Shape, row: usize) {
        self.checked(shape, row, |shared| shared.store.read(shape, row, &shared.database));
    }

    fn refresh(&mut self, shape: Shape, row: usize) {
        self.checked(shape, row, |shared| shared.store.refresh(shape, row, &shared.database));
    }

    fn checked(&mut self, shape: Shape, row: usize, call: impl FnOnce(&Shared<S>) -> Built) {
        let floors = self.floors(shape, row);
        let built = call(self.shared);
        self.tally.reads += 1;
        self.check(shape, row, floors, built);
    }

    /// A look computes nothing, so that a strict row must have been committed at some moment of the look.
    fn look(&mut self, shape: Shape, row: usize) {
        let database = &self.shared.database;
        let (floors, before) = (self.floors(shape, row), database.committed(row));
        let found = self.shared.store.look(shape, row);
        self.tally.reads += 1;
        let Some(built) = found else { return };
        self.tally.hits += 1;
        self.check(shape, row, floors, built);
        if row < self.shared.strict && built[0] < before {
            self.tally
                .violation(|| format!("{shape:?} {row}: a hit of {}, but {before} was committed before", built[0]));
        }
    }

    fn floors(&self, shape: Shape, row: usize) -> Built {
        let database = &self.shared.database;
        let next = if shape.has_next() { database.floor((row + 1) % database.len()) } else { 0 };
        let own = if shape.has_others_inside() { database.floor(row) } else { database.floor_of_key(shape, row) };
        [own, next]
    }

    fn check(&mut self, shape: Shape, row: usize, floors: Built, built: Built) {
        let database = &self.shared.database;
        for (place, (&number, &floor)) in built.iter().zip(&floors).enumerate() {
            let of = (row + place) % database.len();
            if number & UNCOMMITTED != 0 {
                self.tally.violation(|| {
                    format!("{shape:?} {row}: row {of} as a transaction wrote it that never committed it")
                });
            } else if number < floor {
                self.tally.violation(|| {
                    format!("{shape:?} {row}: row {of} is {number}, but {floor} was acknowledged before the call")
                });
            } else if number > database.committed(of) {
                self.tally.violation(|| format!("{shape:?} {row}: row {of} is {number}, which it has not become yet"));
            }
        }
    }
}

/// Changes.
impl<S: Store> Session<'_, S> {
    fn change(&mut self, shape: Shape, row: usize) {
        self.tally.writes += 1;
        match self.random.below(16) {
            0..7 => self.write(row),
            7..9 => self.write_by_key(shape, row),
            9 => self.write_and_invalidate_all(row),
            10 => self.write_and_die(row),
            11 => self.let_deadlines_pass(),
            _ => self.hold_and_end(shape, row),
        }
    }

    fn change_strictly(&mut self, row: usize) {
        self.tally.writes += 1;
        self.hold_and_end(Shape::Known, row);
    }

    fn write(&self, row: usize) {
        let Shared { store, database, .. } = self.shared;
        let number = database.commit(row);
        store.invalidate(row);
        database.acknowledge(row, number);
    }

    fn write_by_key(&self, shape: Shape, row: usize) {
        let Shared { store, database, .. } = self.shared;
        let number = database.commit(row);
        store.invalidate_key(shape, row);
        database.acknowledge_key(shape, row, number);
    }

    fn write_and_invalidate_all(&self, row: usize) {
        let Shared { store, database, .. } = self.shared;
        let number = database.commit(row);
        store.invalidate_all();
        database.acknowledge(row, number);
    }

    /// A transaction: it writes, reads its own write past the store, and commits or not.
    fn hold_and_end(&mut self, shape: Shape, row: usize) {
        let Shared { store, database, time, .. } = self.shared;
        let _still = time.read().unwrap_or_else(PoisonError::into_inner);
        let own = within_transaction(row, || store.read_within_transaction(shape, row, database));
        let hold = store.hold(row);
        if self.random.one_in(3) {
            store.roll_back(hold);
        } else {
            let number = database.commit(row);
            // The caller of some writers goes on from here: the hold is all that the store has heard.
            database.acknowledge(row, number);
            if self.random.one_in(2) {
                self.call(shape, row);
            }
            store.commit(hold);
        }
        if own[0] & UNCOMMITTED == 0 {
            self.tally.violation(|| format!("{shape:?} {row}: a transaction does not see its own write"));
        }
    }

    /// The writer dies after its COMMIT: it counts as acknowledged once the deadline of its hold has passed.
    fn write_and_die(&self, row: usize) {
        let Shared { store, database, time, .. } = self.shared;
        let committing = time.read().unwrap_or_else(PoisonError::into_inner);
        drop(store.hold(row));
        let number = database.commit(row);
        drop(committing);
        self.let_deadlines_pass();
        database.acknowledge(row, number);
    }

    fn let_deadlines_pass(&self) {
        let _alone = self.shared.time.write().unwrap_or_else(PoisonError::into_inner);
        self.shared.store.pass_deadlines();
    }
}
