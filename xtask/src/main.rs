//! `cargo xtask`: the one command that contributors and the build server run.
//!
//! This file reads the command line; `test.rs` and `bench.rs` do the work.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for the terminal: printing is its job")]

mod bench;
mod command;
mod outcome;
mod report;
mod steps;
mod test;
mod workspace;

use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

/// Whatever stopped a command, already worded for the person who ran it.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run(Parser::from_env()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}\n\n`cargo xtask help` lists the commands");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: Parser) -> Result<ExitCode> {
    match arguments.next()? {
        Some(Arg::Value(command)) => match command.string()?.as_str() {
            "test" => test_command(arguments),
            "bench" => bench_command(arguments),
            "help" => Ok(help()),
            other => Err(format!("there is no command `{other}`").into()),
        },
        Some(Arg::Long("help") | Arg::Short('h')) | None => Ok(help()),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn test_command(mut arguments: Parser) -> Result<ExitCode> {
    let mut selection = test::Selection::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("quick") => selection.quick = true,
            Arg::Long("full") => selection.full = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(help()),
            Arg::Value(step) => selection.only.push(steps::find(&step.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    test::run(&selection)
}

fn bench_command(mut arguments: Parser) -> Result<ExitCode> {
    let mut request = bench::Request::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long(flag @ ("quick" | "full" | "instructions")) => request.options.push(format!("--{flag}").into()),
            Arg::Long(option @ ("json" | "only" | "rounds" | "size")) => {
                request.options.push(format!("--{option}").into());
                request.options.push(arguments.value()?);
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(help()),
            Arg::Value(name) if request.name.is_none() => request.name = Some(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    bench::run(&request)
}

fn help() -> ExitCode {
    println!(
        "\
The project's commands. Nothing but Rust (with rustfmt and clippy) and a C compiler has to be installed; the servers that
tests start, and two libraries of databases, are installed by the step `servers`, where it may (root on Debian; on Ubuntu,
whose Chromium is no package, a browser and its driver have to be there already).

cargo xtask test [--quick | --full] [STEP ...]
    Runs every check that a change has to pass, or only the steps named, and ends with a table of what ran.
    --quick leaves out the steps marked *, and says so. --full makes the step `processes` longer: ten seconds for each
    history, every mistake in every store, a hundred thousand callers of one key, and stores that are down for a minute.

{steps}
    The last line is `N passed, N failed` and counts tests; a failed step that is not a test counts as one failure.
    What a step printed is kept in target/xtask/STEP.log.

cargo xtask bench NAME [--quick | --full] [--instructions] [--json FILE] [--only CANDIDATE] [--rounds N] [--size N]
    Builds a benchmark in release mode and runs it, beside other caches and a hand-written one:
      hit         what one cache hit costs            threads     whether two threads do twice as much
      miss        what a miss costs beyond its load   stampede    how often one key is computed for a crowd
      memory      what an entry and a tag take        invalidate  how long it takes to drop millions of entries
      http        what a cached response costs, beside nginx and Varnish
    --quick measures for a second or two, --full as much as the project promises; --instructions also counts them with
    valgrind (hit, miss); --json also writes the numbers to FILE. How to read them is in benches/README.md.

cargo xtask help
    Prints this.",
        steps = steps::list()
    );
    ExitCode::SUCCESS
}
