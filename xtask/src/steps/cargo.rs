//! The steps that are one call of cargo each.
//!
//! All of them name the whole workspace with all features, so that cargo finds the dependencies already checked or built.

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// `cargo fmt`.
pub(super) fn format(context: &Context<'_>) -> Result<Outcome> {
    let problems = context.expect_success(Command::cargo(["fmt", "--all", "--check"]))?;
    Ok(members(context).with_problems(problems))
}

/// `cargo clippy`, over tests and examples too.
pub(super) fn clippy(context: &Context<'_>) -> Result<Outcome> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    let problems = context.expect_success(Command::cargo(arguments))?;
    Ok(members(context).with_problems(problems))
}

/// `cargo doc`. `RUSTDOCFLAGS`, unlike `RUSTFLAGS`, is no part of what the other steps share.
pub(super) fn docs(context: &Context<'_>) -> Result<Outcome> {
    let command = Command::cargo(["doc", "--workspace", "--all-features", "--no-deps"]);
    let problems = context.expect_success(command.with_environment("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(members(context).with_problems(problems))
}

fn members(context: &Context<'_>) -> Outcome {
    Outcome::of(format!("{} crates", context.workspace.packages.len()))
}
