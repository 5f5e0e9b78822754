//! Several processes with one store, under every fault, alone and over a database; and stores and writers that make mistakes, which
//! must be noticed.
//!
//! The program is the one that the tests have built already: it needs no flags, and its mistakes are made around the stores.

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// Named as the tests name it, so that cargo finds it built.
const BUILD: [&str; 8] =
    ["test", "--workspace", "--all-features", "--test", "processes", "--no-run", "--quiet", "--no-fail-fast"];

/// How long a store is down, in seconds.
const OUTAGE: &str = "60";

/// A second or so for each store and fault, then each mistake until it is noticed. In full ten seconds each, every mistake in every store,
/// a crowd, and an outage.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    if !context.full {
        return run_histories(context, &[&["processes", "--quick"], &["processes", "mistakes", "--quick"]]);
    }
    let outage = ["test", "-p", "easy-cache-history", "--all-features", "--test", "outage", "--", "--nocapture"];
    let down = context.expect_success(Command::cargo(outage).with_environment("EASY_CACHE_OUTAGE", OUTAGE))?;
    let words: [&[&str]; 3] = [&["processes", "--full"], &["processes", "mistakes"], &["crowd", "10", "10000"]];
    Ok(run_histories(context, &words)?.with_problems(down))
}

/// The same for each database, with one store.
pub(super) fn run_over_databases(context: &Context<'_>) -> Result<Outcome> {
    run_histories(context, &[&["databases", "--quick"], &["databases", "mistakes", "--quick"]])
}

fn run_histories(context: &Context<'_>, runs: &[&[&str]]) -> Result<Outcome> {
    let mut problems = context.expect_success(Command::cargo(BUILD))?;
    let mut ran = Vec::new();
    for words in runs {
        let program = context.workspace.target.join("debug/easy-cache-history");
        let command = Command::new([program.into_os_string()].into_iter().chain(words.iter().map(Into::into)));
        let line = command.line();
        let finished = context.run(command)?;
        problems.extend(context.problem_of(&line, &finished));
        if finished.success {
            finished.output.lines().for_each(|line| println!("    | {line}"));
            ran.extend(finished.output.lines().last().map(|last| last.split(':').next().unwrap_or(last).to_owned()));
        }
    }
    Ok(Outcome::of(ran.join("; ")).with_problems(problems))
}
