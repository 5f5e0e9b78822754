//! The parent: starts the servers, the workers, and what goes wrong; and says what came of it.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use easy_cache_servers::{Proxy, Redis, unique};
use tokio::runtime::Runtime;

use super::items::HOLD_FOR;
use super::kind::{Kind, Running};
use super::negligent::Mistake;
use super::referee::{Counts, Referee};
use super::scenario::{Scenario, Scene};
use super::through::Orm;
use super::worker::{Places, Task};
use crate::random::Random;
use crate::workers::Workers;

/// How long it may take until there are hits again after the last fault, beyond the holds that are left.
const RECOVERY: Duration = Duration::from_secs(20);

/// A database and a Redis, with proxies before them, for several histories.
#[derive(Debug)]
pub struct Site {
    kind: Kind,
    /// Ends with this.
    _redis: Redis,
    redis_way: Proxy,
    database: Running,
    database_way: Proxy,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program that has the workers in it: this one, usually.
    pub program: PathBuf,
    /// What goes wrong.
    pub scenario: Scenario,
    /// For how long things go wrong.
    pub time: Duration,
    /// How many processes.
    pub workers: usize,
    /// How many tasks each has.
    pub tasks: u64,
    /// How many rows.
    pub rows: i32,
    /// Which random operations.
    pub seed: u64,
    /// What is left out, to see whether it is noticed.
    pub mistake: Option<Mistake>,
    /// Through what all processes read and write; every second one through Diesel if nobody says so, where that can be.
    pub orm: Option<Orm>,
}

impl Plan {
    /// A few seconds with three processes.
    #[must_use]
    pub const fn new(program: PathBuf, scenario: Scenario) -> Self {
        let time = Duration::from_secs(3);
        Self { program, scenario, time, workers: 3, tasks: 3, rows: 24, seed: 1, mistake: None, orm: None }
    }

    fn start(&self, kind: Kind, places: &Places, number: usize, deaths: u64) -> io::Result<Child> {
        let usual = if number % 2 == 1 { Orm::Diesel } else { Orm::SeaOrm };
        let task = Task {
            places: places.clone(),
            orm: if kind.is_for_diesel() { self.orm.unwrap_or(usual) } else { Orm::SeaOrm },
            rows: self.rows,
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(number as u64 * 1_009 + deaths * 10_007),
            tasks: self.tasks,
            dies: self.scenario.dies,
            drops: self.scenario.drops,
            mistake: self.mistake,
        };
        Command::new(&self.program).arg("database-worker").args(task.words()).stdin(Stdio::piped()).spawn()
    }
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was counted.
    pub counts: Counts,
    /// Hits after the last fault.
    pub hits_afterwards: i64,
    /// Workers that were killed.
    pub deaths: u64,
    /// Broken rules.
    pub violations: u64,
    /// The first of them.
    pub first: Option<String>,
}

impl Site {
    /// Starts the servers.
    ///
    /// # Panics
    /// If one is not installed.
    #[must_use]
    pub fn start(kind: Kind) -> Self {
        let (redis, database) = (Redis::start(), kind.start());
        let redis_way = Proxy::before(redis.address());
        let database_way = Proxy::before(([127, 0, 0, 1], database.port()).into());
        Self { kind, _redis: redis, redis_way, database, database_way }
    }

    /// The port of the database itself.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.database.port()
    }

    /// A database of its own in the server, with so many rows, and a namespace of its own in Redis.
    ///
    /// # Errors
    /// What the database says.
    pub async fn prepare(&self, rows: i32) -> Result<(Places, Referee), sea_orm::DbErr> {
        let truth = self.database.new_database();
        let referee = Referee::connect(&truth, 2).await?;
        referee.prepare(rows).await?;
        let database =
            truth.replace(&format!(":{}/", self.database.port()), &format!(":{}/", self.database_way.port()));
        let redis = format!("redis://{}", self.redis_way.address());
        Ok((Places { database, truth, redis, namespace: unique("databases") }, referee))
    }

    /// Runs the plan.
    ///
    /// # Errors
    /// If workers cannot be started, or the referee cannot be asked.
    pub fn run(&self, plan: &Plan) -> io::Result<Report> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (places, referee) = runtime.block_on(self.prepare(plan.rows)).map_err(io::Error::other)?;
        let workers = Workers::default();
        let ask = Ask { runtime, referee };
        let watched = self.watch(plan, &places, &workers, &ask);
        self.mend();
        workers.wait();
        let hits_before = watched?;
        let counts = ask.counts()?;
        let (violations, first) = ask.violations()?;
        let deaths = workers.deaths();
        Ok(Report { counts, hits_afterwards: counts.hits - hits_before, deaths, violations, first })
    }

    /// Lets things go wrong, and then waits until all holds that are left have ended, and there are hits again. Yields the hits until then.
    fn watch(&self, plan: &Plan, places: &Places, workers: &Workers, ask: &Ask) -> io::Result<i64> {
        let start = |number: usize, deaths: u64| plan.start(self.kind, places, number, deaths);
        let random = Random::new(plan.seed);
        let mut scene = Scene { database: &self.database_way, redis: &self.redis_way, random, workers };
        let is_well = || Ok::<_, io::Error>(plan.mistake.is_none() || ask.violations()?.0 == 0);
        workers.complete(plan.workers, start)?;
        let begun = Instant::now();
        // On a busy machine it takes longer until anything has happened at all.
        let has_begun = || Ok::<_, io::Error>(plan.scenario.has_happened(ask.counts()?, workers.deaths()));
        let goes_on =
            || Ok::<_, io::Error>(begun.elapsed() < plan.time || (begun.elapsed() < RECOVERY && !has_begun()?));
        while goes_on()? && is_well()? {
            (plan.scenario.happens)(&mut scene);
            workers.complete(plan.workers, start)?;
        }
        self.mend();
        let (before, begun) = (ask.counts()?.hits, Instant::now());
        let holds = if plan.scenario.leaves_holds { HOLD_FOR } else { Duration::ZERO };
        let is_over = || Ok::<_, io::Error>(begun.elapsed() >= holds && ask.counts()?.hits > before);
        while begun.elapsed() < holds + RECOVERY && is_well()? && !is_over()? {
            thread::sleep(Duration::from_millis(20));
            workers.complete(plan.workers, start)?;
        }
        Ok(before)
    }

    fn mend(&self) {
        self.database_way.mend();
        self.redis_way.mend();
    }
}

/// The referee, for who does not wait by itself.
#[derive(Debug)]
struct Ask {
    runtime: Runtime,
    referee: Referee,
}

impl Ask {
    fn counts(&self) -> io::Result<Counts> {
        self.runtime.block_on(self.referee.counts()).map_err(io::Error::other)
    }

    fn violations(&self) -> io::Result<(u64, Option<String>)> {
        self.runtime.block_on(self.referee.violations()).map_err(io::Error::other)
    }
}
