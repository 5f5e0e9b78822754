//! Writers over a real database and Redis that do not come to their end: nothing outdated is served, whatever they leave behind.
//! `cargo xtask test databases` runs histories of several processes over the same.
#![cfg(test)]

use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use easy_cache_history::databases::items::{Items, Way};
use easy_cache_history::databases::kind::Kind;
use easy_cache_history::databases::negligent::Mistake;
use easy_cache_history::databases::parent::{Plan, Site};
use easy_cache_history::databases::referee::Referee;
use easy_cache_history::databases::scenario;
use easy_cache_history::databases::session::Dropped;
use easy_cache_history::databases::through::{Orm, Through};
use easy_cache_history::databases::worker::{Places, words_to_die};
use easy_cache_history::steps::{Death, Step};
use easy_cache_servers::Proxy;
use easy_cache_servers::proxy::Direction;
use sea_orm::TransactionTrait;

/// How long writers hold, here.
const HOLD_FOR: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_easy-cache-history"))
}

fn site() -> &'static Site {
    static SITE: LazyLock<Site> = LazyLock::new(|| Site::start(Kind::Postgres));
    &SITE
}

/// A reader, and the truth.
struct Scene {
    places: Places,
    referee: Referee,
    reader: Through,
}

impl Scene {
    async fn new(rows: i32) -> Self {
        let (places, referee) = site().prepare(rows).await.unwrap();
        let reader = through(Orm::SeaOrm, &places).await;
        Self { places, referee, reader }
    }

    async fn cache(&self, row: i32) {
        self.reader.call(row, &AtomicBool::default()).await.unwrap();
        assert_eq!(self.reader.look(row).await, Some(0));
    }

    async fn committed(&self, row: i32) -> i64 {
        self.referee.committed().await.unwrap()[row as usize]
    }

    /// Looks and calls until all holds have ended, and there are hits again: what is found is never older than what was committed before.
    async fn until_served(&self, rows: i32) {
        let begun = Instant::now();
        for row in 0..rows {
            self.until_one_is_served(row, begun).await;
        }
    }

    async fn until_one_is_served(&self, row: i32, begun: Instant) {
        loop {
            let committed = self.committed(row).await;
            let found = self.reader.look(row).await;
            if found.is_some_and(|number| number < committed) {
                panic!("row {row} is served as {found:?}, and {committed} was committed");
            }
            // Only the writer's end, or the deadline of its hold, lets an entry be served: the entry of before is no proof of that.
            if found.is_some() && begun.elapsed() > HOLD_FOR {
                return;
            }
            assert!(self.reader.call(row, &AtomicBool::default()).await.unwrap() >= committed);
            assert!(begun.elapsed() < PATIENCE, "row {row} is never served again");
        }
    }
}

/// A cache of its own over the shared store, as another process has it.
async fn connect(places: &Places) -> Items {
    let cache = places.cache(0, Death::Elsewhere, None).unwrap();
    Items::connect(&places.database, &cache, HOLD_FOR).await.unwrap()
}

/// The same through either ORM.
async fn through(orm: Orm, places: &Places) -> Through {
    let cache = places.cache(0, Death::Elsewhere, None).unwrap();
    Through::connect(orm, &places.database, &cache, HOLD_FOR).await.unwrap()
}

/// Whether the entry is still served right after the death of its writer, and what that has committed.
const fn left_by(step: Step) -> (bool, i64) {
    match step {
        Step::BeforeHold => (true, 0),
        Step::Held => (false, 0),
        Step::Committed | Step::Invalidated | Step::Released => (false, 1),
    }
}

