//! The command line: which stores, which faults, for how long; and a table of what came of it.

#![expect(clippy::print_stdout, reason = "prints a table")]

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use super::crowd;
use super::mistaken::Mistake;
use super::parent::{Plan, Report, run as run_plan};
use super::scenario::{self, Scenario};
use super::session::Count;
use super::stores::{Kind, Server};
use super::worker::Task;
use super::writer::Writer;

/// For a history that is part of every test run.
const QUICK: Duration = Duration::from_millis(900);
/// For one that runs now and then.
const FULL: Duration = Duration::from_secs(10);
/// How long a mistake is given, under each fault that may show it. It ends when it is noticed.
const PATIENCE: Duration = Duration::from_secs(90);

/// Histories run side by side, for they mostly wait; those of one store one after the other.
const LANES: [&[Kind]; 2] = [&[Kind::Cluster, Kind::Memcached], &[Kind::Plain, Kind::Redis, Kind::Near]];

/// What is asked for.
#[derive(Debug, Default)]
struct Request {
    mistakes: bool,
    /// A second each, and each mistake with one store.
    quick: bool,
    /// Ten seconds each.
    full: bool,
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

/// Does the task of a writer that is to die.
#[must_use]
pub fn write_and_die(words: &[String]) -> ExitCode {
    let Some(writer) = Writer::read(words) else { return ExitCode::FAILURE };
    // Dead, if all is well.
    if writer.work().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

/// A crowd as large as the words say, once as it is and once with a death; and to be told how it is with the usual limits, where more than
/// one may compute.
#[must_use]
pub fn run_crowd(words: &[String]) -> ExitCode {
    let number = |place: usize, usual| words.get(place).and_then(|word| word.parse().ok()).unwrap_or(usual);
    let Ok(program) = env::current_exe() else { return ExitCode::FAILURE };
    let (processes, callers) = (number(0, 10), number(1, 10_000));
    let alive = crowd::Plan { program, processes, callers, dies: None, is_reached: true, is_patient: true };
    let usual = crowd::Plan { is_patient: false, ..alive.clone() };
    let killed = crowd::Plan { dies: Some(Duration::from_secs(20)), ..alive.clone() };
    let well = [(alive, 1), (killed, 2)].map(|(plan, loads)| {
        let report = crowd::run(&plan);
        println!("{} processes, {} callers each, dies: {}: {report:?}", plan.processes, plan.callers, loads == 2);
        let living = plan.processes + 1 - loads;
        report.is_ok_and(|report| report.loads == loads && report.served == living * plan.callers)
    });
    let report = crowd::run(&usual);
    println!("{processes} processes, {callers} callers each, with the usual limits: {report:?}");
    let is_served = report.is_ok_and(|report| report.served == processes * callers);
    if well == [true; 2] && is_served { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Request {
    fn read(words: &[String]) -> Option<Self> {
        let mut request = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "mistakes" => request.mistakes = true,
                "--quick" => request.quick = true,
                "--full" => request.full = true,
                _ => {}
            }
            if ["mistakes", "--quick", "--full"].contains(&word.as_str()) {
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

    /// Does it for all kinds that are asked for. Yields how often it did something, and how often that was not well.
    fn each(&self, run: impl Fn(Kind) -> (usize, usize) + Sync) -> (usize, usize) {
        let run = &run;
        let wanted = |kind: &&Kind| self.store.is_none_or(|store| store == **kind);
        let lane = |kinds: &'static [Kind]| move || kinds.iter().filter(wanted).map(|kind| run(*kind)).collect();
        let counts: Vec<Vec<_>> = thread::scope(|threads| {
            let running = LANES.map(|kinds| threads.spawn(lane(kinds)));
            // What panicked has said so, and is one that was not well.
            running.into_iter().map(|lane| lane.join().unwrap_or_else(|_| vec![(1, 1)])).collect()
        });
        counts.into_iter().flatten().fold((0, 0), |(runs, bad), more| (runs + more.0, bad + more.1))
    }

    fn plan(&self, kind: Kind, scenario: Scenario) -> Option<Plan> {
        let usual = Plan::new(env::current_exe().ok()?, kind, scenario);
        Some(Plan {
            time: match self.seconds {
                Some(seconds) => Duration::from_secs_f64(seconds),
                None if self.quick => QUICK,
                None if self.full => FULL,
                None => usual.time,
            },
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
        let begun = Instant::now();
        let (runs, bad) = self.each(|kind| {
            let (mut runs, mut bad) = (0, 0);
            for scenario in scenario::ALL.iter().filter(|scenario| self.wants(kind, scenario)) {
                let began = Instant::now();
                let report = self.plan(kind, *scenario).and_then(|plan| run_plan(&plan).ok()).unwrap_or_default();
                let problem = problem_of(*scenario, &report);
                print(kind, *scenario, began.elapsed(), &report, problem.as_deref());
                runs += 1;
                bad += usize::from(problem.is_some());
            }
            (runs, bad)
        });
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
        is_promised && is_named
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
        let (made, unnoticed) = self.each(|kind| {
            let (mut made, mut unnoticed) = (0, 0);
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
            (made, unnoticed)
        });
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
