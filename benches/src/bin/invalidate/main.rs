//! What does it cost to drop all entries of one tag when there are millions? Run by `cargo xtask bench invalidate`.
//!
//! Small values under short keys, all with one tag. Two times: until the call returns, when no reader may see any of them,
//! and until all is done that the library does because of it, in calls or behind them. What is looked for afterwards, a
//! thousand of the entries, must be gone.

mod ecached_caches;
mod hand_written;
mod moka_caches;

use std::time::{Duration, Instant};

use easy_cache_benches::allocations;
use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Table, column};

/// What this project promises, however many entries there are.
const BAR: Duration = Duration::from_millis(1);

/// A full cache.
pub(crate) trait Candidate {
    /// Whether the entry is there.
    fn contains(&self, number: usize) -> bool;

    /// Drops all entries of the tag that all of them carry; returns when nobody sees them any more.
    fn invalidate(&mut self);

    /// Does what is left to do.
    fn finish(&mut self) {}
}

/// A library: its name in the table, and a cache with so many entries.
type Rival = (&'static str, fn(usize) -> Box<dyn Candidate>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::from_arguments()?;
    let entries = options.size.of(100_000, 1_000_000, 10_000_000);
    let columns = vec![
        column("call ms", "call_milliseconds", 4),
        column("in all ms", "total_milliseconds", 4),
        column("allocations", "allocations", 0),
        column("bytes/entry", "bytes_per_entry", 0),
    ];
    let mut table = Table::new("invalidate", columns);
    let mut ours = Duration::ZERO;
    for (name, make) in candidates().into_iter().filter(|(name, _)| options.chooses(name)) {
        let measured = measure(name, make, entries)?;
        if name.starts_with("Cache") {
            ours = ours.max(measured.call);
        }
        table.add(format!("{name}, {entries} entries"), measured.cells(entries));
    }
    let kept = if ours < BAR { "kept" } else { "broken" };
    table.note(format!("The bar: one tag of however many entries in less than {BAR:?}: {kept}."));
    table.note("`cached`, foyer and hitbox have no tags and nothing to drop entries by but the key, or all of them.");
    table.publish(&options)?;
    Ok(())
}

fn candidates() -> Vec<Rival> {
    [ecached_caches::candidates(), moka_caches::candidates(), hand_written::candidates()].concat()
}

/// The key of an entry.
pub(crate) fn key(number: usize) -> String {
    format!("entry:{number:08}")
}

struct Measured {
    call: Duration,
    total: Duration,
    allocations: u64,
    bytes: i64,
}

impl Measured {
    fn cells(&self, entries: usize) -> [Cell; 4] {
        let milliseconds = |time: Duration| Cell::from(time.as_secs_f64() * 1e3);
        let bytes = self.bytes as f64 / entries as f64;
        [milliseconds(self.call), milliseconds(self.total), (self.allocations as f64).into(), bytes.into()]
    }
}

fn measure(name: &str, make: fn(usize) -> Box<dyn Candidate>, entries: usize) -> Result<Measured, String> {
    let empty = allocations::bytes();
    let mut cache = make(entries);
    let bytes = allocations::bytes() - empty;
    let sample: Vec<_> = (0..entries).step_by((entries / 1_000).max(1)).collect();
    if let Some(missing) = sample.iter().find(|number| !cache.contains(**number)) {
        return Err(format!("{name} has no entry {missing} of {entries} to begin with"));
    }
    let allocations = allocations::so_far();
    let started = Instant::now();
    cache.invalidate();
    let call = started.elapsed();
    let allocations = allocations::so_far() - allocations;
    if let Some(outdated) = sample.iter().find(|number| cache.contains(**number)) {
        return Err(format!("{name} still has entry {outdated} of {entries}"));
    }
    let rest = Instant::now();
    cache.finish();
    Ok(Measured { call, total: call + rest.elapsed(), allocations, bytes })
}
