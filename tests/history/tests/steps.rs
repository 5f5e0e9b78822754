//! Over each store: a writer that is killed at any step of its write leaves nothing outdated.
#![cfg(test)]

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_history::cached::Cached;
use easy_cache_history::database::Rows;
use easy_cache_history::processes::server::Running;
use easy_cache_history::processes::stores::Kind;
use easy_cache_history::processes::ways::{self, Ways};
use easy_cache_history::processes::writer::Writer;
use easy_cache_history::steps::{Death, Step};
use easy_cache_history::store::Shape;
use easy_cache_servers::unique;

/// How long writers hold, here.
const HOLD_FOR: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// A row for each step, as its writer has left it.
struct Table([AtomicU64; Step::ALL.len()]);

impl Rows for Table {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn read(&self, row: usize) -> u64 {
        self.0[row].load(Ordering::SeqCst)
    }
}

/// A reader in this process.
struct Reader {
    cached: Cached,
    table: Table,
    /// How long its copies may be served.
    bound: Duration,
}

impl Reader {
    fn look(&self, row: usize) -> Option<u64> {
        self.cached.look(Shape::Known, row).map(|built| built[0])
    }

    fn call(&self, row: usize) -> u64 {
        self.cached.call(Shape::Known, row, &self.table, false)[0]
    }

    /// Calls until the row is served.
    fn cache(&self, row: usize) {
        let begun = Instant::now();
        while self.look(row) != Some(0) {
            assert_eq!(self.call(row), 0);
            assert!(begun.elapsed() < PATIENCE, "row {row} is never kept");
        }
    }

    /// Looks until copies that are near may not be served any more. Yields what is found then.
    fn find(&self, row: usize, died: Instant) -> Option<u64> {
        loop {
            let (is_late, found) = (died.elapsed() > self.bound, self.look(row));
            if is_late {
                return found;
            }
        }
    }

    /// Looks and calls until the hold has ended, and the row is served again: never as it was before the COMMIT.
    fn until_served(&self, row: usize, step: Step, died: Instant) {
        loop {
            let (is_over, found) = (died.elapsed() > HOLD_FOR, self.look(row));
            assert!(found.is_none_or(|found| found == self.table.read(row)), "{step:?}: {found:?}");
            if is_over && found.is_some() {
                return;
            }
            assert_eq!(self.call(row), self.table.read(row), "{step:?}");
            assert!(died.elapsed() < PATIENCE, "{step:?}: never served again");
        }
    }
}

fn no_step_leaves_anything_outdated(kind: Kind) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _entered = runtime.enter();
    let server = Running::start(kind.server());
    let proxies = ways::proxies(&server);
    let (ways, namespace) = (Ways::through(&server, &proxies), unique("steps"));
    let writer =
        |row, step| Writer { kind, ways: ways.clone(), namespace: namespace.clone(), row, within: HOLD_FOR, step };
    let cache = writer(0, Step::BeforeHold).cache(Death::Elsewhere).unwrap();
    let reader = Reader { cached: Cached::new(cache), table: Table(Default::default()), bound: kind.bound() };
    let left: Vec<_> =
        (0..).zip(Step::ALL).map(|(row, step)| (row, step, leaves(&reader, &writer(row, step)))).collect();
    for (row, step, died) in left {
        reader.until_served(row, step, died);
    }
}

/// When a writer of its own row has died, which was cached before.
fn leaves(reader: &Reader, writer: &Writer) -> Instant {
    let Writer { row, step, .. } = *writer;
    reader.cache(row);
    let ended = writer.run(Path::new(env!("CARGO_BIN_EXE_easy-cache-history"))).unwrap();
    assert_eq!(ended.signal(), Some(9), "{step:?}: {ended:?}");
    let died = Instant::now();
    let committed = u64::from(step >= Step::Committed);
    reader.table.0[row].store(committed, Ordering::SeqCst);
    match step {
        Step::BeforeHold => reader.cache(row),
        _ => assert_eq!(reader.find(row, died), None, "{step:?}"),
    }
    assert_eq!(reader.call(row), committed, "{step:?}");
    died
}

// case 89
#[test]
fn a_writer_over_five_methods_that_is_killed_at_any_step_leaves_nothing_outdated() {
    no_step_leaves_anything_outdated(Kind::Plain);
}

// case 89
#[test]
fn a_writer_over_redis_that_is_killed_at_any_step_leaves_nothing_outdated() {
    no_step_leaves_anything_outdated(Kind::Redis);
}

// case 89
#[test]
fn a_writer_over_a_cluster_that_is_killed_at_any_step_leaves_nothing_outdated() {
    no_step_leaves_anything_outdated(Kind::Cluster);
}

// case 89
#[test]
fn a_writer_over_memcached_that_is_killed_at_any_step_leaves_nothing_outdated() {
    no_step_leaves_anything_outdated(Kind::Memcached);
}

// case 89
#[test]
fn near_copies_of_what_a_writer_was_killed_over_are_not_served_beyond_the_bound() {
    no_step_leaves_anything_outdated(Kind::Near);
}
