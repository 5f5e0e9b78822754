//! Threads that read and write the same rows as fast as they can: what was acknowledged before a read began is never older
//! in its answer. A checker, not a proof: the model in `tests/model` explores every order of steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use easy_cache_core::{Cache, Tag, scope};

use crate::support::seconds;

const ROWS: usize = 4;
const WRITES: u64 = 4_000;

/// The database: the rows, and for each the newest value whose invalidation has returned.
#[derive(Default)]
struct World {
    rows: [AtomicU64; ROWS],
    acknowledged: [AtomicU64; ROWS],
    done: AtomicBool,
    hits: AtomicUsize,
    reads: AtomicUsize,
}

impl World {
    fn write(&self, row: usize, invalidate: impl FnOnce()) {
        let value = self.rows[row].fetch_add(1, Ordering::SeqCst) + 1;
        invalidate();
        self.acknowledged[row].fetch_max(value, Ordering::SeqCst);
    }

    fn floor(&self, row: usize) -> u64 {
        self.acknowledged[row].load(Ordering::SeqCst)
    }

    fn read(&self, row: usize) -> Option<u64> {
        Some(self.rows[row].load(Ordering::SeqCst))
    }
}

fn tag(row: usize) -> Tag {
    Tag::row("rows", row)
}

/// One row under a tag that is known before the computation.
fn read_known(cache: &Cache, world: &World, row: usize) -> Option<u64> {
    cache.get_or_compute_sync(format!("row {row}"), || world.read(row)).tags([tag(row)]).wait()
}

/// Two rows, collected while they are read: one directly, one through an inner cached value.
fn read_collected(cache: &Cache, world: &World, row: usize) -> Option<(u64, u64)> {
    let other = (row + 1) % ROWS;
    let load = || {
        scope::depend(cache, [tag(row)]);
        Some((world.read(row)?, read_known(cache, world, other)?))
    };
    cache.get_or_compute_sync(format!("pair {row}"), load).wait()
}

fn reader(cache: &Cache, world: &World) {
    for n in 0.. {
        if world.done.load(Ordering::SeqCst) {
            return;
        }
        let row = n % ROWS;
        let (floor, floor_of_next) = (world.floor(row), world.floor((row + 1) % ROWS));
        let hit = cache.contains(format!("pair {row}")).wait();
        let (value, next) = read_collected(cache, world, row).unwrap();
        assert!(value >= floor, "row {row}: got {value}, but {floor} was acknowledged before the read");
        assert!(next >= floor_of_next, "row after {row}: got {next}, but {floor_of_next} was acknowledged before");
        world.hits.fetch_add(usize::from(hit), Ordering::Relaxed);
        world.reads.fetch_add(1, Ordering::Relaxed);
    }
}

fn writer(cache: &Cache, world: &World, seed: u64) {
    for n in 0..WRITES {
        let row = ((n + seed) % ROWS as u64) as usize;
        match n % 3 {
            0 => world.write(row, || cache.invalidate_tags([tag(row)]).wait().unwrap()),
            1 => {
                let hold = cache.hold([tag(row)], seconds(60)).wait();
                world.write(row, || hold.commit().wait().unwrap());
            }
            _ => {
                let rolled_back = cache.hold([tag(row)], seconds(60)).wait();
                rolled_back.rollback().wait().unwrap();
            }
        }
        if n % 16 == 0 {
            thread::yield_now();
        }
    }
}

#[test]
fn what_was_acknowledged_before_a_read_is_in_its_answer() {
    let (cache, world) = (Cache::new(), Arc::new(World::default()));
    let spawn = |work: fn(&Cache, &World, u64), seed| {
        let (cache, world) = (cache.clone(), Arc::clone(&world));
        thread::spawn(move || work(&cache, &world, seed))
    };
    let readers: Vec<_> = (0..3).map(|seed| spawn(|cache, world, _| reader(cache, world), seed)).collect();
    let writers: Vec<_> = (0..2).map(|seed| spawn(writer, seed)).collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    world.done.store(true, Ordering::SeqCst);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    let (hits, reads) = (world.hits.load(Ordering::SeqCst), world.reads.load(Ordering::SeqCst));
    assert!(hits > 0 && hits < reads, "{hits} hits of {reads} reads: both paths must have been taken");
}
