//! Calls back who wants to know of changes: one after the other, on a thread of its own, so that no write waits for a callback.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock};

use super::change::{Change, Changes};
use crate::{Rows, TableName, Touched, WriteKind};

type Callback = Arc<dyn Fn(&Change) + Send + Sync>;

/// How many changes wait one by one. More than these mean that a callback is slower than the writes.
const MOST_WAITING: usize = 1_024;

/// The callbacks of one database. Its thread ends when it is dropped and everything was told.
#[derive(Default)]
pub(super) struct Telling {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether there are any: what every write asks.
    is_asked: AtomicBool,
    callbacks: RwLock<HashMap<TableName, Vec<Callback>>>,
    queue: Mutex<Queue>,
    /// Something was queued, or told, or nobody will ask any more.
    moved: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Change>,
    /// How many were ever put behind the others, and how many of these were told.
    queued: u64,
    told: u64,
    is_running: bool,
    is_closed: bool,
}

impl Telling {
    pub(super) fn add(&self, table: TableName, callback: Callback) {
        self.shared.callbacks.write().entry(table).or_default().push(callback);
        self.shared.is_asked.store(true, Ordering::Release);
    }

    /// What of these writes somebody wants to know.
    pub(super) fn asked_for(&self, touched: &Touched) -> Changes {
        if !self.shared.is_asked.load(Ordering::Acquire) {
            return Changes::default();
        }
        let callbacks = self.shared.callbacks.read();
        if touched.opaque.is_some() {
            let unknown = |table: &TableName| Change { table: table.clone(), kind: WriteKind::Change, rows: Rows::All };
            return Changes::of(callbacks.keys().map(unknown));
        }
        let asked = touched.writes.iter().filter(|write| callbacks.contains_key(&write.table));
        Changes::of(asked.map(|write| Change {
            table: write.table.clone(),
            kind: write.kind,
            rows: write.rows.clone(),
        }))
    }

    pub(super) fn tell(&self, changes: Changes) {
        let mut changes = changes.take().peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut queue = self.shared.queue.lock();
        changes.for_each(|change| queue.push(change));
        if !queue.is_running {
            queue.is_running = self.start();
        }
        self.shared.moved.notify_all();
    }

    /// If there is no thread to be had, the next change tries again.
    fn start(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new().name("easy-cache-changes".to_owned()).spawn(move || shared.run());
        if let Err(error) = &started {
            tracing::error!(%error, "failed to start the thread that tells of changes: they wait");
        }
        started.is_ok()
    }

    pub(super) fn wait(&self, within: Duration) -> bool {
        // `None` is later than any clock can say: there is no end to wait for.
        let until = Instant::now().checked_add(within);
        let mut queue = self.shared.queue.lock();
        let queued = queue.queued;
        while queue.told < queued {
            let Some(until) = until else {
                self.shared.moved.wait(&mut queue);
                continue;
            };
            if self.shared.moved.wait_until(&mut queue, until).timed_out() {
                return queue.told >= queued;
            }
        }
        true
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.shared.queue.lock().is_closed = true;
        self.shared.moved.notify_all();
    }
}

impl Shared {
    fn run(&self) {
        while let Some(change) = self.next() {
            let callbacks = self.callbacks.read().get(&change.table).cloned().unwrap_or_default();
            for callback in callbacks {
                if catch_unwind(AssertUnwindSafe(|| callback(&change))).is_err() {
                    tracing::error!(table = %change.table, "a callback panicked at a change");
                }
            }
            self.queue.lock().told += 1;
            self.moved.notify_all();
        }
    }

    /// Waits for it; `None` if there will be none.
    fn next(&self) -> Option<Change> {
        let mut queue = self.queue.lock();
        loop {
            if let Some(change) = queue.waiting.pop_front() {
                return Some(change);
            }
            if queue.is_closed {
                return None;
            }
            self.moved.wait(&mut queue);
        }
    }
}

impl Queue {
    /// Behind [`MOST_WAITING`] others there is one change for each table, of everything in it.
    fn push(&mut self, change: Change) {
        let mut behind = self.waiting.iter_mut().skip(MOST_WAITING);
        if let Some(summary) = behind.find(|waiting| waiting.table == change.table) {
            summary.kind = WriteKind::Change;
            summary.rows = Rows::All;
            return;
        }
        if self.waiting.len() == MOST_WAITING {
            tracing::warn!("callbacks are slower than the writes: changes are told together, without their keys");
        }
        self.waiting.push_back(change);
        self.queued += 1;
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telling").field("is_asked", &self.shared.is_asked).finish_non_exhaustive()
    }
}
