//! What does one cache hit cost? Run by `cargo xtask bench hit`.
//!
//! A function of two arguments with a value of 256 bytes, a hundred hot keys, nothing but hits, on one thread.

use easy_cache_benches::options::Options;
use easy_cache_benches::{hits, instructions, report, rounds};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::from_arguments()?;
    let candidates = options.chosen(hits::candidates());
    let names = candidates.iter().map(|candidate| candidate.name());
    let counted = options.instructions.then(|| instructions::count(names, options.plan)).transpose()?;
    let measured = rounds::measure_hits(&candidates, options.plan)?;
    report::of_calls("hit", &measured, counted.as_deref()).publish(&options)?;
    Ok(())
}
