//! Every world holds, in each interleaving that is tried.

use std::time::Instant;

use easy_cache_interleavings::{WORLDS, explorer};

#[test]
fn nothing_outdated_is_served_and_nobody_waits_for_ever() {
    for world in WORLDS.iter().filter(|world| world.is_for_this_explorer()) {
        let (before, start) = (explorer::runs(), Instant::now());
        explorer::explore(world);
        let (runs, took) = (explorer::runs() - before, start.elapsed());
        eprintln!("{:<10} {runs:>9} runs {:>7} ms  {}", explorer::NAME, took.as_millis(), world.name);
    }
}
