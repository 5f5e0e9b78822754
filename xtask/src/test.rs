//! `cargo xtask test`: runs the steps one after the other and reports.
//!
//! What a step does is written in [`steps`].

use std::cell::OnceCell;
use std::process::ExitCode;
use std::time::Instant;

use crate::Result;
use crate::outcome::Outcome;
use crate::report::{self, Line};
use crate::steps::{self, Context, Installation, Step};
use crate::workspace::Workspace;

/// Which steps to run.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Leave out the slow ones.
    pub(crate) quick: bool,
    /// Make the longer those that can be.
    pub(crate) full: bool,
    /// Run only these. None named: all.
    pub(crate) only: Vec<Step>,
}

impl Selection {
    /// The steps to run, and those that `--quick` leaves out.
    fn steps(&self) -> (Vec<Step>, Vec<Step>) {
        if self.only.is_empty() {
            steps::all().iter().partition(|step| !(self.quick && step.slow))
        } else {
            (self.only.clone(), Vec::new())
        }
    }
}

/// Runs the selection. A failed step does not keep the next ones from running, except where nothing else could.
pub(crate) fn run(selection: &Selection) -> Result<ExitCode> {
    let started = Instant::now();
    let workspace = Workspace::load()?;
    let (chosen, left_out) = selection.steps();
    let needs_deny = chosen.iter().any(|step| step.name == "deny");
    let cargo_deny = OnceCell::new();
    let mut lines = Vec::new();
    for step in chosen {
        // Not before the toolchain is known to do: the run may be over after that step, and nobody would wait for it.
        if needs_deny && step.name != "toolchain" {
            cargo_deny.get_or_init(|| Installation::start(&workspace));
        }
        let line =
            run_step(&Context { step, workspace: &workspace, cargo_deny: cargo_deny.get(), full: selection.full });
        let stop = step.name == "toolchain" && line.outcome.failed();
        lines.push(line);
        if stop {
            break;
        }
    }
    let well = report::print(&lines, &left_out, started.elapsed());
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_step(context: &Context<'_>) -> Line {
    let step = context.step;
    println!("{}: {}", step.name, step.about);
    context.clear_log();
    let started = Instant::now();
    let outcome = (step.run)(context)
        .unwrap_or_else(|error| Outcome::of("did not run to its end").with_problems([error.to_string()]));
    let took = started.elapsed();
    let verdict = if outcome.failed() { "FAILED" } else { "done" };
    println!("    {verdict} in {}", report::seconds(took));
    Line { step, outcome, took }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[Step]) -> Vec<&'static str> {
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn without_a_word_every_step_runs() {
        let (chosen, left_out) = Selection::default().steps();
        assert_eq!(names(&chosen), names(steps::all()));
        assert!(left_out.is_empty());
    }

    #[test]
    fn quick_leaves_out_the_slow_steps_and_knows_which() {
        let (chosen, left_out) = Selection { quick: true, ..Selection::default() }.steps();
        assert_eq!(chosen.len() + left_out.len(), steps::all().len());
        assert!(left_out.iter().all(|step| step.slow) && !left_out.is_empty());
    }

    #[test]
    fn a_step_that_is_named_runs_even_if_it_is_slow() {
        let only = vec![steps::find("deny").unwrap()];
        let (chosen, _) = Selection { quick: true, only, ..Selection::default() }.steps();
        assert_eq!(names(&chosen), ["deny"]);
    }
}
