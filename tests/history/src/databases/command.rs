//! The command line: which databases, which faults, for how long; and a table of what came of it.

#![expect(clippy::print_stdout, reason = "prints a table")]

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use super::kind::Kind;
use super::negligent::Mistake;
use super::parent::{Plan, Report, Site};
use super::scenario::{self, Scenario};
use super::through::Orm;
use super::worker::{self, Task};

/// For a history that is part of every test run.
const QUICK: Duration = Duration::from_millis(1_000);
/// How long a mistake is given. It ends when it is noticed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Default)]
struct Request {
    mistakes: bool,
    quick: bool,
    kind: Option<Kind>,
    fault: Option<Scenario>,
    mistake: Option<Mistake>,
    orm: Option<Orm>,
    seconds: Option<f64>,
    seed: Option<u64>,
}

/// Does a worker's task.
#[must_use]
pub fn work(words: &[String]) -> ExitCode {
    let Some(task) = Task::read(words) else { return ExitCode::FAILURE };
    if task.work().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes once, and dies of it.
#[must_use]
pub fn write_and_die(words: &[String]) -> ExitCode {
    if worker::write_and_die(words).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs what the words ask for.
#[must_use]
pub fn run(words: &[String]) -> ExitCode {
    let Some(request) = Request::read(words) else {
        println!("not understood: {}", words.join(" "));
        return ExitCode::FAILURE;
    };
    let well = if request.mistakes { request.run_mistakes() } else { request.run_scenarios() };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Request {
    fn read(words: &[String]) -> Option<Self> {
        let mut request = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "mistakes" => request.mistakes = true,
                "--quick" => request.quick = true,
                "--database" => request.kind = Some(Kind::named(words.next()?)?),
                "--fault" => request.fault = Some(scenario::named(words.next()?)?),
                "--mistake" => request.mistake = Some(Mistake::named(words.next()?)?),
                "--orm" => request.orm = Some(Orm::named(words.next()?)?),
                "--seconds" => request.seconds = Some(words.next()?.parse().ok()?),
                "--seed" => request.seed = Some(words.next()?.parse().ok()?),
                _ => return None,
            }
        }
        Some(request)
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(|kind| self.kind.is_none_or(|named| named == *kind))
    }

    fn plan(&self, scenario: Scenario) -> Option<Plan> {
        let usual = Plan::new(env::current_exe().ok()?, scenario);
        let time = self.seconds.map_or(if self.quick { QUICK } else { usual.time }, Duration::from_secs_f64);
        Some(Plan { time, seed: self.seed.unwrap_or(usual.seed), orm: self.orm, ..usual })
    }

    fn run_scenarios(&self) -> bool {
        println!(
            "{:<10} {:<10} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6}  broken rules",
            "database", "fault", "seconds", "reads", "hits", "after", "writes", "unknown", "deaths"
        );
        let begun = Instant::now();
        // They mostly wait for holds to end, so both databases at the same time.
        let problems: Vec<Option<String>> = thread::scope(|threads| {
            let running: Vec<_> = self.kinds().map(|kind| threads.spawn(move || self.run_over(kind))).collect();
            running
                .into_iter()
                .flat_map(|thread| thread.join().unwrap_or_else(|_| vec![Some("a panic".into())]))
                .collect()
        });
        let (runs, bad) = (problems.len(), problems.iter().flatten().count());
        let seconds = begun.elapsed().as_secs_f64();
        println!("{runs} histories over databases and the cache, {bad} with broken rules: {seconds:.0} s");
        runs > 0 && bad == 0
    }

    /// Every fault, and what was wrong with each history.
    fn run_over(&self, kind: Kind) -> Vec<Option<String>> {
        let site = Site::start(kind);
        let wanted = scenario::ALL.iter().filter(|fault| self.fault.is_none_or(|named| named.name == fault.name));
        let run = |scenario: &Scenario| {
            let began = Instant::now();
            let report = self.plan(*scenario).and_then(|plan| site.run(&plan).ok()).unwrap_or_default();
            let problem = problem_of(*scenario, &report);
            print(kind, *scenario, began.elapsed(), &report, problem.as_deref());
            problem
        };
        wanted.map(run).collect()
    }

    /// Each until it is noticed. In a quick run one database is enough: what is made is made in front of Redis.
    fn run_mistakes(&self) -> bool {
        let (mut made, mut unnoticed) = (0, 0);
        for kind in self.kinds().take(if self.quick { 1 } else { usize::MAX }) {
            let site = Site::start(kind);
            for mistake in Mistake::ALL.into_iter().filter(|mistake| self.mistake.is_none_or(|named| named == *mistake))
            {
                let began = Instant::now();
                let plan = scenario::named("calm").and_then(|calm| self.plan(calm));
                let plan = plan.map(|plan| Plan { time: PATIENCE, mistake: Some(mistake), ..plan });
                let noticed = plan.and_then(|plan| site.run(&plan).ok()).and_then(|report| report.first);
                let words = noticed.as_deref().unwrap_or("NOT NOTICED");
                let seconds = began.elapsed().as_secs_f64();
                println!("{:<10} {:<26} {seconds:>5.1} s  {words}", kind.name(), format!("{mistake:?}"));
                made += 1;
                unnoticed += usize::from(noticed.is_none());
            }
        }
        println!("{} of {made} mistakes of writers and readers noticed", made - unnoticed);
        made > 0 && unnoticed == 0
    }
}

/// What is wrong with a history.
fn problem_of(scenario: Scenario, report: &Report) -> Option<String> {
    if let Some(first) = &report.first {
        return Some(format!("{}: {first}", report.violations));
    }
    let Report { counts, .. } = report;
    let problems = [
        (counts.reads == 0, "nothing was read"),
        (counts.hits == 0, "there were no hits"),
        (counts.writes == 0, "nothing was written"),
        (report.hits_afterwards == 0, "there were no hits after the faults"),
        (scenario.drops && counts.unknown == 0, "nothing was dropped"),
        (scenario.dies && report.deaths == 0, "nobody died"),
    ];
    problems.iter().find(|(is_so, _)| *is_so).map(|(_, words)| (*words).to_owned())
}

fn print(kind: Kind, scenario: Scenario, took: Duration, report: &Report, problem: Option<&str>) {
    let Report { counts, hits_afterwards, deaths, .. } = report;
    println!(
        "{:<10} {:<10} {:>7.1} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6}  {}",
        kind.name(),
        scenario.name,
        took.as_secs_f64(),
        counts.reads,
        counts.hits,
        hits_afterwards,
        counts.writes,
        counts.unknown,
        deaths,
        problem.unwrap_or("none"),
    );
}
