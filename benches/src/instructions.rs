//! Instructions per call, counted by valgrind: unlike times, they are the same on a busy machine.
//!
//! This program runs itself under the profiler, with one candidate, and collects only inside of measured batches: start,
//! warm-up and the making of the calls are not in it.

use std::io;
use std::process::Command;

use crate::rounds::Plan;
use crate::workload;

const ROUNDS: usize = 20;
/// The function that runs one batch, however its name is written in the program.
const BATCH: &str = "*rounds*batch_of_calls*";

/// Counts for each candidate of this program, by name.
///
/// # Errors
/// If valgrind is not installed, or a run under it fails or counts nothing.
pub fn count<'a>(names: impl IntoIterator<Item = &'a str>, plan: Plan) -> io::Result<Vec<f64>> {
    let calls = (ROUNDS * plan.repeats * workload::SEQUENCE) as f64;
    names.into_iter().map(|name| Ok(run(name)? / calls)).collect()
}

fn run(candidate: &str) -> io::Result<f64> {
    profile(&[&format!("--toggle-collect={BATCH}")], &["--only", candidate, "--rounds", &ROUNDS.to_string()])
}

/// All that this program does when it is started with these arguments.
///
/// # Errors
/// If valgrind is not installed, or the run under it fails or counts nothing.
pub fn of_program(arguments: &[&str]) -> io::Result<f64> {
    profile(&[], arguments)
}

fn profile(options: &[&str], arguments: &[&str]) -> io::Result<f64> {
    let profiled = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(options)
        .arg(std::env::current_exe()?)
        .args(arguments)
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("failed to start valgrind: {error}")))?;
    let said = String::from_utf8_lossy(&profiled.stderr);
    collected(&said)
        .filter(|count| profiled.status.success() && *count > 0.0)
        .ok_or_else(|| io::Error::other(said.into_owned()))
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
