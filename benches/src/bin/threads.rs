//! Do two threads get twice as much done as one? Run by `cargo xtask bench threads`.
//!
//! The candidates and calls of `hit`. On distinct keys: each thread has its own half of the hot keys, so what the threads
//! share is the library's doing. On one hot key: both ask for the same entry, and count references to the same value.
//!
//! Two ratios. By the clock: calls per second of two threads against one; right on a quiet machine with two free cores,
//! and less whenever another program takes one. By processor time: how much longer a call keeps a processor busy when
//! there are two threads; waiting for a lock asleep would not show, so it is the second witness, not the first.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use easy_cache_benches::candidate::Candidate;
use easy_cache_benches::hits;
use easy_cache_benches::options::Options;
use easy_cache_benches::report::{Cell, Column, Table, column};
use easy_cache_benches::workload::{self, Random, Request};

/// How long a batch takes: longer than it takes to start a thread by far.
const BATCH: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::from_arguments()?;
    options.plan.rounds = options.plan.rounds.div_ceil(50);
    let candidates = options.chosen(hits::candidates());
    for candidate in &candidates {
        candidate.batch(&workload::distinct());
    }
    let distinct = measure(&candidates, &options, &halves());
    let hot = measure(&candidates, &options, &[one_key(), one_key()]);
    let mut table = Table::new("threads", columns());
    for (candidate, (distinct, hot)) in candidates.iter().zip(distinct.iter().zip(&hot)) {
        let ratios = [distinct.by_clock(), distinct.by_processor(), hot.by_clock(), hot.by_processor()];
        table.add(candidate.name(), [distinct.rate()].into_iter().chain(ratios).map(Cell::from));
    }
    table.note("Two threads against one, twice as much being 2.00; the bar for #[ecached] on distinct keys is 1.70.");
    table.publish(&options)?;
    expect_hits_only(&candidates)
}

fn columns() -> Vec<Column> {
    vec![
        column("1 thread, M/s", "one_thread_million_per_second", 1),
        column("distinct keys", "distinct_keys_by_clock", 2),
        column("by processor", "distinct_keys_by_processor", 2),
        column("one hot key", "hot_key_by_clock", 2),
        column("by processor", "hot_key_by_processor", 2),
    ]
}

/// Each thread's calls: draws from its own half of the hot keys.
fn halves() -> [Vec<Request>; 2] {
    let keys = workload::distinct();
    let (left, right) = keys.split_at(keys.len() / 2);
    [left, right].map(|half| {
        let mut random = Random::new(7);
        (0..workload::SEQUENCE).map(|_| half[random.below(half.len() as u64) as usize].clone()).collect()
    })
}

fn one_key() -> Vec<Request> {
    vec![workload::distinct()[0].clone(); workload::SEQUENCE]
}

/// What one and two threads did, in all rounds.
#[derive(Default)]
struct Samples {
    alone: Vec<Sample>,
    together: Vec<Sample>,
}

/// Nanoseconds per call of one thread.
#[derive(Clone, Copy)]
struct Sample {
    by_clock: f64,
    by_processor: f64,
}

impl Samples {
    /// The best rounds: whatever else ran on this machine can only have made a round slower.
    fn by_clock(&self) -> f64 {
        2.0 * least(&self.alone, |sample| sample.by_clock) / least(&self.together, |sample| sample.by_clock)
    }

    /// The middle rounds: nothing but the threads themselves is in these.
    fn by_processor(&self) -> f64 {
        2.0 * middle(&self.alone, |sample| sample.by_processor) / middle(&self.together, |sample| sample.by_processor)
    }

    /// Million calls per second of one thread.
    fn rate(&self) -> f64 {
        1e3 / least(&self.alone, |sample| sample.by_clock)
    }
}

fn least(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    samples.iter().map(of).fold(f64::INFINITY, f64::min)
}

fn middle(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let mut numbers: Vec<_> = samples.iter().map(of).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn measure(candidates: &[Box<dyn Candidate>], options: &Options, calls: &[Vec<Request>; 2]) -> Vec<Samples> {
    let mut random = Random::new(options.plan.seed);
    let mut samples: Vec<_> = candidates.iter().map(|_| Samples::default()).collect();
    let repeats: Vec<_> = candidates.iter().map(|candidate| repeats_for(candidate.as_ref(), &calls[0])).collect();
    for _ in 0..options.plan.rounds {
        for index in random.order(candidates.len()) {
            let run = |threads: &[Vec<Request>]| together(candidates[index].as_ref(), threads, repeats[index]);
            samples[index].alone.push(run(&calls[..1]));
            samples[index].together.push(run(calls));
        }
    }
    samples
}

/// How often a candidate goes through the calls in one batch.
fn repeats_for(candidate: &dyn Candidate, calls: &[Request]) -> usize {
    let started = Instant::now();
    candidate.batch(calls);
    (BATCH.as_nanos() / started.elapsed().as_nanos().max(1)).clamp(1, 1_000) as usize
}

/// Runs the threads from one starting signal. By the clock it is the slowest that counts.
fn together(candidate: &dyn Candidate, calls: &[Vec<Request>], repeats: usize) -> Sample {
    let start = Barrier::new(calls.len());
    let timed = |calls: &[Request]| {
        let busy = processor_nanoseconds();
        start.wait();
        let started = Instant::now();
        (0..repeats).for_each(|_| candidate.batch(calls));
        let took = started.elapsed().as_nanos() as f64;
        (took, processor_nanoseconds() - busy)
    };
    let measured: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = calls.iter().map(|calls| scope.spawn(|| timed(calls))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let done = (repeats * workload::SEQUENCE) as f64;
    let by_clock = measured.iter().map(|(clock, _)| *clock).fold(0.0, f64::max) / done;
    let by_processor = measured.iter().map(|(_, busy)| *busy).sum::<f64>() / measured.len() as f64 / done;
    Sample { by_clock, by_processor }
}

/// How long the calling thread has run on a processor; nothing where the system does not tell, and no ratio then.
fn processor_nanoseconds() -> f64 {
    thread::sleep(Duration::from_nanos(1)); // the account is brought up to date when the thread leaves the processor
    let account = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    account.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}

fn expect_hits_only(candidates: &[Box<dyn Candidate>]) -> Result<(), Box<dyn std::error::Error>> {
    let keys = workload::distinct().len() as u64;
    match candidates.iter().find(|candidate| candidate.loads() != keys) {
        Some(wrong) => Err(format!("{} computed {} times for {keys} keys", wrong.name(), wrong.loads()).into()),
        None => Ok(()),
    }
}
