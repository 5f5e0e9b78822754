//! Says what is missing before anything fails because of it.
//!
//! The C compiler needs no check: without a linker this program would not exist.

use std::env;

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// The components that the other steps call, and the command that answers if they are installed.
const COMPONENTS: [(&str, &str); 2] = [("rustfmt", "fmt"), ("clippy", "clippy")];

/// Looks for the components; on a build server also for a lock file that starting this program had to change.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let version = context.run(Command::cargo(["--version"]))?;
    let mut outcome = Outcome::of(version.output.trim());
    for (component, subcommand) in COMPONENTS {
        if !context.run(Command::cargo([subcommand, "--version"]))?.success {
            outcome.problems.push(format!("{component} is not installed: run `rustup component add {component}`"));
        }
    }
    if env::var_os("CI").is_some() && lock_file_changed(context)? {
        outcome.problems.push("Cargo.lock is out of date: run `cargo check` and commit it".into());
    }
    Ok(outcome)
}

/// False, too, where there is no git or no repository to compare with.
fn lock_file_changed(context: &Context<'_>) -> Result<bool> {
    let command = Command::new(["git", "status", "--porcelain", "--", "Cargo.lock"]);
    Ok(context.run(command).is_ok_and(|finished| finished.success && !finished.output.trim().is_empty()))
}
