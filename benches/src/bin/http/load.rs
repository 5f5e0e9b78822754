//! One run of `wrk` against one server, and what it cost.

use std::error::Error;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::machine::{self, Cores};
use crate::servers::Server;

/// Makes `wrk` ask for another URL each time.
const NEW_URLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/http/new_urls.lua");

/// What is asked for.
pub(crate) struct Load<'a> {
    pub(crate) path: &'a str,
    pub(crate) connections: u32,
    /// Each request is for a URL that nobody asked for before.
    pub(crate) is_new: bool,
}

/// What one run has shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) requests_per_second: f64,
    /// The server's processor time for each request.
    pub(crate) microseconds: f64,
}

impl Sample {
    /// Each number's own median.
    pub(crate) fn median(samples: &[Self]) -> Self {
        let middle = |number: fn(&Self) -> f64| {
            let mut numbers: Vec<_> = samples.iter().map(number).collect();
            numbers.sort_by(f64::total_cmp);
            numbers[numbers.len() / 2]
        };
        Self {
            requests_per_second: middle(|sample| sample.requests_per_second),
            microseconds: middle(|sample| sample.microseconds),
        }
    }
}

impl Load<'_> {
    /// A second of it.
    pub(crate) fn run(&self, server: &Server, cores: &Cores) -> Result<Sample, Box<dyn Error>> {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let mut wrk = Command::new("taskset");
        wrk.args(["-c", &cores.load, "wrk", "-t1", "-d1s", &format!("-c{}", self.connections)]);
        wrk.arg(format!("http://{}{}", server.address, self.path));
        if self.is_new {
            let run = RUNS.fetch_add(1, Ordering::Relaxed).to_string();
            wrk.args(["-s", NEW_URLS, "--", &run]);
        }
        let before = machine::used(&server.family);
        let output = wrk.output()?;
        let used = machine::used(&server.family) - before;
        let text = String::from_utf8_lossy(&output.stdout);
        let number = |line: &str, place: usize| line.split_whitespace().nth(place)?.parse::<f64>().ok();
        let requests = text.lines().find(|line| line.contains(" requests in ")).and_then(|line| number(line, 0));
        let rate = text.lines().find(|line| line.starts_with("Requests/sec:")).and_then(|line| number(line, 1));
        // Answers that take too long are a matter of the machine, and are seen in the numbers.
        let is_wrong = text.contains("Non-2xx");
        let (Some(requests), Some(rate), false) = (requests, rate, is_wrong) else {
            return Err(format!("{} did not answer as it should:\n{text}", server.name).into());
        };
        Ok(Sample { requests_per_second: rate, microseconds: used.as_secs_f64() * 1e6 / requests })
    }
}
