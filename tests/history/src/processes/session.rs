//! One thread of a worker: its random operations, and the rules that every answer must keep.

use std::sync::atomic::{AtomicU64, Ordering};

use super::remote::Remote;
use super::table::WITHIN;
use crate::cached::{Cached, key, tag};
use crate::database::{UNCOMMITTED, within_transaction};
use crate::random::Random;
use crate::store::{Built, Shape};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Calls that may use a stored value.
    Reads,
    /// Looks that found one.
    Hits,
    /// Writes that were acknowledged.
    Writes,
    /// Invalidations that could not be delivered.
    Undelivered,
}

impl Count {
    /// How many there are.
    pub const COUNT: usize = 4;
}

/// What the threads of a worker share.
#[derive(Debug)]
pub struct Shared {
    /// The cache under test.
    pub cached: Cached,
    /// The table.
    pub remote: Remote,
    /// The first so many rows are written by writers who hold, and their hits are exact.
    pub strict: usize,
    /// What this process has written: in force here, delivered or not.
    pub own: Box<[AtomicU64]>,
}

/// One thread.
#[derive(Debug)]
pub struct Session<'a> {
    shared: &'a Shared,
    random: Random,
    counts: [u64; Count::COUNT],
}

impl<'a> Session<'a> {
    /// The thread with this seed.
    #[must_use]
    pub const fn new(shared: &'a Shared, seed: u64) -> Self {
        Self { shared, random: Random::new(seed), counts: [0; Count::COUNT] }
    }

    /// Operates until the parent has had enough.
    pub fn run(&mut self) {
        while self.shared.remote.goes_on() {
            (0..16).for_each(|_| self.step());
            self.report();
        }
    }

    fn step(&mut self) {
        let row = self.random.below(self.shared.own.len() as u64) as usize;
        let shape = Shape::ALL[self.random.below(Shape::COUNT as u64) as usize];
        match self.random.below(100) {
            0..44 => self.look(shape, row),
            44..92 => self.call(shape, row, false),
            92..94 => self.call(shape, row, true),
            _ if row < self.shared.strict => self.hold_and_end(Shape::Known, row),
            _ => self.change(shape, row),
        }
    }

    fn call(&mut self, shape: Shape, row: usize, anew: bool) {
        let floors = self.floors(shape, row);
        let built = self.shared.cached.call(shape, row, &self.shared.remote, anew);
        self.counts[Count::Reads as usize] += 1;
        self.check(shape, row, floors, built);
    }

    fn look(&mut self, shape: Shape, row: usize) {
        let Shared { cached, remote, strict, .. } = self.shared;
        let floors = self.floors(shape, row);
        let before = if row < *strict { remote.committed(row) } else { 0 };
        let found = cached.look(shape, row);
        self.counts[Count::Reads as usize] += 1;
        let Some(built) = found else { return };
        self.counts[Count::Hits as usize] += 1;
        self.check(shape, row, floors, built);
        if built[0] < before {
            remote.violation(&format!(
                "strict: {shape:?} {row} is a hit of {}, but {before} was committed before",
                built[0]
            ));
        }
    }

    fn floors(&self, shape: Shape, row: usize) -> Built {
        let Shared { remote, own, .. } = self.shared;
        let floor = |row: usize, shape| own[row].load(Ordering::SeqCst).max(remote.floor(row, shape));
        let next = if shape.has_next() { floor((row + 1) % own.len(), None) } else { 0 };
        [floor(row, (!shape.has_others_inside()).then_some(shape)), next]
    }

    fn check(&self, shape: Shape, row: usize, floors: Built, built: Built) {
        let Shared { remote, own, .. } = self.shared;
        for (place, (&number, &floor)) in built.iter().zip(&floors).enumerate() {
            let of = (row + place) % own.len();
            if number & UNCOMMITTED != 0 {
                remote.violation(&format!("rolled back: {shape:?} {row} has row {of} as it was never committed"));
            } else if number < floor {
                remote.violation(&format!(
                    "acknowledged: {shape:?} {row} has row {of} as {number}, and {floor} was acknowledged"
                ));
            } else if number > remote.committed(of) {
                remote.violation(&format!("not from the future: {shape:?} {row} has row {of} as {number}"));
            }
        }
    }

    fn report(&mut self) {
        for (what, counted) in
            [Count::Reads, Count::Hits, Count::Writes, Count::Undelivered].into_iter().zip(self.counts)
        {
            if counted > 0 {
                self.shared.remote.count_up(what, counted);
            }
        }
        self.counts = [0; Count::COUNT];
    }
}

/// Changes.
impl Session<'_> {
    fn change(&mut self, shape: Shape, row: usize) {
        match self.random.below(48) {
            0..20 => self.write(row, None),
            20..27 => self.write(row, Some(shape)),
            27 => self.write_and_invalidate_all(row),
            _ => self.hold_and_end(shape, row),
        }
    }

    /// Without a hold, by the tag of the row or by one key.
    fn write(&mut self, row: usize, shape: Option<Shape>) {
        let Shared { cached, remote, .. } = self.shared;
        let Some(number) = remote.commit(row, false) else { return };
        let done = match shape {
            None => cached.cache.invalidate_tags([tag(row)]).wait(),
            Some(shape) => cached.cache.invalidate_key(key(shape, row)).wait(),
        };
        self.end(row, number, shape, done.is_ok());
    }

    fn write_and_invalidate_all(&mut self, row: usize) {
        let Shared { cached, remote, .. } = self.shared;
        let Some(number) = remote.commit(row, false) else { return };
        let done = cached.cache.invalidate_all().wait();
        self.end(row, number, None, done.is_ok());
    }

    /// A transaction: it writes, reads its own write past the cache, holds, and commits or not.
    fn hold_and_end(&mut self, shape: Shape, row: usize) {
        let Shared { cached, remote, .. } = self.shared;
        let own = within_transaction(row, || cached.call_past(shape, row, remote));
        if own[0] & UNCOMMITTED == 0 {
            remote.violation(&format!("rolled back: {shape:?} {row} in a transaction that does not see its own write"));
        }
        remote.begin(row);
        let hold = cached.cache.hold([tag(row)], WITHIN).wait();
        let is_held = hold.refusal().is_none();
        // On a busy machine an answer may come too late. Who relies on holds does not write without one.
        let gives_up = self.random.one_in(4) || (!is_held && row < self.shared.strict);
        let number = if gives_up { None } else { remote.commit(row, is_held) };
        let Some(number) = number else {
            let _rolled_back = hold.rollback().wait();
            return;
        };
        let done = hold.commit().wait();
        self.end(row, number, None, done.is_ok());
    }

    /// The write is in force in this process in any case, and in all if it was delivered.
    fn end(&mut self, row: usize, number: u64, shape: Option<Shape>, delivered: bool) {
        let Shared { remote, own, .. } = self.shared;
        if shape.is_none() {
            own[row].fetch_max(number, Ordering::SeqCst);
        }
        if delivered {
            remote.acknowledge(row, shape);
            self.counts[Count::Writes as usize] += 1;
        } else {
            remote.leave(row);
            self.counts[Count::Undelivered as usize] += 1;
        }
    }
}
