//! What does one cache hit cost? Run by `cargo xtask bench hit`.
//!
//! A function of two arguments with a value of 256 bytes, a hundred hot keys, nothing but hits, on one thread. Each file
//! beside this one holds the candidates of one library; a library is added with a file, and a line in `candidates`.

mod cached_functions;
mod ecached_functions;
mod hand_written;
mod moka_caches;

use easy_cache_benches::candidate::Candidate;
use easy_cache_benches::options::Options;
use easy_cache_benches::{report, rounds};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::from_arguments()?;
    let measured = rounds::measure_hits(&options.chosen(candidates()), options.plan)?;
    report::print_table(&measured);
    if let Some(file) = options.json {
        report::write_json(&file, "hit", options.plan, &measured)?;
    }
    Ok(())
}

/// The first one is the measure for all others.
fn candidates() -> Vec<Box<dyn Candidate>> {
    let all = [
        hand_written::candidates(),
        ecached_functions::candidates(),
        cached_functions::candidates(),
        moka_caches::candidates(),
    ];
    all.into_iter().flatten().collect()
}
