//! The steps of `cargo xtask test`, in the order in which they run: the quick verdicts first, then everything that
//! shares the artifacts of a check, then everything that shares those of a build.
//!
//! Each file below is one step; this one holds what they have in common.

mod behaviours;
mod cargo;
mod deny;
mod features;
mod fuzz;
mod layers;
mod newer;
mod processes;
mod proofs;
mod readme;
mod servers;
mod test_runs;
mod toolchain;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{Command, Finished};
use crate::outcome::Outcome;
use crate::workspace::Workspace;

pub(crate) use deny::Installation;

/// One thing that is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Left out by `--quick`.
    pub(crate) slow: bool,
    pub(crate) run: fn(&Context<'_>) -> Result<Outcome>,
}

#[rustfmt::skip]
const STEPS: &[Step] = &[
    Step { name: "toolchain", about: "rustfmt and clippy are there, and in CI the lock file is current", slow: false, run: toolchain::run },
    Step { name: "format", about: "every file is formatted", slow: false, run: cargo::format },
    Step { name: "layers", about: "no crate names one that is above it", slow: false, run: layers::run },
    Step { name: "readme", about: "Rust code in Markdown files is part of some doc test", slow: false, run: readme::run },
    Step { name: "behaviours", about: "what the docs call tested has a test that carries its number", slow: false, run: behaviours::run },
    Step { name: "servers", about: "the servers that tests start, and the libraries that they link, are installed (installs Debian's packages where it may)", slow: false, run: servers::run },
    Step { name: "clippy", about: "no lint speaks, in any target, with all features", slow: false, run: cargo::clippy },
    Step { name: "features", about: "published crates compile without features, with each one alone, and with all", slow: true, run: features::run },
    Step { name: "docs", about: "the documentation builds without a warning", slow: true, run: cargo::docs },
    Step { name: "tests", about: "unit, integration and compile-fail tests, with all features", slow: false, run: test_runs::run },
    Step { name: "doctests", about: "the examples in the documentation compile and run", slow: false, run: test_runs::run_doctests },
    Step { name: "newer", about: "the promises, trips and news of Redis and of clusters, on Redis 8 (fetched by pip, where there is one)", slow: true, run: newer::run },
    Step { name: "explore", about: "nothing outdated is served in any interleaving, and every mistake put back is noticed (loom, shuttle)", slow: true, run: proofs::explore },
    Step { name: "history", about: "ten million random operations break no rule, and every mistake put back is noticed", slow: true, run: proofs::history },
    Step { name: "processes", about: "several processes with one store break no rule under any fault, and every mistake of a store is noticed", slow: true, run: processes::run },
    Step { name: "databases", about: "the same over PostgreSQL and MariaDB: writers are killed, dropped and cut off, and nothing outdated is served", slow: true, run: processes::run_over_databases },
    Step { name: "fuzz", about: "no bytes that a store might return lead a decoder astray (libFuzzer, some seconds, where there is a nightly compiler)", slow: true, run: fuzz::run },
    Step { name: "deny", about: "dependencies: bans, licences and sources, by cargo-deny (installed into the target folder if missing)", slow: true, run: deny::run },
];

/// All steps.
pub(crate) fn all() -> &'static [Step] {
    STEPS
}

/// The step called `name`.
///
/// # Errors
/// If there is none.
pub(crate) fn find(name: &str) -> Result<Step> {
    let step = STEPS.iter().find(|step| step.name == name).copied();
    step.ok_or_else(|| format!("there is no step `{name}`; the steps are\n{}", list()).into())
}

/// The steps with what they check, one a line.
pub(crate) fn list() -> String {
    let line = |step: &Step| format!("      {:<10} {} {}\n", step.name, if step.slow { "*" } else { " " }, step.about);
    STEPS.iter().map(line).collect()
}

/// What a running step can use.
#[derive(Debug)]
pub(crate) struct Context<'run> {
    pub(crate) step: Step,
    pub(crate) workspace: &'run Workspace,
    pub(crate) cargo_deny: Option<&'run Installation>,
    /// As much as the project promises, where a step can do less.
    pub(crate) full: bool,
}

impl Context<'_> {
    /// Announces a command, runs it in the root folder, and adds its output to the step's log.
    pub(crate) fn run(&self, command: Command) -> Result<Finished> {
        println!("    {}", command.line());
        self.run_quietly(command)
    }

    /// The same for commands that the step has announced in its own words.
    pub(crate) fn run_quietly(&self, command: Command) -> Result<Finished> {
        let command = command.in_folder(&self.workspace.root);
        let finished = command.run().map_err(|error| format!("failed to start `{}`: {error}", command.line()))?;
        self.log(&format!("$ {}\n{}\n", command.line(), finished.output))?;
        Ok(finished)
    }

    /// Runs a command whose success is the whole answer; a failure is shown, and is a problem of the step.
    pub(crate) fn expect_success(&self, command: Command) -> Result<Vec<String>> {
        let line = command.line();
        let finished = self.run(command)?;
        Ok(self.problem_of(&line, &finished).into_iter().collect())
    }

    /// Shows the output of a failed command without cargo's progress.
    pub(crate) fn problem_of(&self, line: &str, finished: &Finished) -> Option<String> {
        if finished.success {
            return None;
        }
        finished.output.lines().filter(|line| !is_progress(line)).for_each(|line| println!("    | {line}"));
        Some(format!("`{line}` failed"))
    }

    fn log(&self, text: &str) -> Result<()> {
        let folder = self.workspace.own_folder();
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{}.log", self.step.name));
        OpenOptions::new().create(true).append(true).open(file)?.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Begins the step's log anew.
    pub(crate) fn clear_log(&self) {
        // There is no log on the first run, and a log that stays is no reason to stop.
        let _ignored = fs::remove_file(self.workspace.own_folder().join(format!("{}.log", self.step.name)));
    }
}

fn is_progress(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let of_cargo = [
        "Compiling",
        "Checking",
        "Documenting",
        "Downloading",
        "Downloaded",
        "Updating",
        "Locking",
        "Blocking",
        "Running",
        "Finished",
    ];
    (line.starts_with(' ') && of_cargo.contains(&word)) || (word == "test" && line.ends_with("... ok"))
}

/// The Rust files below a folder.
fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            sources.extend(sources_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    sources
}
