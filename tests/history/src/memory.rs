//! The memory cache as a [`Store`]: small, so that it evicts; with values that go stale, sync and async callers.

use std::time::Duration;

use easy_cache_core::{Cache, Hold, ManualClock};

use crate::cached::{Cached, key, tag};
use crate::database::Rows;
use crate::store::{Built, Shape, Store};

const WITHIN: Duration = Duration::from_secs(60);

/// The memory cache under test.
#[derive(Debug)]
pub struct Memory {
    cached: Cached,
    clock: ManualClock,
}

impl Memory {
    /// A cache with room for about so many entries.
    #[must_use]
    pub fn with_room_for(entries: u64) -> Self {
        let clock = ManualClock::new();
        let builder = Cache::builder().clock(clock.clock()).expected_entries(64);
        Self { cached: Cached::new(builder.max_weight(entries * 300).build()), clock }
    }
}

impl Store for Memory {
    type Hold = Hold;

    fn read(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built {
        self.cached.call(shape, row, database, false)
    }

    fn look(&self, shape: Shape, row: usize) -> Option<Built> {
        self.cached.look(shape, row)
    }

    fn refresh(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built {
        self.cached.visit();
        self.cached.call(shape, row, database, true)
    }

    fn read_within_transaction(&self, shape: Shape, row: usize, database: &dyn Rows) -> Built {
        self.cached.call_past(shape, row, database)
    }

    fn invalidate(&self, row: usize) {
        let done = self.cached.cache.invalidate_tags([tag(row)]).wait();
        debug_assert!(done.is_ok());
    }

    fn invalidate_key(&self, shape: Shape, row: usize) {
        let done = self.cached.cache.invalidate_key(key(shape, row)).wait();
        debug_assert!(done.is_ok());
    }

    fn invalidate_all(&self) {
        let done = self.cached.cache.invalidate_all().wait();
        debug_assert!(done.is_ok());
    }

    fn hold(&self, row: usize) -> Hold {
        self.cached.cache.hold([tag(row)], WITHIN).wait()
    }

    fn commit(&self, hold: Hold) {
        let done = hold.commit().wait();
        debug_assert!(done.is_ok());
    }

    fn roll_back(&self, hold: Hold) {
        let done = hold.rollback().wait();
        debug_assert!(done.is_ok());
    }

    fn pass_deadlines(&self) {
        self.clock.advance(WITHIN);
    }
}
