//! What does a miss cost beyond the computation itself? Run by `cargo xtask bench miss`.
//!
//! Every call is the first one with its arguments, in a cache that is full (about ten thousand entries), and the
//! computation is one reference count: what is left is looking up, leading a flight, the fence, the frame, resolving two
//! tags, storing, and evicting another entry.

use easy_cache_benches::options::Options;
use easy_cache_benches::{instructions, misses, report, rounds};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::from_arguments()?;
    options.plan.repeats = 1;
    let candidates = options.chosen(misses::candidates());
    let names = candidates.iter().map(|candidate| candidate.name());
    let counted = options.instructions.then(|| instructions::count(names, options.plan)).transpose()?;
    let measured = rounds::measure_misses(&candidates, options.plan)?;
    report::of_calls("miss", &measured, counted.as_deref()).publish(&options)?;
    Ok(())
}
