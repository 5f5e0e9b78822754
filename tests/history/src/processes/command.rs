//! The command line: which stores, which faults, for how long; and a table of what came of it.

#![expect(clippy::print_stdout, reason = "prints a table")]

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::crowd;
use super::mistaken::Mistake;
use super::parent::{Plan, Report, run as run_plan};
use super::scenario::{self, Scenario};
use super::session::Count;
use super::stores::{Kind, Server};
use super::worker::Task;

/// For a history that is part of every test run.
const QUICK: Duration = Duration::from_millis(900);
/// How long a mistake is given, under each fault that may show it. It ends when it is noticed.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a store does differently from Redis, and so is part of every test run; nothing: all of it.
const fn own_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Plain => &["calm", "swallowed", "restarted", "evicted"],
        Kind::Near => &["calm", "delayed", "clocks", "cut", "swallowed", "restarted", "evicted", "flushed", "promoted"],
        Kind::Cluster => &["killed", "cut", "frozen", "restarted", "moved", "promoted"],
        Kind::Redis | Kind::Memcached => &[],
    }
}

/// What is asked for.
#[derive(Debug, Default)]
struct Request {
    mistakes: bool,
    /// A second each, of the plain store only what is different about it, and each mistake with one store.
    quick: bool,
    store: Option<Kind>,
    fault: Option<Scenario>,
    mistake: Option<Mistake>,
    seconds: Option<f64>,
    seed: Option<u64>,
    workers: Option<usize>,
    threads: Option<u64>,
}

