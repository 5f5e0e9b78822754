//! Several processes that read and write a few rows while the cluster has its troubles; and whoever is given something from
//! before an invalidation that had returned is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Look, Looked, Store};
use easy_cache_redis::RedisClusterStore;

const ROWS: usize = 24;
const PATIENCE: Duration = Duration::from_secs(90);

/// A row of what is cached.
#[derive(Default)]
struct Row {
    now: AtomicU64,
    /// What it was when the latest invalidation began that has returned.
    floor: AtomicU64,
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: AtomicU64,
    pub(crate) kept: AtomicU64,
    pub(crate) invalidations: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) outdated: AtomicU64,
    /// In milliseconds.
    pub(crate) longest: AtomicU64,
}

pub(crate) struct Stress {
    pub(crate) counts: Arc<Counts>,
    ended: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Stress {
    /// Each store stands for a process, which reads and writes.
    pub(crate) fn begin(stores: Vec<RedisClusterStore>) -> Self {
        let (counts, ended) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
        let rows: Arc<[Row]> = (0..ROWS).map(|_| Row::default()).collect();
        let mut tasks = Vec::new();
        for (number, store) in stores.into_iter().enumerate() {
            for task in 0..4 {
                let worker = Worker { store: store.clone(), rows: Arc::clone(&rows), counts: Arc::clone(&counts) };
                let ended = Arc::clone(&ended);
                tasks.push(tokio::spawn(async move {
                    let mut turn = number * 7 + task * 3;
                    while !ended.load(Ordering::Relaxed) {
                        turn += 1;
                        match task {
                            0 => worker.write(turn % ROWS).await,
                            _ => worker.read(turn % ROWS).await,
                        }
                    }
                }));
            }
        }
        Self { counts, ended, tasks }
    }

    /// Waits until so many more hits, and so many more invalidations, have come.
    pub(crate) async fn goes_well(&self) {
        let (hits, invalidations) =
            (self.counts.hits.load(Ordering::Relaxed), self.counts.invalidations.load(Ordering::Relaxed));
        let begun = Instant::now();
        while self.counts.hits.load(Ordering::Relaxed) < hits + 500
            || self.counts.invalidations.load(Ordering::Relaxed) < invalidations + 100
        {
            assert!(begun.elapsed() < PATIENCE, "it never went well: {:?}", self.counts);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn end(self) -> Arc<Counts> {
        self.ended.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        println!("{:?}", self.counts);
        self.counts
    }
}

struct Worker {
    store: RedisClusterStore,
    rows: Arc<[Row]>,
    counts: Arc<Counts>,
}

impl Worker {
    async fn timed<T, E>(&self, operation: impl Future<Output = Result<T, E>>) -> Option<T> {
        let begun = Instant::now();
        let done = operation.await;
        self.counts.longest.fetch_max(begun.elapsed().as_millis() as u64, Ordering::Relaxed);
        if done.is_err() {
            self.counts.failures.fetch_add(1, Ordering::Relaxed);
            // What computes instead takes a while, too.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        done.ok()
    }

    async fn read(&self, row: usize) {
        let floor = self.rows[row].floor.load(Ordering::SeqCst);
        let (key, tags) = (format!("row:{row}"), [Tag::new(format!("t{row}"))]);
        let known: &[Tag] = if floor.is_multiple_of(2) { &tags } else { &[] };
        let Some(looked) = self.timed(self.store.look(Look::new(key.as_bytes(), known))).await else { return };
        match looked {
            Looked::Hit(hit) => {
                self.counts.hits.fetch_add(1, Ordering::Relaxed);
                let value = u64::from_be_bytes(hit.payload.try_into().unwrap());
                self.counts.outdated.fetch_add(u64::from(value < floor), Ordering::Relaxed);
            }
            Looked::Miss(miss) => {
                let value = self.rows[row].now.load(Ordering::SeqCst).to_be_bytes();
                tokio::task::yield_now().await;
                let mut fill = Fill::new(key.as_bytes(), &value, miss.fence.as_ref());
                fill.tags = &tags;
                if self.timed(self.store.fill(fill)).await == Some(Filled::Kept) {
                    self.counts.kept.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// One writer of a row at a time, or none would know what its invalidation covers.
    async fn write(&self, row: usize) {
        let (now, key) = (self.rows[row].now.fetch_add(1, Ordering::SeqCst) + 1, format!("row:{row}"));
        let tags = [Tag::new(format!("t{row}"))];
        let (tags, keys): (&[Tag], Vec<&[u8]>) =
            if now % 3 == 0 { (&[], vec![key.as_bytes()]) } else { (&tags, vec![]) };
        if self.timed(self.store.invalidate(tags, &keys)).await.is_some() {
            self.rows[row].floor.fetch_max(now, Ordering::SeqCst);
            self.counts.invalidations.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
