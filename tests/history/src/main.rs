//! Checks the memory cache, or shows that mistakes in it are noticed:
//!
//! ```text
//! easy-cache-history                        ten million operations
//! easy-cache-history 1000000000 7           so many, with this seed
//! easy-cache-history mistakes               every mistake, until it is noticed (needs --cfg easy_cache_mutations)
//! ```
//!
//! Or several processes with one store outside, under faults, and mistakes in the store:
//!
//! ```text
//! easy-cache-history processes                       every store under every fault, three seconds each (--quick: one, --full: ten)
//! easy-cache-history processes --store plain --fault killed --seconds 600 --seed 7 --workers 4 --threads 3
//! easy-cache-history processes mistakes              every mistake in every store, until it is noticed (or `--mistake LosesNews`)
//! easy-cache-history databases [mistakes]            over PostgreSQL and MariaDB: `--database mariadb --fault killed --seconds 60`
//! easy-cache-history crowd 10 10000                  so many processes, and callers in each, ask for one cold key under a lease
//! ```

#![expect(clippy::print_stdout, reason = "a program that prints a report")]

use std::process::ExitCode;

#[cfg(feature = "databases")]
use easy_cache_history::databases;
use easy_cache_history::memory::Memory;
#[cfg(feature = "processes")]
use easy_cache_history::processes::command;
use easy_cache_history::{Plan, mistakes, run};

const ROOM: u64 = 64;
const BETWEEN_NOTES: u64 = 100_000_000;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    #[cfg(feature = "databases")]
    match arguments.split_first() {
        Some((first, rest)) if first == "database-worker" => return databases::command::work(rest),
        Some((first, rest)) if first == "database-writer" => return databases::command::write_and_die(rest),
        Some((first, rest)) if first == "databases" => return databases::command::run(rest),
        _ => {}
    }
    #[cfg(feature = "processes")]
    match arguments.split_first() {
        Some((first, rest)) if first == "worker" => return command::work(rest),
        Some((first, rest)) if first == "writer" => return command::write_and_die(rest),
        Some((first, rest)) if first == "processes" => return command::run(rest),
        Some((first, rest)) if first == "crowd-worker" => return command::work_in_crowd(rest),
        Some((first, rest)) if first == "crowd" => return command::run_crowd(rest),
        _ => {}
    }
    let well = if arguments.first().is_some_and(|word| word == "mistakes") {
        mistakes::run_all()
    } else {
        let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
        let usual = Plan::default();
        check(&Plan {
            operations: number(0).unwrap_or(usual.operations),
            seed: number(1).unwrap_or(usual.seed),
            ..usual
        })
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(plan: &Plan) -> bool {
    let note = |done: u64| {
        if done.is_multiple_of(BETWEEN_NOTES) {
            println!("{done} operations");
        }
    };
    let report = run(plan, Memory::with_room_for(ROOM), note);
    let tally = &report.tally;
    println!(
        "{} operations by {} threads with seed {} in {:.1} s: {} reads, {} hits in looks, {} changes, {} violations",
        tally.operations(),
        plan.threads,
        plan.seed,
        report.took.as_secs_f64(),
        tally.reads,
        tally.hits,
        tally.writes,
        tally.violations,
    );
    tally.first.iter().for_each(|first| println!("{first}"));
    tally.violations == 0
}
