//! `bench`: how fast a store is from here, with the operations of a cache. What it makes, it takes away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use easy_cache_core::store::{Fill, Filled, Inspect, Look, Looked};
use easy_cache_core::{Error, Tag};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::answer::{Answer, Failure};
use crate::arguments::Load;
use crate::show;
use crate::table::Table;
use crate::target::Target;

/// Nobody else's.
pub(crate) const NAMESPACE: &str = "easy-cache-bench";
/// How many keys there are: each caller has its own share of them.
const KEYS: usize = 1024;
/// If the command is killed, its values go by themselves.
const TTL: Duration = Duration::from_secs(120);

/// What is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Hit,
    Miss,
    Invalidation,
}

/// One caller's world.
struct Caller {
    store: Arc<dyn Inspect>,
    keys: Vec<String>,
    tags: Vec<Tag>,
    payload: Vec<u8>,
}

pub(crate) async fn run(target: &Target, load: &Load) -> Result<Answer, Failure> {
    let failed = |error: Error| target.failed(&error);
    let callers: Vec<_> = (0..load.concurrency).map(|number| Arc::new(Caller::new(target, load, number))).collect();
    for caller in &callers {
        for key in &caller.keys {
            caller.fill(key).await.map_err(failed)?;
        }
    }
    let (mut table, mut json) = (Table::new(["operation", "per second", "p50", "p99", "slowest"]), Map::new());
    for (name, work) in [("hit", Work::Hit), ("miss and fill", Work::Miss), ("invalidation", Work::Invalidation)] {
        let taken = measure(&callers, work, Duration::from_secs(load.seconds)).await.map_err(failed)?;
        add(name, taken, Duration::from_secs(load.seconds), &mut table, &mut json);
    }
    clear(&callers).await.map_err(failed)?;
    let (bytes, tags, concurrency) = (load.bytes, load.tags, load.concurrency);
    let head = format!("{}: {concurrency} callers, values of {bytes} bytes, {tags} tags\n\n", target.shown);
    Ok(Answer::new(
        head + &table.to_string(),
        json!({ "concurrency": concurrency, "bytes": bytes, "tags": tags, "operations": json }),
    ))
}

impl Caller {
    fn new(target: &Target, load: &Load, number: u32) -> Self {
        let share = (KEYS / load.concurrency as usize).max(1);
        Self {
            store: Arc::clone(&target.store),
            keys: (0..share).map(|key| format!("{number}:{key}")).collect(),
            tags: (0..load.tags).map(|tag| Tag::new(format!("{number}:{tag}"))).collect(),
            payload: vec![b'x'; load.bytes as usize],
        }
    }

    async fn fill(&self, key: &str) -> Result<(), Error> {
        let fence = match self.store.look(Look::new(key.as_bytes(), &self.tags)).await? {
            Looked::Hit(hit) => hit.fence,
            Looked::Miss(miss) => miss.fence,
        };
        let mut fill = Fill::new(key.as_bytes(), &self.payload, fence.as_ref());
        fill.tags = &self.tags;
        fill.ttl = Some(TTL);
        match self.store.fill(fill).await? {
            Filled::Kept => Ok(()),
            _ => Err(Error::store(
                "failed to store a value",
                "the store did not keep it: it may be full, or limit values to less",
            )),
        }
    }

    async fn once(&self, work: Work, key: &str) -> Result<(), Error> {
        match work {
            Work::Hit => match self.store.look(Look::new(key.as_bytes(), &self.tags)).await? {
                Looked::Hit(_) => Ok(()),
                Looked::Miss(miss) => Err(Error::store("failed to find a value again", format!("{:?}", miss.reason))),
            },
            Work::Miss => self.fill(key).await,
            Work::Invalidation => self.store.invalidate(&self.tags, &[key.as_bytes()]).await,
        }
    }

    /// Goes on for a while, and yields how long each took.
    async fn go_on(&self, work: Work, time: Duration) -> Result<Vec<Duration>, Error> {
        let (begun, mut taken) = (Instant::now(), Vec::new());
        for key in self.keys.iter().cycle() {
            let before = Instant::now();
            self.once(work, key).await?;
            taken.push(before.elapsed());
            if begun.elapsed() >= time {
                break;
            }
        }
        Ok(taken)
    }
}

async fn measure(callers: &[Arc<Caller>], work: Work, time: Duration) -> Result<Vec<Duration>, Error> {
    let mut running = JoinSet::new();
    for caller in callers {
        let caller = Arc::clone(caller);
        running.spawn(async move { caller.go_on(work, time).await });
    }
    let mut all = Vec::new();
    while let Some(ended) = running.join_next().await {
        all.extend(ended.map_err(|error| Error::store("failed to run a caller", error))??);
    }
    all.sort_unstable();
    Ok(all)
}

fn add(name: &str, taken: Vec<Duration>, time: Duration, table: &mut Table, json: &mut Map<String, Value>) {
    let rate = taken.len() as f64 / time.as_secs_f64();
    let part = |part: f64| taken.get(((taken.len() as f64 * part) as usize).min(taken.len().saturating_sub(1)));
    let [half, most, slowest] = [0.5, 0.99, 1.0].map(|of| part(of).copied().unwrap_or_default().as_micros() as u64);
    let cell = |microseconds| format!("{} µs", show::number(microseconds));
    table.row([name.to_owned(), show::number(rate as u64), cell(half), cell(most), cell(slowest)]);
    json.insert(name.to_owned(), json!({ "per_second": rate, "p50_us": half, "p99_us": most, "slowest_us": slowest }));
}

/// The entries become unservable and end with their ttl; the records of keys and tags go now.
async fn clear(callers: &[Arc<Caller>]) -> Result<(), Error> {
    for caller in callers {
        let keys: Vec<&[u8]> = caller.keys.iter().map(String::as_bytes).collect();
        caller.store.invalidate(&caller.tags, &keys).await?;
    }
    Ok(())
}
