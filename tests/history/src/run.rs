//! A whole run: threads with seeds of their own, until each has done its share.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::session::{Session, Shared, Tally};
use crate::store::Store;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many operations, all threads together.
    pub operations: u64,
    /// How many threads. More than there are processors, so that threads are interrupted anywhere.
    pub threads: u64,
    /// Which random operations.
    pub seed: u64,
    /// How many rows; the first half of them is strict.
    pub rows: usize,
    /// How often, in so many times, a thread lets others go first in the middle of an operation.
    pub haste: u64,
    /// Whether to end at the first violation.
    pub ends_early: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { operations: 10_000_000, threads: 4, seed: 1, rows: 24, haste: 16, ends_early: true }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// All threads together.
    pub tally: Tally,
    /// How long it took.
    pub took: Duration,
}

/// Operations between two looks at what the other threads have seen.
const STRETCH: u64 = 256;

/// Runs the plan on a store.
pub fn run<S: Store>(plan: &Plan, store: S, progress: impl Fn(u64) + Sync) -> Report {
    let database = Database::new(plan.rows, plan.haste);
    let shared = Shared { store, database, strict: plan.rows / 2, time: RwLock::new(()) };
    let (begun, done, failed) = (Instant::now(), AtomicU64::new(0), AtomicBool::new(false));
    let work = |number: u64| {
        let mut session = Session::new(&shared, plan.seed.wrapping_mul(1_000).wrapping_add(number));
        while session.tally.operations() < plan.operations / plan.threads {
            (0..STRETCH).for_each(|_| session.step());
            progress(done.fetch_add(STRETCH, Ordering::Relaxed) + STRETCH);
            failed.fetch_or(session.tally.violations > 0, Ordering::Relaxed);
            if plan.ends_early && failed.load(Ordering::Relaxed) {
                break;
            }
        }
        session.tally
    };
    let tallies = thread::scope(|threads| {
        let work = &work;
        let running: Vec<_> = (0..plan.threads).map(|number| threads.spawn(move || work(number))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panicked())).collect::<Vec<_>>()
    });
    Report { tally: tallies.into_iter().fold(Tally::default(), together), took: begun.elapsed() }
}

/// A thread that panicked has found something, too.
fn panicked() -> Tally {
    Tally { violations: 1, first: Some("a thread panicked".into()), ..Tally::default() }
}

fn together(all: Tally, one: Tally) -> Tally {
    Tally {
        reads: all.reads + one.reads,
        hits: all.hits + one.hits,
        writes: all.writes + one.writes,
        violations: all.violations + one.violations,
        first: all.first.or(one.first),
    }
}
