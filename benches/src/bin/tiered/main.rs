//! What does a hit of a near cache cost, against one of a memory cache? Run by `cargo xtask bench tiered`.
//!
//! The calls of `hit`. Both caches are named ones, so that their functions find them in the same way.

mod functions;
mod store;

use easy_cache_benches::options::Options;
use easy_cache_benches::{instructions, report, rounds};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::from_arguments()?;
    functions::register()?;
    let candidates = options.chosen(functions::candidates());
    let names = candidates.iter().map(|candidate| candidate.name());
    let counted = options.instructions.then(|| instructions::count(names, options.plan)).transpose()?;
    let measured = rounds::measure_hits(&candidates, options.plan)?;
    let mut table = report::of_calls("tiered", &measured, counted.as_deref());
    table.note("The bar for a near hit is 1.30 times the memory hit, without a trip and without an allocation.");
    table.publish(&options)?;
    functions::expect_no_trips()
}
