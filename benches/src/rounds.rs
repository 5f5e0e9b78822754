//! The measurement: rounds of one batch per candidate, in a new order each round.
//!
//! What slows the machine down for a while slows all candidates down alike, and nobody always runs after the same
//! neighbour. The numbers are put into words by [`report`](crate::report).

use std::time::Instant;

use crate::allocations;
use crate::candidate::Candidate;
use crate::workload::{self, Random, Request, SEQUENCE};

/// How many sequences of misses fill every candidate's cache before the measurement: twice what fits.
const FILLING: usize = 20;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many batches of each candidate.
    pub rounds: usize,
    /// How often a batch runs through the sequence of calls.
    pub repeats: usize,
    /// Where the random order starts.
    pub seed: u64,
}

/// The numbers of one candidate.
#[derive(Debug)]
pub struct Measured {
    /// Its name in the table.
    pub name: &'static str,
    /// Nanoseconds per call, one number per round, ascending.
    pub nanoseconds: Vec<f64>,
    /// Allocations per call, over all rounds.
    pub allocations: f64,
}

impl Measured {
    /// The middle round.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.nanoseconds[self.nanoseconds.len() / 2]
    }

    /// The fastest round.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.nanoseconds[0]
    }
}

/// Measures hits.
///
/// # Errors
/// If a candidate gives a wrong answer, or had to compute in a measured call: then it is not a hit that was measured. If it
/// allocated against its promise.
pub fn measure_hits(candidates: &[Box<dyn Candidate>], plan: Plan) -> Result<Vec<Measured>, String> {
    let mut random = Random::new(plan.seed);
    let sequence = workload::sequence(&mut random);
    for candidate in candidates {
        warm_up(candidate.as_ref(), &sequence)?;
    }
    let measured = rounds(candidates, plan, &mut random, |_| sequence.clone());
    for (candidate, measured) in candidates.iter().zip(&measured) {
        expect_hits_only(candidate.as_ref())?;
        expect_promised_allocations(candidate.as_ref(), measured)?;
    }
    Ok(measured)
}

/// Measures calls that nobody has made before. For a plan without repeats: the second time they would be hits.
///
/// # Errors
/// If a candidate did not compute in every call, or computed twice for one.
pub fn measure_misses(candidates: &[Box<dyn Candidate>], plan: Plan) -> Result<Vec<Measured>, String> {
    let sequence = |number: usize| workload::unseen((number * SEQUENCE) as u64);
    for candidate in candidates {
        (0..FILLING).for_each(|number| candidate.batch(&sequence(number)));
    }
    let measured = rounds(candidates, plan, &mut Random::new(plan.seed), |round| sequence(FILLING + round));
    let calls = ((FILLING + plan.rounds * plan.repeats) * SEQUENCE) as u64;
    match candidates.iter().find(|candidate| candidate.loads() != calls) {
        Some(wrong) => Err(format!("{} computed {} times in {calls} calls", wrong.name(), wrong.loads())),
        None => Ok(measured),
    }
}

/// All candidates in every round, in a new order each, with the calls of that round.
fn rounds(
    candidates: &[Box<dyn Candidate>],
    plan: Plan,
    random: &mut Random,
    sequence: impl Fn(usize) -> Vec<Request>,
) -> Vec<Measured> {
    let mut samples = vec![(Vec::with_capacity(plan.rounds), 0); candidates.len()];
    for round in 0..plan.rounds {
        let calls = sequence(round);
        for index in random.order(candidates.len()) {
            let (nanoseconds, allocations) = batch_of_calls(candidates[index].as_ref(), &calls, plan.repeats);
            samples[index].0.push(nanoseconds);
            samples[index].1 += allocations;
        }
    }
    let calls = (plan.rounds * plan.repeats * SEQUENCE) as f64;
    let measured = candidates.iter().zip(samples).map(|(candidate, (mut nanoseconds, allocations))| {
        nanoseconds.sort_by(f64::total_cmp);
        Measured { name: candidate.name(), nanoseconds, allocations: allocations as f64 / calls }
    });
    measured.collect()
}

