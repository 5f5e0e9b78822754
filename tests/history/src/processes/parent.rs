//! The parent: starts the server, the workers, and what goes wrong; keeps the table; and says what came of it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use easy_cache_servers::unique;

use super::mistaken::Mistake;
use super::scenario::{Scenario, Scene};
use super::server::Running;
use super::session::Count;
use super::stores::Kind;
use super::table::{Open, Table};
use super::ways::{self, Ways};
use super::wire::{REFUSED, Sentence, Word};
use super::worker::Task;
use crate::random::Random;
use crate::store::Shape;
use crate::workers::Workers;

/// How long the caches may take until they use the store again, counted from the end of the last fault, at most.
const RECOVERY: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program that has the workers in it: this one, usually.
    pub program: PathBuf,
    /// What is under test.
    pub kind: Kind,
    /// What goes wrong.
    pub scenario: Scenario,
    /// For how long. Nothing goes wrong in the last third.
    pub time: Duration,
    /// How many processes.
    pub workers: usize,
    /// How many threads each has.
    pub threads: u64,
    /// How many rows.
    pub rows: usize,
    /// Which random operations.
    pub seed: u64,
    /// Whether the first half of the rows is exact, where that can be.
    pub is_exact: bool,
    /// What the store leaves out, to see whether it is noticed.
    pub mistake: Option<Mistake>,
}

impl Plan {
    /// A few seconds with three processes.
    #[must_use]
    pub fn new(program: PathBuf, kind: Kind, scenario: Scenario) -> Self {
        let time = Duration::from_secs(3);
        Self { program, kind, scenario, time, workers: 3, threads: 2, rows: 40, seed: 1, is_exact: true, mistake: None }
    }
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was counted, by [`Count`].
    pub counts: [u64; Count::COUNT],
    /// Hits after the last fault.
    pub hits_afterwards: u64,
    /// Workers that were killed.
    pub deaths: u64,
    /// Faults that happened.
    pub faults: u64,
    /// Broken rules.
    pub violations: u64,
    /// The first of them.
    pub first: Option<String>,
}

/// What all connections of workers share.
#[derive(Debug)]
struct Ledger {
    table: Table,
    goes_on: AtomicBool,
    counts: [AtomicU64; Count::COUNT],
    violations: AtomicU64,
    first: Mutex<Option<String>>,
    workers: Workers,
}