/// Does a worker's task.
#[must_use]
pub fn work(words: &[String]) -> ExitCode {
    let Some(task) = Task::read(words) else { return ExitCode::FAILURE };
    if task.work().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

/// Does the task of a process of a crowd.
#[must_use]
pub fn work_in_crowd(words: &[String]) -> ExitCode {
    if crowd::work(words).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A crowd as large as the words say, once as it is and once with a death.
#[must_use]
pub fn run_crowd(words: &[String]) -> ExitCode {
    let number = |place: usize, usual| words.get(place).and_then(|word| word.parse().ok()).unwrap_or(usual);
    let Ok(program) = env::current_exe() else { return ExitCode::FAILURE };
    let alive =
        crowd::Plan { program, processes: number(0, 10), callers: number(1, 10_000), dies: None, is_reached: true };
    let killed = crowd::Plan { dies: Some(Duration::from_secs(20)), ..alive.clone() };
    let well = [(alive, 1), (killed, 2)].map(|(plan, loads)| {
        let report = crowd::run(&plan);
        println!("{} processes, {} callers each, dies: {}: {report:?}", plan.processes, plan.callers, loads == 2);
        let living = plan.processes + 1 - loads;
        report.is_ok_and(|report| report.loads == loads && report.served == living * plan.callers)
    });
    if well == [true; 2] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Request {
    fn read(words: &[String]) -> Option<Self> {
        let mut request = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "mistakes" => request.mistakes = true,
                "--quick" => request.quick = true,
                _ => {}
            }
            if ["mistakes", "--quick"].contains(&word.as_str()) {
                continue;
            }
            let value = words.next()?;
            match word.as_str() {
                "--store" => request.store = Some(Kind::named(value)?),
                "--fault" => request.fault = Some(scenario::named(value)?),
                "--mistake" => request.mistake = Some(Mistake::named(value)?),
                "--seconds" => request.seconds = Some(value.parse().ok()?),
                "--seed" => request.seed = Some(value.parse().ok()?),
                "--workers" => request.workers = Some(value.parse().ok()?),
                "--threads" => request.threads = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(request)
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(|kind| self.store.is_none_or(|store| store == *kind))
    }

    fn plan(&self, kind: Kind, scenario: Scenario) -> Option<Plan> {
        let usual = Plan::new(env::current_exe().ok()?, kind, scenario);
        Some(Plan {
            time: self.seconds.map_or(if self.quick { QUICK } else { usual.time }, Duration::from_secs_f64),
            seed: self.seed.unwrap_or(usual.seed),
            workers: self.workers.unwrap_or(usual.workers),
            threads: self.threads.unwrap_or(usual.threads),
            ..usual
        })
    }

    fn run_scenarios(&self) -> bool {
        println!(
            "{:<10} {:<10} {:>7} {:>7} {:>8} {:>8} {:>7} {:>6} {:>6}  broken rules",
            "store", "fault", "seconds", "reads", "hits", "after", "writes", "undel.", "deaths"
        );
        let (begun, mut runs, mut bad) = (Instant::now(), 0, 0);
        for kind in self.kinds() {
            for scenario in scenario::ALL.iter().filter(|scenario| self.wants(kind, scenario)) {
                let began = Instant::now();
                let report = self.plan(kind, *scenario).and_then(|plan| run_plan(&plan).ok()).unwrap_or_default();
                let problem = problem_of(*scenario, &report);
                print(kind, *scenario, began.elapsed(), &report, problem.as_deref());
                runs += 1;
                bad += usize::from(problem.is_some());
            }
        }
        println!(
            "{runs} histories of several processes, {bad} with broken rules: {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        runs > 0 && bad == 0
    }

    fn wants(&self, kind: Kind, scenario: &Scenario) -> bool {
        let of_redis = !scenario.is_of_redis || kind.server() != Server::Memcached;
        let can_be = of_redis && (!scenario.is_of_cluster || kind.server() == Server::Cluster);
        let is_promised = can_be && (kind.notices_the_past() || !scenario.brings_back_the_past);
        let is_named = self.fault.is_none_or(|fault| fault.name == scenario.name);
        let own = own_of(kind);
        let is_left_out = self.quick && !own.is_empty() && !own.contains(&scenario.name);
        is_promised && is_named && !is_left_out
    }

    fn wants_mistake(&self, kind: Kind, mistake: Mistake) -> bool {
        // Each is made once: around which store makes no difference to the checker, but for what is special about a cluster.
        let once = match mistake {
            Mistake::TrustsThePast => Kind::Cluster,
            _ if mistake.matters_to(Kind::Redis) => Kind::Redis,
            _ => Kind::Near,
        };
        !(self.quick && kind != once)
            && mistake.matters_to(kind)
            && self.mistake.map_or(!mistake.is_rare(), |named| named == mistake)
    }

    /// Each with the faults that may show it, for longer than a history without.
    fn run_mistakes(&self) -> bool {
        let (mut made, mut unnoticed) = (0, 0);
        for kind in self.kinds() {
            for mistake in Mistake::ALL.iter().copied().filter(|mistake| self.wants_mistake(kind, *mistake)) {
                let began = Instant::now();
                let noticed = mistake.shown_by().iter().find_map(|name| {
                    let plan = self.plan(kind, scenario::named(name)?)?;
                    run_plan(&Plan {
                        time: PATIENCE,
                        is_exact: mistake != Mistake::LeavesTheDead,
                        mistake: Some(mistake),
                        ..plan
                    })
                    .ok()?
                    .first
                });
                let words = noticed.as_deref().unwrap_or("NOT NOTICED");
                println!(
                    "{:<10} {:<18} {:>5.1} s  {words}",
                    kind.name(),
                    format!("{mistake:?}"),
                    began.elapsed().as_secs_f64()
                );
                made += 1;
                unnoticed += usize::from(noticed.is_none());
            }
        }
        println!("{} of {made} mistakes in shared stores noticed", made - unnoticed);
        made > 0 && unnoticed == 0
    }
}

/// What is wrong with a history.
fn problem_of(scenario: Scenario, report: &Report) -> Option<String> {
    let [reads, hits, writes, _] = report.counts;
    if let Some(first) = &report.first {
        return Some(format!("{}: {first}", report.violations));
    }
    let problems = [
        (reads == 0, "nothing was read"),
        (hits == 0, "there were no hits"),
        (report.hits_afterwards == 0, "there were no hits after the faults"),
        (writes == 0, "nothing was written"),
        (report.faults == 0, "nothing went wrong"),
        (scenario.dies && report.deaths == 0, "nobody died"),
    ];
    problems.iter().find(|(is_so, _)| *is_so).map(|(_, words)| (*words).to_owned())
}

fn print(kind: Kind, scenario: Scenario, took: Duration, report: &Report, problem: Option<&str>) {
    let count = |what: Count| report.counts[what as usize];
    println!(
        "{:<10} {:<10} {:>7.1} {:>7} {:>8} {:>8} {:>7} {:>6} {:>6}  {}",
        kind.name(),
        scenario.name,
        took.as_secs_f64(),
        count(Count::Reads),
        count(Count::Hits),
        report.hits_afterwards,
        count(Count::Writes),
        count(Count::Undelivered),
        report.deaths,
        problem.unwrap_or("none"),
    );
}
