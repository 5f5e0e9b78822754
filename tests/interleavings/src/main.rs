//! Runs the worlds, and the mistakes, and prints what was tried:
//!
//! ```text
//! easy-cache-interleavings                      every world
//! easy-cache-interleavings mistakes             every mistake, each in the world that is known to notice it
//! easy-cache-interleavings WORLD                one world
//! easy-cache-interleavings WORLD MISTAKE        one world with one mistake; `all` for either
//! ```

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::process::ExitCode;
use std::time::Instant;

use easy_cache_interleavings::{WORLDS, World, explorer, mistakes};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let well = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run_all(),
        ["mistakes"] => mistakes::run_all(),
        [world, mistake] => mistakes::run(world, mistake),
        [world] => World::named(world).map(run).is_some(),
        _ => false,
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_all() -> bool {
    println!("{:>9} {:>7}  world", "runs", "ms");
    WORLDS.iter().filter(|world| world.is_for_this_explorer()).for_each(run);
    println!(
        "{:>9}          in all, by {}: nothing outdated was served, nobody waits for ever",
        explorer::runs(),
        explorer::NAME
    );
    true
}

fn run(world: &World) {
    let (before, start) = (explorer::runs(), Instant::now());
    explorer::explore(world);
    println!("{:>9} {:>7}  {}", explorer::runs() - before, start.elapsed().as_millis(), world.name);
}