/// Loads each key once and compares all answers, so that every candidate is known to do the same work.
fn warm_up(candidate: &dyn Candidate, sequence: &[Request]) -> Result<(), String> {
    for request in workload::distinct().iter().chain(sequence) {
        let answer = candidate.call(request.user, &request.month);
        if answer != workload::answer(request.user, &request.month) {
            return Err(format!("{} gave a wrong answer for {request:?}", candidate.name()));
        }
    }
    expect_hits_only(candidate)
}

fn expect_hits_only(candidate: &dyn Candidate) -> Result<(), String> {
    let (loads, keys) = (candidate.loads(), workload::distinct().len() as u64);
    if loads == keys {
        return Ok(());
    }
    Err(format!("{} computed {loads} times for {keys} keys: its calls are not all hits", candidate.name()))
}

fn expect_promised_allocations(candidate: &dyn Candidate, measured: &Measured) -> Result<(), String> {
    if candidate.may_allocate() || measured.allocations == 0.0 {
        return Ok(());
    }
    Err(format!(
        "{} asks for memory {} times in each call, and promised not to",
        candidate.name(),
        measured.allocations
    ))
}

/// Nanoseconds per call, and allocations in all. Not inlined, so that a profiler finds it by its name.
#[inline(never)]
fn batch_of_calls(candidate: &dyn Candidate, sequence: &[Request], repeats: usize) -> (f64, u64) {
    let allocations = allocations::so_far();
    let started = Instant::now();
    for _ in 0..repeats {
        candidate.batch(sequence);
    }
    let took = started.elapsed();
    let calls = (repeats * sequence.len()) as f64;
    (took.as_nanos() as f64 / calls, allocations::so_far() - allocations)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;
    use crate::candidate::{Answer, Loads, candidate, without_allocations};

    const PLAN: Plan = Plan { rounds: 3, repeats: 1, seed: 7 };

    #[test]
    fn a_candidate_that_remembers_is_measured() {
        static LOADS: Loads = Loads::new();
        let memory: Mutex<HashMap<String, Answer>> = Mutex::default();
        let remembering = candidate("remembers", &LOADS, move |user, month| {
            let mut memory = memory.lock().unwrap();
            memory.entry(workload::key(user, month)).or_insert_with(|| LOADS.load(user, month)).clone()
        });
        let measured = measure_hits(&[remembering], PLAN).unwrap();
        assert_eq!(measured[0].nanoseconds.len(), 3);
        assert!(measured[0].allocations >= 1.0, "the key is a new string for each call");
    }

    #[test]
    fn a_candidate_that_forgets_is_refused() {
        static LOADS: Loads = Loads::new();
        let forgetting = candidate("forgets", &LOADS, |user, month| LOADS.load(user, month));
        let error = measure_hits(&[forgetting], PLAN).unwrap_err();
        assert!(error.contains("not all hits"), "{error}");
    }

    #[test]
    fn a_candidate_that_allocates_against_its_promise_is_refused() {
        static LOADS: Loads = Loads::new();
        let memory: Mutex<HashMap<String, Answer>> = Mutex::default();
        let remembering = without_allocations("allocates", &LOADS, move |user, month| {
            let mut memory = memory.lock().unwrap();
            memory.entry(workload::key(user, month)).or_insert_with(|| LOADS.load(user, month)).clone()
        });
        let error = measure_hits(&[remembering], PLAN).unwrap_err();
        assert!(error.contains("promised not to"), "{error}");
    }

    #[test]
    fn a_candidate_that_answers_a_new_call_from_memory_is_no_miss() {
        static LOADS: Loads = Loads::new();
        let constant = LOADS.instant();
        let remembering = candidate("constant", &LOADS, move |_, _| constant.clone());
        let error = measure_misses(&[remembering], PLAN).unwrap_err();
        assert!(error.contains("computed 1 times"), "{error}");
        static ALL: Loads = Loads::new();
        let computing = candidate("computes", &ALL, |_, _| ALL.instant());
        assert_eq!(measure_misses(&[computing], PLAN).unwrap()[0].nanoseconds.len(), 3);
    }

    #[test]
    fn a_candidate_that_mixes_up_its_keys_is_refused() {
        static LOADS: Loads = Loads::new();
        let constant = LOADS.load(1, "2024-01");
        let confused = candidate("confused", &LOADS, move |_, _| constant.clone());
        let error = measure_hits(&[confused], PLAN).unwrap_err();
        assert!(error.contains("wrong answer"), "{error}");
    }
}
