//! Processes that work for a history: started, killed, started again, and waited for in the end.

use std::collections::BTreeMap;
use std::io;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The running workers.
#[derive(Debug, Default)]
pub struct Workers {
    running: Mutex<BTreeMap<usize, Child>>,
    deaths: AtomicU64,
}

impl Workers {
    /// Ends one as `kill -9` does.
    pub fn kill(&self, number: usize) {
        let mut running = self.running();
        let count = running.len().max(1);
        if let Some(worker) = running.values_mut().nth(number % count) {
            // It may have died of another cause; it is reaped where it is replaced.
            let _dead_already = worker.kill();
        }
    }

    /// Ends all.
    pub fn kill_all(&self) {
        for worker in self.running().values_mut() {
            let _dead_already = worker.kill();
        }
    }

    /// How many have died.
    pub(crate) fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::Relaxed)
    }

    /// Starts those that do not run, or ended by a signal.
    pub(crate) fn complete(&self, count: usize, start: impl Fn(usize, u64) -> io::Result<Child>) -> io::Result<()> {
        let mut running = self.running();
        for number in 0..count {
            if let Some(worker) = running.get_mut(&number) {
                if worker.try_wait()?.is_none() {
                    continue;
                }
                self.deaths.fetch_add(1, Ordering::Relaxed);
            }
            running.insert(number, start(number, self.deaths.load(Ordering::Relaxed))?);
        }
        Ok(())
    }

    /// Waits for all of them; who reads its input finds its end.
    pub(crate) fn wait(&self) {
        let workers = std::mem::take(&mut *self.running());
        for mut worker in workers.into_values() {
            let _ended = worker.wait();
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<usize, Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
