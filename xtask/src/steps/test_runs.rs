//! Runs the tests and counts them, so that a run in which nothing ran is not mistaken for a run in which nothing failed.
//!
//! `cargo test` on every machine, also where another runner is installed: one runner, one result.

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::{Counts, Outcome};

/// Unit, integration and compile-fail tests. The last kind is an ordinary test that calls cargo in a folder of its own
/// below the target folder.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    run_and_count(context, Command::cargo(["test", "--workspace", "--all-features", "--tests", "--no-fail-fast"]))
}

/// The examples in the documentation.
pub(super) fn run_doctests(context: &Context<'_>) -> Result<Outcome> {
    run_and_count(context, Command::cargo(["test", "--workspace", "--all-features", "--doc", "--no-fail-fast"]))
}

/// Runs a command that runs tests, and counts them.
pub(super) fn run_and_count(context: &Context<'_>, command: Command) -> Result<Outcome> {
    let line = command.line();
    let finished = context.run(command)?;
    let binaries = binaries_in(&finished.output);
    let mut outcome = summary(&binaries);
    let failed = context.problem_of(&line, &finished);
    // A failed test is counted as such; the command's own failure counts when no test explains it.
    if outcome.tests.failed == 0 {
        outcome.problems.extend(failed);
    }
    Ok(outcome)
}

/// What one test binary, or the documentation of one crate, printed.
#[derive(Debug, PartialEq, Eq)]
struct Binary {
    name: String,
    tests: Counts,
    finished: bool,
}

impl Binary {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), tests: Counts::default(), finished: false }
    }

    /// A file in a `tests` folder exists for its tests; a library may well have none of its own.
    fn must_have_tests(&self) -> bool {
        self.name.starts_with("tests/")
    }
}

fn summary(binaries: &[Binary]) -> Outcome {
    let mut tests = Counts::default();
    binaries.iter().for_each(|binary| tests += binary.tests);
    let ran = binaries.iter().filter(|binary| binary.tests.total() > 0).count();
    let mut problems = Vec::new();
    if tests.total() == 0 {
        problems.push("no test ran at all".to_owned());
    }
    for binary in binaries {
        if !binary.finished {
            problems.push(format!("{} ended without a result", binary.name));
        } else if binary.must_have_tests() && binary.tests.total() == 0 {
            problems.push(format!("{} ran no test", binary.name));
        }
    }
    Outcome { ran: format!("{} tests in {ran} binaries", tests.total()), tests, problems, skipped: None }
}

fn binaries_in(output: &str) -> Vec<Binary> {
    let mut binaries: Vec<Binary> = Vec::new();
    for line in output.lines() {
        if let Some(name) = started(line) {
            binaries.push(Binary::named(name));
        } else if let (Some(counts), Some(binary)) = (result(line), binaries.last_mut()) {
            // Added, not set: doc tests are compiled together, and those that cannot be print a result of their own.
            binary.tests += counts;
            binary.finished = true;
        }
    }
    binaries
}

/// The name in `Running unittests src/lib.rs (target/debug/deps/name-hash)` and `Doc-tests name`.
fn started(line: &str) -> Option<&str> {
    if !line.starts_with("   ") {
        return None;
    }
    let line = line.trim_start();
    line.strip_prefix("Doc-tests ").or_else(|| {
        let running = line.strip_prefix("Running ")?;
        let (source, binary) = running.split_once(" (")?;
        Some(if source.starts_with("unittests") { binary.trim_end_matches(')') } else { source })
    })
}

/// The numbers in `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
fn result(line: &str) -> Option<Counts> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        let part = numbers.split("; ").find_map(|part| part.strip_suffix(word))?;
        part.trim().parse().ok()
    };
    Some(Counts { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
    Finished `test` profile [unoptimized] target(s) in 0.05s
     Running unittests src/lib.rs (target/debug/deps/core-0f3a)

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/stale.rs (target/debug/deps/stale-77aa)
test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts { passed, failed, skipped }
    }

    #[test]
    fn results_are_counted_over_all_binaries() {
        let outcome = summary(&binaries_in(OUTPUT));
        assert_eq!(outcome.tests, counts(3, 1, 2));
        assert_eq!(outcome.ran, "6 tests in 1 binaries");
        assert!(outcome.failed());
    }

    #[test]
    fn the_two_results_of_one_crates_documentation_add_up() {
        let two = "   Doc-tests core\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(summary(&binaries_in(two)).tests, counts(5, 0, 0));
    }

    #[test]
    fn a_run_without_tests_is_a_failure() {
        assert_eq!(summary(&binaries_in("")).problems, ["no test ran at all"]);
    }

    #[test]
    fn an_integration_test_file_without_tests_is_a_failure() {
        let empty = OUTPUT.replace("FAILED. 3 passed; 1 failed; 2 ignored", "ok. 0 passed; 0 failed; 0 ignored");
        let problems = summary(&binaries_in(&empty)).problems;
        assert_eq!(problems, ["no test ran at all", "tests/stale.rs ran no test"]);
    }

    #[test]
    fn a_binary_that_dies_is_a_failure() {
        let died = OUTPUT.lines().filter(|line| !line.contains("3 passed")).collect::<Vec<_>>().join("\n");
        assert!(summary(&binaries_in(&died)).problems.contains(&"tests/stale.rs ended without a result".to_owned()));
    }
}
