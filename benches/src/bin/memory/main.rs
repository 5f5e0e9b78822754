//! What does an entry take beside its key and its value, and what does a tag take? Run by `cargo xtask bench memory`.
//!
//! Values of 8 bytes under keys of 14, so that almost everything counted is the library's. Counted are the bytes that were
//! asked for, on one thread; what the allocator adds for itself comes on top, for each block.

mod cached_functions;
mod ecached_caches;
#[cfg(rivals)]
mod foyer_caches;
mod hand_written;
#[cfg(rivals)]
mod hitbox_functions;
mod moka_caches;

use easy_cache_benches::allocations;
use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Table, column};

/// The bytes of a key and of a value: what no cache can do without.
const CONTENT: f64 = (14 + size_of::<u64>()) as f64;
/// What this project promises for each tag of each entry; a record for the tag itself is shared by all of them.
const BAR: f64 = 16.0;
const RECORDS: f64 = 0.5;

/// A library: its name in the table, and a cache of it with so many entries.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    /// How many tags each entry is given, if any.
    pub(crate) tags: usize,
    pub(crate) fill: fn(usize) -> Box<dyn Filled>,
}

/// A cache with entries.
pub(crate) trait Filled {
    /// How many there are.
    fn count(&self) -> usize;

    /// Replaces them by entries with tags. The map stays as it is, so that the difference is the tags' alone: how often a
    /// map that is filled anew doubles one of its shards depends on the luck of its hashes.
    fn replace_with_tagged(&self) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::from_arguments()?;
    let entries = options.size.of(10_000, 100_000, 1_000_000);
    let columns = vec![
        column("bytes/entry", "bytes_per_entry", 1),
        column("beyond content", "bytes_per_entry_beyond_key_and_value", 1),
        column("bytes/tag", "bytes_per_entry_and_tag", 2),
    ];
    let mut table = Table::new("memory", columns);
    for candidate in candidates().iter().filter(|candidate| options.chooses(candidate.name)) {
        let Measured { bytes, per_tag } = measure(candidate, entries)?;
        let cells = [bytes.into(), (bytes - CONTENT).into(), per_tag.map_or(Cell::from("-"), Cell::from)];
        table.add(format!("{}, {entries} entries", candidate.name), cells);
    }
    table.note(format!("The bar: {BAR} bytes for each tag of each entry, where entries share their tags."));
    table.publish(&options)?;
    Ok(())
}

fn candidates() -> Vec<Candidate> {
    let all = [
        hand_written::candidates(),
        ecached_caches::candidates(),
        cached_functions::candidates(),
        moka_caches::candidates(),
        #[cfg(rivals)]
        foyer_caches::candidates(),
        #[cfg(rivals)]
        hitbox_functions::candidates(),
    ];
    all.into_iter().flatten().collect()
}

/// The key of an entry.
pub(crate) fn key(number: usize) -> String {
    format!("entry:{number:08}")
}

/// Bytes per entry, and of those for each tag.
struct Measured {
    bytes: f64,
    per_tag: Option<f64>,
}

fn measure(candidate: &Candidate, entries: usize) -> Result<Measured, String> {
    let before = allocations::bytes();
    let filled = (candidate.fill)(entries);
    let plain = allocations::bytes() - before;
    filled.replace_with_tagged();
    let bytes = allocations::bytes() - before;
    let count = filled.count();
    if count != entries {
        return Err(format!("{} holds {count} of {entries} entries", candidate.name));
    }
    let each = |bytes: i64| bytes as f64 / entries as f64;
    let per_tag = (candidate.tags > 0).then(|| each(bytes - plain) / candidate.tags as f64);
    keeps_the_bar(candidate, per_tag)?;
    Ok(Measured { bytes: each(bytes), per_tag })
}

fn keeps_the_bar(candidate: &Candidate, per_tag: Option<f64>) -> Result<(), String> {
    match per_tag {
        Some(bytes) if candidate.name.ends_with("shared tags") && bytes > BAR + RECORDS => {
            Err(format!("{}: {bytes} bytes for each tag of each entry", candidate.name))
        }
        _ => Ok(()),
    }
}
