//! The rows behind the store, and for each what was acknowledged: all that the checker remembers.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::random::Random;
use crate::store::Shape;

/// Marks a number that was read inside a transaction, of what that had written: nobody else may see it.
pub const UNCOMMITTED: u64 = 1 << 63;

thread_local! {
    /// The row that this thread has written in an open transaction.
    static OPEN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What a value is built from.
pub trait Rows: Sync {
    /// How many rows there are.
    fn count(&self) -> usize;

    /// What a query answers: the committed number, or the thread's own uncommitted write.
    fn read(&self, row: usize) -> u64;
}

/// Numbered rows: each write gives a row its next number.
#[derive(Debug)]
pub struct Database {
    rows: Box<[Row]>,
    /// How often, in `haste` times, a thread that reads or has written lets others go first.
    haste: u64,
}

impl Rows for Database {
    fn count(&self) -> usize {
        self.len()
    }

    fn read(&self, row: usize) -> u64 {
        let committed = self.committed(row);
        self.dawdle(committed);
        as_seen_here(row, committed)
    }
}

/// Runs what a transaction of this thread does after it has written the row, and before its end.
pub fn within_transaction<R>(row: usize, work: impl FnOnce() -> R) -> R {
    OPEN.set(Some(row));
    let result = work();
    OPEN.set(None);
    result
}

/// What a query of this thread answers, if so much is committed.
#[must_use]
pub fn as_seen_here(row: usize, committed: u64) -> u64 {
    if OPEN.get() == Some(row) { (committed + 1) | UNCOMMITTED } else { committed }
}

#[derive(Debug, Default)]
struct Row {
    committed: AtomicU64,
    acknowledged: AtomicU64,
    /// What was acknowledged by removing one key only.
    removed: [AtomicU64; Shape::COUNT],
}

impl Database {
    /// So many rows.
    #[must_use]
    pub fn new(rows: usize, haste: u64) -> Self {
        Self { rows: (0..rows).map(|_| Row::default()).collect(), haste }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number that is committed now.
    #[must_use]
    pub fn committed(&self, row: usize) -> u64 {
        self.rows[row].committed.load(Ordering::SeqCst)
    }

    /// COMMIT. Yields the number that is to be acknowledged once the store has heard of it.
    #[must_use]
    pub fn commit(&self, row: usize) -> u64 {
        let number = self.rows[row].committed.fetch_add(1, Ordering::SeqCst) + 1;
        self.dawdle(number);
        number
    }

    /// From here on nobody may be given anything older.
    pub fn acknowledge(&self, row: usize, number: u64) {
        self.rows[row].acknowledged.fetch_max(number, Ordering::SeqCst);
    }

    /// The same for one key of the row.
    pub fn acknowledge_key(&self, shape: Shape, row: usize, number: u64) {
        self.rows[row].removed[shape as usize].fetch_max(number, Ordering::SeqCst);
    }

    /// The oldest number that a value may have of the row.
    #[must_use]
    pub fn floor(&self, row: usize) -> u64 {
        self.rows[row].acknowledged.load(Ordering::SeqCst)
    }

    /// The same for the value under a key of its own.
    #[must_use]
    pub fn floor_of_key(&self, shape: Shape, row: usize) -> u64 {
        self.floor(row).max(self.rows[row].removed[shape as usize].load(Ordering::SeqCst))
    }

    /// Lets others go first, now and then: what is rare on idle processors would otherwise hardly happen.
    fn dawdle(&self, number: u64) {
        thread_local! {
            static RANDOM: Cell<u64> = const { Cell::new(1) };
        }
        let mut random = Random::new(RANDOM.get().wrapping_add(number) | 1);
        RANDOM.set(RANDOM.get().wrapping_add(1 + random.below(1 << 20)));
        if random.one_in(self.haste) {
            thread::yield_now();
        }
    }
}
