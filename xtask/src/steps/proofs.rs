//! The proofs on the real code: interleavings under explorers, histories under the checker, and mistakes that both must notice.
//!
//! Each needs a build of its own with flags of its own: they share one folder below the target folder, and by naming the
//! machine as a target, also the macros and build scripts, which the flags then do not reach.

use std::ffi::OsString;

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

const MISTAKES: &str = "--cfg easy_cache_mutations";

/// Loom on the small worlds, shuttle on all of them; then every mistake under both.
pub(super) fn explore(context: &Context<'_>) -> Result<Outcome> {
    let mut proof = Proof::new(context)?;
    for explorer in ["loom", "shuttle"] {
        let flags = format!("--cfg easy_cache_{explorer} {MISTAKES}");
        proof.run("easy-cache-interleavings", &flags, &[])?;
        proof.run("easy-cache-interleavings", &flags, &["mistakes"])?;
    }
    Ok(proof.outcome)
}

/// Ten million operations; then every mistake until the checker notices it.
pub(super) fn history(context: &Context<'_>) -> Result<Outcome> {
    let mut proof = Proof::new(context)?;
    proof.run("easy-cache-history", MISTAKES, &[])?;
    proof.run("easy-cache-history", MISTAKES, &["mistakes"])?;
    Ok(proof.outcome)
}

struct Proof<'run> {
    context: &'run Context<'run>,
    machine: String,
    folder: OsString,
    outcome: Outcome,
}

impl<'run> Proof<'run> {
    fn new(context: &'run Context<'run>) -> Result<Self> {
        let about = context.run_quietly(Command::new(["rustc", "-vV"]))?;
        let machine = about.output.lines().find_map(|line| line.strip_prefix("host: "));
        let machine = machine.ok_or("`rustc -vV` does not say what machine this is")?.to_owned();
        let folder = context.workspace.target.join("explored").into();
        Ok(Self { context, machine, folder, outcome: Outcome::of("") })
    }

    /// Builds and runs one program, and shows its table.
    fn run(&mut self, package: &str, flags: &str, arguments: &[&str]) -> Result<()> {
        let cargo = [
            "run",
            "--quiet",
            "--release",
            "--no-default-features",
            "--package",
            package,
            "--target",
            &self.machine,
            "--target-dir",
        ];
        let line = cargo.iter().map(OsString::from).chain([self.folder.clone(), "--".into()]);
        let command = Command::cargo(line.chain(arguments.iter().map(OsString::from)));
        let command = command.with_environment("RUSTFLAGS", flags);
        let words = command.line();
        let finished = self.context.run(command)?;
        if finished.success {
            finished.output.lines().for_each(|line| println!("    | {line}"));
            let last = finished.output.lines().last().unwrap_or_default().trim();
            let separator = if self.outcome.ran.is_empty() { "" } else { "; " };
            let words: Vec<_> = last.split(':').next().unwrap_or_default().split_whitespace().collect();
            self.outcome.ran += &format!("{separator}{}", words.join(" "));
        }
        self.outcome.problems.extend(self.context.problem_of(&words, &finished));
        Ok(())
    }
}
