//! What is compared, and the measurement: batches of all cases of a part in turns, in another order each round.

use std::error::Error;
use std::fs;
use std::time::Instant;

use easy_cache_benches::allocations;
use easy_cache_benches::rounds::Plan;
use easy_cache_benches::workload::Random;

/// Whatever keeps a benchmark from being one.
pub(crate) type Problem = Box<dyn Error + Send + Sync>;

/// Makes so many calls, one after the other.
pub(crate) type Run = Box<dyn FnMut(usize) -> Result<(), Problem>>;

/// One row of the table.
pub(crate) struct Case {
    /// The rows that it is compared with have the same.
    pub(crate) part: String,
    pub(crate) way: &'static str,
    /// How many calls a batch has: short, so that most batches run undisturbed.
    calls: usize,
    /// Whether all of its work happens in this process, so that instructions tell what it costs.
    pub(crate) is_in_process: bool,
    start: Box<dyn Fn() -> Result<Run, Problem>>,
}

impl Case {
    pub(crate) fn new(
        part: impl Into<String>,
        way: &'static str,
        calls: usize,
        start: impl Fn() -> Result<Run, Problem> + 'static,
    ) -> Self {
        Self { part: part.into(), way, calls, is_in_process: true, start: Box::new(start) }
    }

    /// The same, but some of its work happens in another process.
    pub(crate) fn with_a_server(self) -> Self {
        Self { is_in_process: false, ..self }
    }

    /// The name in the table.
    pub(crate) fn name(&self) -> String {
        format!("{}: {}", self.part, self.way)
    }

    /// Connects, and does all that is done once.
    pub(crate) fn start(&self) -> Result<Run, Problem> {
        (self.start)()
    }
}

/// What was measured of a case.
#[derive(Default)]
pub(crate) struct Sample {
    /// Nanoseconds by the clock for each call, a number for each round, ascending.
    nanoseconds: Vec<f64>,
    /// Nanoseconds for each call that this thread kept a processor busy.
    pub(crate) by_processor: f64,
    /// How often a call asks for memory, on this thread.
    pub(crate) allocations: f64,
}

impl Sample {
    /// Of the fastest round.
    pub(crate) fn least(&self) -> f64 {
        self.nanoseconds[0]
    }

    /// Of the middle round.
    pub(crate) fn middle(&self) -> f64 {
        self.nanoseconds[self.nanoseconds.len() / 2]
    }
}

/// All cases in every round, after one that nobody looks at.
pub(crate) fn measure(part: &[Case], plan: Plan) -> Result<Vec<Sample>, Problem> {
    let mut runs = part.iter().map(Case::start).collect::<Result<Vec<_>, _>>()?;
    let mut samples: Vec<_> = part.iter().map(|_| Sample::default()).collect();
    let mut random = Random::new(plan.seed);
    let of_servers = if part.iter().all(|case| case.is_in_process) { 1 } else { 4 };
    let rounds = plan.rounds.div_ceil(of_servers);
    for (case, run) in part.iter().zip(&mut runs) {
        run(case.calls)?;
    }
    for _ in 0..rounds {
        for index in random.order(part.len()) {
            batch(&part[index], &mut runs[index], &mut samples[index])?;
        }
    }
    for (case, sample) in part.iter().zip(&mut samples) {
        let calls = (rounds * case.calls) as f64;
        sample.nanoseconds.sort_by(f64::total_cmp);
        sample.by_processor /= calls;
        sample.allocations /= calls;
    }
    Ok(samples)
}

fn batch(case: &Case, run: &mut Run, sample: &mut Sample) -> Result<(), Problem> {
    let (busy, before, started) = (processor_nanoseconds(), allocations::so_far(), Instant::now());
    run(case.calls)?;
    let took = started.elapsed();
    sample.allocations += (allocations::so_far() - before) as f64;
    sample.by_processor += processor_nanoseconds() - busy;
    sample.nanoseconds.push(took.as_nanos() as f64 / case.calls as f64);
    Ok(())
}

/// How long this thread has run on a processor; nothing where the system does not tell.
fn processor_nanoseconds() -> f64 {
    let account = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    account.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}