// case 89
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_killed_at_any_step_leaves_nothing_outdated() {
    let deaths: Vec<_> = Orm::ALL.into_iter().flat_map(|orm| Step::ALL.map(|step| (orm, step))).collect();
    let scene = Scene::new(deaths.len() as i32).await;
    for (row, (orm, step)) in (0..).zip(&deaths) {
        scene.cache(row).await;
        let words = words_to_die(&scene.places, *orm, row, HOLD_FOR, *step);
        let died = Command::new(program()).arg("database-writer").args(words).stdin(Stdio::null()).status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&died), Some(9), "{orm:?}, {step:?}");
        let (served, number) = left_by(*step);
        assert_eq!(scene.reader.look(row).await, served.then_some(0), "{orm:?}, {step:?}");
        assert_eq!(scene.committed(row).await, number, "{orm:?}, {step:?}");
        assert_eq!(scene.reader.call(row, &AtomicBool::default()).await.unwrap(), number, "{orm:?}, {step:?}");
    }
    scene.until_served(deaths.len() as i32).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_leaves_nothing_outdated() {
    let scene = Scene::new(2).await;
    for (row, direction) in [(0, Direction::ToClient), (1, Direction::ToServer)] {
        scene.cache(row).await;
        let way = Proxy::before(([127, 0, 0, 1], site().port()).into());
        let database = scene.places.truth.replace(&format!(":{}/", site().port()), &format!(":{}/", way.port()));
        let writer = connect(&Places { database, ..scene.places.clone() }).await;
        let tx = writer.db.begin().await.unwrap();
        writer.raise_in(&tx, row).await.unwrap();
        way.cut_at_next(direction);
        tx.commit().await.unwrap_err();
        assert_eq!(scene.reader.look(row).await, None, "nobody knows what is true");
        assert_eq!(scene.reader.call(row, &AtomicBool::default()).await.unwrap(), scene.committed(row).await);
    }
    scene.until_served(2).await;
    assert_eq!(scene.referee.committed().await.unwrap(), [1, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_dropped_at_any_await_leaves_nothing_outdated() {
    const POLLS: i32 = 20;
    let writers_and_ways = 2 * Way::ALL.len() as i32;
    let rows = POLLS * writers_and_ways;
    let scene = Scene::new(rows).await;
    let writers = [through(Orm::SeaOrm, &scene.places).await, through(Orm::Diesel, &scene.places).await];
    let mut ends = Vec::new();
    for row in 0..rows {
        scene.cache(row).await;
        let writer = &writers[row as usize % 2];
        let way = Way::ALL[row as usize / 2 % Way::ALL.len()];
        // Each way of each writer at each count, also the odd ones.
        let polls = (row / writers_and_ways) as u64;
        let ended = Dropped { inner: pin!(writer.write(row, way)), polls }.await;
        ends.push(ended.is_some());
        let committed = scene.committed(row).await;
        let found = scene.reader.look(row).await;
        assert!(found.is_none_or(|number| number >= committed), "{way:?} after {polls} polls: {found:?}, {committed}");
    }
    assert!(ends.contains(&false), "none was dropped");
    assert!(ends.contains(&true), "none came to its end");
    scene.until_served(rows).await;
}

// case 87
#[test]
fn no_rule_is_broken_by_readers_of_snapshots_and_writers_that_are_killed() {
    let Some(killed) = scenario::named("killed") else { panic!("there is no such scenario") };
    let report = site().run(&Plan::new(program().into(), killed)).unwrap();
    assert_eq!(report.first, None);
    assert!(report.deaths > 0 && report.counts.writes > 0 && report.hits_afterwards > 0, "{report:?}");
}

#[test]
fn a_writer_that_does_not_hold_is_found_out() {
    let Some(calm) = scenario::named("calm") else { panic!("there is no such scenario") };
    let mistake = Some(Mistake::HoldsNothing);
    let report = site().run(&Plan { time: PATIENCE, mistake, ..Plan::new(program().into(), calm) }).unwrap();
    let Some(first) = report.first else { panic!("it was not noticed") };
    // Which of the two is met first is luck: a hit, or a value computed from what was, between COMMIT and invalidation.
    assert!(first.starts_with("strict: ") || first.starts_with("acknowledged"), "{first}");
}
