//! The rows, and of each what was acknowledged when: the parent's memory of everything that has happened.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::store::Shape;

/// How long writers hold. Short, so that the deadline of one who died passes before somebody else writes the row.
pub const WITHIN: Duration = Duration::from_millis(400);
/// Whoever has held for longer than this rolls back: no cache can see a COMMIT that is executed after the deadline of its hold.
const LATEST_COMMIT: Duration = Duration::from_millis(200);
/// After a deadline, until everybody has to act on it.
const GRACE: Duration = Duration::from_millis(100);

/// All rows.
#[derive(Debug)]
pub struct Table {
    rows: Box<[Mutex<Row>]>,
    /// How much older than acknowledged an answer may be, in time.
    bound: Duration,
    /// Whether the deadline of a hold counts as an invalidation: not where the store may lose holds.
    holds_last: bool,
}

#[derive(Debug, Default)]
struct Row {
    committed: u64,
    all: Floor,
    keys: [Floor; Shape::COUNT],
}

/// The oldest number that an answer may have, as it rises with time.
#[derive(Debug, Default)]
struct Floor {
    now: u64,
    /// From a moment on, which may be yet to come.
    later: Vec<(Instant, u64)>,
}

impl Floor {
    fn rise(&mut self, from: Instant, number: u64) {
        self.later.push((from, number));
    }

    fn at(&mut self, moment: Instant) -> u64 {
        self.now =
            self.later.iter().filter(|(from, _)| *from <= moment).map(|(_, number)| *number).fold(self.now, u64::max);
        self.later.retain(|(from, number)| *from > moment && *number > self.now);
        self.now
    }
}

/// A write that has been committed and not yet acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    row: usize,
    number: u64,
    /// When it was committed, by a writer who holds.
    held: Option<Instant>,
}

impl Table {
    /// So many rows.
    #[must_use]
    pub fn new(rows: usize, bound: Duration, holds_last: bool) -> Self {
        Self { rows: (0..rows).map(|_| Mutex::default()).collect(), bound, holds_last }
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// What a query answers.
    #[must_use]
    pub fn committed(&self, row: usize) -> u64 {
        self.row(row).committed
    }

    /// COMMIT, by a writer who has held since then, or does not hold. `None`: too late, it is rolled back.
    pub fn commit(&self, row: usize, held_since: Option<Instant>) -> Option<Open> {
        let mut place = self.row(row);
        let now = Instant::now();
        if held_since.is_some_and(|since| now - since > LATEST_COMMIT) {
            return None;
        }
        place.committed += 1;
        Some(Open { row, number: place.committed, held: held_since.map(|_| now) })
    }

    /// The invalidation has returned: from here on nobody may be given anything older.
    pub fn acknowledge(&self, open: Open) {
        self.row(open.row).all.rise(Instant::now() + self.bound, open.number);
    }

    /// The same for one key of the row.
    pub fn acknowledge_key(&self, shape: Shape, open: Open) {
        self.row(open.row).keys[shape as usize].rise(Instant::now() + self.bound, open.number);
    }

    /// The invalidation failed, or its writer died: the deadline of its hold stands in for it.
    pub fn leave(&self, open: Open) {
        if let (true, Some(committed)) = (self.holds_last, open.held) {
            self.row(open.row).all.rise(committed + WITHIN + GRACE + self.bound, open.number);
        }
    }

    /// The oldest number that an answer may have of the row.
    #[must_use]
    pub fn floor(&self, row: usize) -> u64 {
        self.row(row).all.at(Instant::now())
    }

    /// The same for the value under a key of its own.
    #[must_use]
    pub fn floor_of_key(&self, shape: Shape, row: usize) -> u64 {
        let (now, mut row) = (Instant::now(), self.row(row));
        row.all.at(now).max(row.keys[shape as usize].at(now))
    }

    fn row(&self, row: usize) -> MutexGuard<'_, Row> {
        self.rows[row].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The number that the write gave the row.
    #[must_use]
    pub const fn into_number(self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_rises_when_its_moment_has_come() {
        let mut floor = Floor::default();
        let now = Instant::now();
        floor.rise(now, 3);
        floor.rise(now + Duration::from_secs(10), 5);
        assert_eq!((floor.at(now), floor.at(now + Duration::from_secs(11))), (3, 5));
    }

    #[test]
    fn what_a_writer_left_counts_where_holds_last_and_only_if_it_held() {
        for (holds_last, held, expected) in [(true, true, 1), (true, false, 0), (false, true, 0)] {
            let table = Table::new(1, Duration::ZERO, holds_last);
            let begun = Instant::now();
            let open = table.commit(0, held.then_some(begun)).unwrap();
            table.leave(open);
            let after = begun + WITHIN + GRACE + Duration::from_secs(1);
            assert_eq!(table.row(0).all.at(after), expected);
        }
    }
}
