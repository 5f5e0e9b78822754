//! The memory cache as a [`Store`]: small, so that it evicts; with values that go stale, sync and async callers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::Duration;

use easy_cache_core::{Cache, Hold, ManualClock, Scope, Tag, scope};

use crate::database::Database;
use crate::store::{Built, Shape, Store};

const WITHIN: Duration = Duration::from_secs(60);
const FRESH: Duration = Duration::from_secs(600);
const STALE: Duration = Duration::from_secs(100_000);

/// The memory cache under test.
#[derive(Debug)]
pub struct Memory {
    cache: Cache,
    clock: ManualClock,
    visits: AtomicU64,
}

fn key(shape: Shape, row: usize) -> String {
    format!("{shape:?} {row}")
}

fn tag(row: usize) -> Tag {
    Tag::row("rows", row)
}

impl Memory {
    /// A cache with room for about so many entries.
    #[must_use]
    pub fn with_room_for(entries: u64) -> Self {
        let clock = ManualClock::new();
        let builder = Cache::builder().clock(clock.clock()).expected_entries(64);
        Self { cache: builder.max_weight(entries * 300).build(), clock, visits: AtomicU64::new(0) }
    }

    fn call(&self, shape: Shape, row: usize, database: &Database, anew: bool) -> Built {
        let key = key(shape, row);
        let one = || Some([database.read(row), 0]);
        let nothing = [0; 2];
        match shape {
            Shape::Known => {
                let call = self.cache.get_or_compute_sync(key, one).tags([tag(row)]);
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Late => {
                let call = self.cache.get_or_compute_sync(key, one).tags_of(move |_: &Built| [tag(row)]);
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Async => {
                let call = self.cache.get_or_compute(key, async { one() }).tags([tag(row)]);
                block_on(if anew { call.refresh() } else { call }.into_future())
            }
            Shape::Stale => {
                let call = self.cache.get_or_compute_sync(key, one).tags([tag(row)]).ttl(FRESH);
                let call = call.stale_while_revalidate(STALE).fail_safe(STALE);
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Pair => {
                let call = self.cache.get_or_compute_sync(key, || Some(self.pair(row, database)));
                if anew { call.refresh().wait() } else { call.wait() }
            }
            Shape::Nested => {
                let pair = || Some(self.call(Shape::Pair, row, database, false));
                let call = self.cache.get_or_compute_sync(key, pair);
                if anew { call.refresh().wait() } else { call.wait() }
            }
        }
        .unwrap_or(nothing)
    }

    /// Uses a few tags once, so that the records of those that nobody carries are swept again and again.
    fn visit(&self) {
        let first = self.visits.fetch_add(8, Ordering::Relaxed);
        Scope::new().run(|| scope::depend(&self.cache, (first..first + 8).map(|visit| Tag::row("visits", visit))));
    }

    fn pair(&self, row: usize, database: &Database) -> Built {
        let next = (row + 1) % database.len();
        scope::depend(&self.cache, [tag(row)]);
        [database.read(row), self.call(Shape::Known, next, database, false)[0]]
    }
}

impl Store for Memory {
    type Hold = Hold;

    fn read(&self, shape: Shape, row: usize, database: &Database) -> Built {
        self.call(shape, row, database, false)
    }

    fn look(&self, shape: Shape, row: usize) -> Option<Built> {
        self.cache.get(key(shape, row)).wait()
    }

    fn refresh(&self, shape: Shape, row: usize, database: &Database) -> Built {
        self.visit();
        self.call(shape, row, database, true)
    }

    fn read_within_transaction(&self, shape: Shape, row: usize, database: &Database) -> Built {
        block_on(scope::bypass(async { self.call(shape, row, database, false) }))
    }

    fn invalidate(&self, row: usize) {
        let done = self.cache.invalidate_tags([tag(row)]).wait();
        debug_assert!(done.is_ok());
    }

    fn invalidate_key(&self, shape: Shape, row: usize) {
        let done = self.cache.invalidate_key(key(shape, row)).wait();
        debug_assert!(done.is_ok());
    }

    fn invalidate_all(&self) {
        let done = self.cache.invalidate_all().wait();
        debug_assert!(done.is_ok());
    }

    fn hold(&self, row: usize) -> Hold {
        self.cache.hold([tag(row)], WITHIN).wait()
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

/// Runs a future on this thread, which sleeps while there is nothing to do.
fn block_on<F: Future>(future: impl IntoFuture<IntoFuture = F>) -> F::Output {
    let mut future = pin!(future.into_future());
    let waker = Arc::new(Unpark(thread::current())).into();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