/// Runs the plan.
///
/// # Errors
/// If workers cannot be started.
///
/// # Panics
/// If the server is not installed.
pub fn run(plan: &Plan) -> io::Result<Report> {
    let server = Running::start(plan.kind.server());
    let proxies = ways::proxies(&server);
    let ways = Ways::through(&server, &proxies);
    let holds_last = plan.scenario.keeps_records && plan.kind.holds_well();
    let ledger = Arc::new(Ledger {
        table: Table::new(plan.rows, plan.kind.bound(), holds_last),
        goes_on: AtomicBool::new(true),
        counts: Default::default(),
        violations: AtomicU64::new(0),
        first: Mutex::default(),
        workers: Workers::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let parent = listener.local_addr()?;
    let served = Arc::clone(&ledger);
    thread::spawn(move || accept(&listener, &served));
    let namespace = unique("history");
    let start = |number: usize, deaths: u64| plan.start(number, deaths, parent, &namespace, &ways);

    let scene = Scene {
        server: &server,
        heirs: Vec::new(),
        proxies: &proxies,
        namespace: &namespace,
        random: Random::new(plan.seed),
        workers: &ledger.workers,
    };
    let (faults, hits_before) = ledger.watch(plan, scene, start)?;
    ledger.goes_on.store(false, Ordering::SeqCst);
    ledger.workers.wait();
    // Wakes who waits for workers, to see that there will be none.
    drop(TcpStream::connect(parent));
    Ok(ledger.report(faults, hits_before))
}

impl Plan {
    fn start(&self, number: usize, deaths: u64, parent: SocketAddr, namespace: &str, ways: &Ways) -> io::Result<Child> {
        let is_exact = self.is_exact && self.scenario.keeps_records && self.kind.is_exact();
        let task = Task {
            parent,
            number,
            kind: self.kind,
            ways: ways.clone(),
            namespace: namespace.to_owned(),
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(number as u64 * 1_009 + deaths * 10_007),
            threads: self.threads,
            strict: if is_exact { self.rows / 2 } else { 0 },
            dies: self.scenario.dies,
            is_skewed: self.scenario.is_skewed,
            mistake: self.mistake,
        };
        Command::new(&self.program).arg("worker").args(task.words()).stdin(Stdio::null()).spawn()
    }
}

impl Ledger {
    /// Lets things go wrong for two thirds of the time. Yields how many did, and the hits until then.
    fn watch(
        &self,
        plan: &Plan,
        mut scene: Scene<'_>,
        start: impl Fn(usize, u64) -> io::Result<Child>,
    ) -> io::Result<(u64, u64)> {
        let begun = Instant::now();
        let mut faults = 0;
        self.workers.complete(plan.workers, &start)?;
        while begun.elapsed() < plan.time * 2 / 3 && self.is_well(plan) {
            (plan.scenario.happens)(&mut scene);
            faults += 1;
            self.workers.complete(plan.workers, &start)?;
        }
        // A fault may take long on a busy machine: to reap a process that was killed has taken ten seconds.
        let ended = Instant::now();
        let count = |what: Count| self.counts[what as usize].load(Ordering::Relaxed);
        let hits = count(Count::Hits);
        // Where many others work, a second may be too short for one write.
        let is_used = || count(Count::Hits) > hits && count(Count::Writes) > 0;
        while (begun.elapsed() < plan.time || (!is_used() && ended.elapsed() < RECOVERY)) && self.is_well(plan) {
            thread::sleep(Duration::from_millis(20));
            self.workers.complete(plan.workers, &start)?;
        }
        Ok((faults, hits))
    }

    /// With a mistake, one violation is enough.
    fn is_well(&self, plan: &Plan) -> bool {
        plan.mistake.is_none() || self.violations.load(Ordering::Relaxed) == 0
    }

    fn report(&self, faults: u64, hits_before: u64) -> Report {
        let counts = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        Report {
            counts,
            hits_afterwards: counts[Count::Hits as usize] - hits_before,
            deaths: self.workers.deaths(),
            faults,
            violations: self.violations.load(Ordering::Relaxed),
            first: self.first.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

fn accept(listener: &TcpListener, ledger: &Arc<Ledger>) {
    for stream in listener.incoming().flatten() {
        if !ledger.goes_on.load(Ordering::SeqCst) {
            return;
        }
        let ledger = Arc::clone(ledger);
        thread::spawn(move || {
            let mut line = Line { stream, ledger, held_since: None, open: None };
            // It ends when the worker does, and then what it had committed is left to its hold.
            let _ended = line.serve();
            line.open.take().into_iter().for_each(|open| line.ledger.table.leave(open));
        });
    }
}

/// The connection of one thread of a worker.
struct Line {
    stream: TcpStream,
    ledger: Arc<Ledger>,
    held_since: Option<Instant>,
    open: Option<Open>,
}

impl Line {
    fn serve(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        loop {
            let sentence = Sentence::read(&mut self.stream)?;
            let answer = self.answer(sentence)?;
            self.stream.write_all(&answer.to_le_bytes())?;
        }
    }

    fn answer(&mut self, Sentence { word, row, content }: Sentence) -> io::Result<u64> {
        let table = &self.ledger.table;
        let shape = usize::try_from(content).ok().and_then(|place| Shape::ALL.get(place).copied());
        match word {
            Word::Hello => return Ok(table.count() as u64),
            Word::Next => return Ok(u64::from(self.ledger.goes_on.load(Ordering::SeqCst))),
            Word::Read => return Ok(table.committed(row)),
            Word::Floor => return Ok(shape.map_or_else(|| table.floor(row), |shape| table.floor_of_key(shape, row))),
            Word::Begin => self.held_since = Some(Instant::now()),
            Word::Commit => {
                let held_since = self.held_since.take().filter(|_| content == 1);
                self.open = table.commit(row, held_since);
                return Ok(self.open.map_or(REFUSED, Open::into_number));
            }
            Word::Acknowledge => match (self.open.take(), shape) {
                (Some(open), Some(shape)) => table.acknowledge_key(shape, open),
                (Some(open), None) => table.acknowledge(open),
                (None, _) => {}
            },
            Word::Leave => self.open.take().into_iter().for_each(|open| table.leave(open)),
            Word::Count => self.count(row, content),
            Word::Violation => self.violation(content)?,
        }
        Ok(0)
    }

    fn count(&self, what: usize, by: u64) {
        self.ledger.counts.iter().skip(what).take(1).for_each(|count| {
            count.fetch_add(by, Ordering::Relaxed);
        });
    }

    fn violation(&mut self, length: u64) -> io::Result<()> {
        let mut text = vec![0; length as usize];
        self.stream.read_exact(&mut text)?;
        self.ledger.violations.fetch_add(1, Ordering::Relaxed);
        let mut first = self.ledger.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| String::from_utf8_lossy(&text).into_owned());
        Ok(())
    }
}
