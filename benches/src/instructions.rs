//! Instructions per call, counted by valgrind: unlike times, they are the same on a busy machine.
//!
//! This program runs itself twice under the profiler, with one candidate and different numbers of rounds. The difference
//! is what the rounds cost and nothing else: start and warm-up are the same in both.

use std::io;
use std::process::Command;

use crate::rounds::Plan;
use crate::workload;

const FEW_ROUNDS: usize = 4;
const MANY_ROUNDS: usize = 24;

/// Counts for each candidate of this program, by name.
///
/// # Errors
/// If valgrind is not installed, or a run under it fails.
pub fn count<'a>(names: impl IntoIterator<Item = &'a str>, plan: Plan) -> io::Result<Vec<f64>> {
    let calls = ((MANY_ROUNDS - FEW_ROUNDS) * plan.repeats * workload::SEQUENCE) as f64;
    let per_call = |name| Ok((run(name, MANY_ROUNDS)? - run(name, FEW_ROUNDS)?) / calls);
    names.into_iter().map(per_call).collect()
}

fn run(candidate: &str, rounds: usize) -> io::Result<f64> {
    let program = std::env::current_exe()?;
    let profiled = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--only", candidate, "--rounds", &rounds.to_string()])
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("failed to start valgrind: {error}")))?;
    let said = String::from_utf8_lossy(&profiled.stderr);
    collected(&said).filter(|_| profiled.status.success()).ok_or_else(|| io::Error::other(said.into_owned()))
}

/// The number in `==123== Collected : 456`.
fn collected(said: &str) -> Option<f64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_count_is_found_among_what_the_profiler_says() {
        assert_eq!(super::collected("==1== \n==1== Events    : Ir\n==1== Collected : 1234\n"), Some(1234.0));
        assert_eq!(super::collected("==1== Events    : Ir\n"), None);
    }
}
