//! Callers that ask at the same time, and the measurement: batches of all candidates in turns, in another order each round.

use std::error::Error;
use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use easy_cache_benches::rounds::Plan;
use easy_cache_benches::workload::Random;

use crate::setting::Setting;
use crate::values::{Named, Values};

/// Whatever keeps a benchmark from being one.
pub(crate) type Problem = Box<dyn Error + Send + Sync>;
/// All lookups of one caller, boxed once: what a candidate does for one lookup is its own.
type Caller = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send>>;

/// One way to read the values.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    /// A caller that makes so many lookups, beginning at a certain value.
    call: Box<dyn Fn(usize, usize) -> Caller>,
}

impl Candidate {
    /// From a function that looks for one value.
    pub(crate) fn new<T, F, L>(name: &'static str, with: T, values: &Values, look: F) -> Self
    where
        T: Clone + Send + 'static,
        F: Fn(T, Values, usize) -> L + Clone + Send + 'static,
        L: Future<Output = Result<String, Problem>> + Send,
    {
        let values = Arc::clone(values);
        let call = move |from: usize, lookups: usize| -> Caller {
            let (with, values, look) = (with.clone(), Arc::clone(&values), look.clone());
            Box::pin(async move {
                for number in from..from + lookups {
                    let place = (number * 331) % values.len();
                    let found = look(with.clone(), Arc::clone(&values), place).await?;
                    check(&values[place], &found)?;
                }
                Ok(())
            })
        };
        Self { name, call: Box::new(call) }
    }
}

/// Cheap, and enough to notice an answer that belongs to somebody else.
fn check(named: &Named, found: &str) -> Result<(), Problem> {
    if found.len() == named.value.len() && found.as_bytes()[..16] == named.value.as_bytes()[..16] {
        return Ok(());
    }
    Err(format!("a wrong answer for {}", named.key).into())
}

/// What was measured of a candidate.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    /// Nanoseconds by the clock for each lookup, a number for each round, ascending.
    nanoseconds: Vec<f64>,
    /// Nanoseconds for each lookup that this process kept a processor busy.
    pub(crate) by_processor: f64,
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

/// All candidates in every round, after one that nobody looks at.
pub(crate) async fn measure(candidates: &[Candidate], setting: Setting, plan: Plan) -> Result<Vec<Sample>, Problem> {
    let sample = |candidate: &Candidate| Sample { name: candidate.name, nanoseconds: Vec::new(), by_processor: 0.0 };
    let mut samples: Vec<_> = candidates.iter().map(sample).collect();
    let mut random = Random::new(plan.seed);
    for candidate in candidates {
        batch(candidate, setting).await?;
    }
    for _ in 0..setting.rounds {
        for index in random.order(candidates.len()) {
            let (took, busy) = batch(&candidates[index], setting).await?;
            samples[index].nanoseconds.push(took);
            samples[index].by_processor += busy / setting.rounds as f64;
        }
    }
    samples.iter_mut().for_each(|sample| sample.nanoseconds.sort_by(f64::total_cmp));
    Ok(samples)
}

/// Nanoseconds for each lookup: by the clock, and by this thread's processor.
async fn batch(candidate: &Candidate, setting: Setting) -> Result<(f64, f64), Problem> {
    let each = setting.lookups / setting.callers;
    let (busy, started) = (processor_nanoseconds(), Instant::now());
    let callers: Vec<_> =
        (0..setting.callers).map(|caller| tokio::spawn((candidate.call)(caller * 13, each))).collect();
    for caller in callers {
        caller.await?.map_err(|problem| format!("{}: {problem}", candidate.name))?;
    }
    let lookups = (each * setting.callers) as f64;
    Ok((started.elapsed().as_nanos() as f64 / lookups, (processor_nanoseconds() - busy) / lookups))
}

/// How long this thread has run on a processor, to a few milliseconds; nothing where the system does not tell.
fn processor_nanoseconds() -> f64 {
    let account = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    account.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}
