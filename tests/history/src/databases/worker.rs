//! A worker: a process with a cache over Redis and a wrapped connection to the database, and a few tasks that use them.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_redis::RedisStore;
use sea_orm::DbErr;

use super::items::{HOLD_FOR, Way};
use super::negligent::{Mistake, Negligent};
use super::referee::Referee;
use super::session::{Session, Shared};
use super::through::{Orm, Through};
use crate::steps::{Death, Step, Steps};

const STORE_TIMEOUT: Duration = Duration::from_millis(500);

/// Where things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The database.
    pub database: String,
    /// The same by a way that nothing happens to.
    pub truth: String,
    /// Redis.
    pub redis: String,
    /// Of this history alone.
    pub namespace: String,
}

/// What a worker is told on its command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Where things are.
    pub places: Places,
    /// Through what it reads and writes.
    pub orm: Orm,
    /// How many rows there are.
    pub rows: i32,
    /// Which random operations.
    pub seed: u64,
    /// How many tasks.
    pub tasks: u64,
    /// Whether it dies in the middle of writes.
    pub dies: bool,
    /// Whether the futures of writes are dropped.
    pub drops: bool,
    /// What is left out.
    pub mistake: Option<Mistake>,
}

impl Places {
    fn words(&self) -> [String; 4] {
        let Self { database, truth, redis, namespace } = self.clone();
        [database, truth, redis, namespace]
    }

    fn read(words: &[String]) -> Option<Self> {
        let [database, truth, redis, namespace] = words else { return None };
        let [database, truth, redis, namespace] = [database, truth, redis, namespace].map(Clone::clone);
        Some(Self { database, truth, redis, namespace })
    }

    /// A cache over the shared store, whose writers die as it is said.
    ///
    /// # Errors
    /// If the store refuses its settings.
    pub fn cache(&self, seed: u64, death: Death, mistake: Option<Mistake>) -> Result<Cache, easy_cache_core::Error> {
        let store = RedisStore::builder(&self.namespace).url(&self.redis).build()?;
        let store = Steps::new(Negligent::new(store, mistake), seed, death);
        Ok(Cache::builder().namespace(&self.namespace).store_timeout(STORE_TIMEOUT).store(store).build())
    }
}

impl Task {
    /// As words of a command line.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mistake = self.mistake.map_or_else(|| "none".to_owned(), |mistake| format!("{mistake:?}"));
        let numbers = [self.rows as u64, self.seed, self.tasks, u64::from(self.dies), u64::from(self.drops)]
            .map(|n| n.to_string());
        self.places.words().into_iter().chain([self.orm.name().to_owned(), mistake]).chain(numbers).collect()
    }

    /// The task that some words are.
    #[must_use]
    pub fn read(words: &[String]) -> Option<Self> {
        let (places, [orm, mistake, numbers @ ..]) = words.split_at_checked(4)? else { return None };
        let numbers: Option<Vec<u64>> = numbers.iter().map(|number| number.parse().ok()).collect();
        let [rows, seed, tasks, dies, drops] = numbers?.try_into().ok()?;
        Some(Self {
            places: Places::read(places)?,
            orm: Orm::named(orm)?,
            rows: i32::try_from(rows).ok()?,
            seed,
            tasks,
            dies: dies == 1,
            drops: drops == 1,
            mistake: Mistake::named(mistake),
        })
    }

    /// Does it, until the parent closes the input.
    ///
    /// # Errors
    /// If the database or the store cannot be used at all.
    pub fn work(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let done = runtime.block_on(self.run()).map_err(io::Error::other);
        // Nothing is waited for that goes on behind the last call.
        runtime.shutdown_background();
        done
    }

    async fn run(self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Self { places, orm, rows, seed, tasks, dies, drops, mistake } = self;
        let death = if dies { Death::Anywhere } else { Death::Elsewhere };
        let cache = places.cache(seed, death, mistake)?;
        let items = Through::connect(orm, &places.database, &cache, HOLD_FOR).await?;
        let referee = Referee::connect(&places.truth, tasks as u32).await?;
        let shared = Arc::new(Shared { items, referee, rows, drops, mistake, done: AtomicBool::new(false) });
        let ends = Arc::clone(&shared);
        thread::spawn(move || {
            let _closed = io::stdin().read(&mut [0]);
            ends.done.store(true, Ordering::SeqCst);
        });
        let session = |number: u64| {
            let shared = Arc::clone(&shared);
            let seed = seed.wrapping_mul(1_000).wrapping_add(number);
            tokio::spawn(async move { Session::new(&shared, seed).run().await })
        };
        for session in (0..tasks).map(session).collect::<Vec<_>>() {
            if session.await.map_err(|_| DbErr::Custom("a task panicked".into())).and_then(|ended| ended).is_err()
                && !shared.done.load(Ordering::SeqCst)
            {
                shared.referee.violation("a task of a worker failed").await?;
            }
        }
        Ok(())
    }
}

/// Writes one row, and dies at a step of that. What is left of it is for others to see.
///
/// # Errors
/// If it could not write at all.
pub fn write_and_die(words: &[String]) -> io::Result<()> {
    let (places, [orm, row, hold_for, step]) = words.split_at_checked(4).ok_or(io::ErrorKind::InvalidInput)? else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let (Some(places), Some(orm), Some(step)) = (Places::read(places), Orm::named(orm), Step::named(step)) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let [row, hold_for] = [row, hold_for].map(|word| word.parse::<u32>().unwrap_or_default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let cache = places.cache(0, Death::At(step), None).map_err(io::Error::other)?;
        let hold_for = Duration::from_millis(hold_for.into());
        let items = Through::connect(orm, &places.database, &cache, hold_for).await.map_err(io::Error::other)?;
        items.write(row as i32, Way::Transaction).await.map_err(io::Error::other)
    })
}

/// The words for [`write_and_die`].
#[must_use]
pub fn words_to_die(places: &Places, orm: Orm, row: i32, hold_for: Duration, step: Step) -> Vec<String> {
    let hold_for = hold_for.as_millis().to_string();
    places.words().into_iter().chain([orm.name().to_owned(), row.to_string(), hold_for, format!("{step:?}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_what_its_words_say() {
        let [database, truth, redis, namespace] = ["a", "b", "c", "d"].map(str::to_owned);
        let task = Task {
            places: Places { database, truth, redis, namespace },
            orm: Orm::Diesel,
            rows: 7,
            seed: 8,
            tasks: 9,
            dies: true,
            drops: false,
            mistake: Some(Mistake::KeepsSnapshots),
        };
        assert_eq!(Task::read(&task.words()), Some(task));
    }
}
