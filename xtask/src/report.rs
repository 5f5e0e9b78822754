//! The table at the end of a run, and its last line.
//!
//! The last line is meant for programs too: `N passed, N failed`, and `, N skipped` where that is so.

use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::steps::Step;

/// A step that is over.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) step: Step,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

/// Prints the table and the problems. Returns whether everything is well.
pub(crate) fn print(lines: &[Line], left_out: &[Step], took: Duration) -> bool {
    println!("\n{:<10} {:<52} {:>8}  result", "step", "ran", "time");
    for Line { step, outcome, took } in lines {
        println!("{:<10} {:<52} {:>8}  {}", step.name, outcome.ran, seconds(*took), verdict(outcome));
    }
    for step in left_out {
        println!("{:<10} {:<52} {:>8}  left out by --quick", step.name, "-", "");
    }
    println!("{:<10} {:<52} {:>8}\n", "total", "", seconds(took));
    for Line { step, outcome, .. } in lines {
        outcome.problems.iter().for_each(|problem| println!("{}: {problem}", step.name));
        outcome.skipped.iter().for_each(|reason| println!("{}: skipped, {reason}", step.name));
    }
    let counts = totals(lines);
    println!("{}", last_line(counts));
    counts.failed == 0
}

/// Tests, and one failure for each failed step that no failed test explains: the last line never says 0 failed
/// after a run that failed.
fn totals(lines: &[Line]) -> Counts {
    let mut counts = Counts::default();
    for Line { outcome, .. } in lines {
        counts += outcome.tests;
        counts.failed += u64::from(outcome.failed() && outcome.tests.failed == 0);
    }
    counts
}

fn last_line(counts: Counts) -> String {
    let Counts { passed, failed, skipped } = counts;
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    format!("{passed} passed, {failed} failed{skipped}")
}

fn verdict(outcome: &Outcome) -> &'static str {
    if outcome.failed() {
        "FAILED"
    } else if outcome.skipped.is_some() {
        "skipped"
    } else {
        "ok"
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(outcome: Outcome) -> Line {
        Line { step: crate::steps::all()[0], outcome, took: Duration::ZERO }
    }

    #[test]
    fn a_failed_step_without_tests_counts_as_one_failure() {
        let tests = Counts { passed: 7, failed: 0, skipped: 2 };
        let lines =
            [line(Outcome { tests, ..Outcome::default() }), line(Outcome::of("fmt").with_problems(["bad".to_owned()]))];
        assert_eq!(last_line(totals(&lines)), "7 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn a_good_run_says_nothing_about_skipping() {
        let tests = Counts { passed: 7, failed: 0, skipped: 0 };
        assert_eq!(last_line(totals(&[line(Outcome { tests, ..Outcome::default() })])), "7 passed, 0 failed");
    }
}
