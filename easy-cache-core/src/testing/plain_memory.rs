//! A plain store in memory, on the injected clock: what tests put underneath, and beside which others are compared.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Moment, NEVER};
use crate::store::PlainStore;

/// Values by key, each with its end.
type Values = HashMap<String, (Vec<u8>, Moment)>;

/// A [`PlainStore`] in memory that counts the trips to it. Clones share everything, as the processes do that share a server.
#[derive(Clone)]
pub struct MemoryPlainStore {
    values: Arc<Mutex<Values>>,
    trips: Arc<AtomicU64>,
    clock: Clock,
}

impl Default for MemoryPlainStore {
    fn default() -> Self {
        Self::new(Clock::system())
    }
}

impl MemoryPlainStore {
    /// An empty store; its ttls are told by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { values: Arc::default(), trips: Arc::default(), clock }
    }

    /// How often it was asked for something, since the last time this was called.
    #[must_use]
    pub fn take_trips(&self) -> u64 {
        self.trips.swap(0, Ordering::SeqCst)
    }

    /// The keys that are there, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.values.lock().keys().cloned().collect();
        keys.sort_unstable();
        keys
    }

    /// Loses what is under the keys for which `lost` says so, as a server does that runs out of memory.
    pub fn lose(&self, mut lost: impl FnMut(&str) -> bool) {
        self.values.lock().retain(|key, _| !lost(key));
    }

    fn find(&self, key: &str) -> Option<Vec<u8>> {
        let values = self.values.lock();
        values.get(key).filter(|(_, end)| self.clock.precise() < *end).map(|(value, _)| value.clone())
    }

    fn put(&self, key: &str, value: &[u8], ttl: Option<Duration>) {
        let end = ttl.map_or(NEVER, |ttl| self.clock.deadline(ttl));
        self.values.lock().insert(key.to_owned(), (value.to_owned(), end));
    }

    fn trip(&self) {
        self.trips.fetch_add(1, Ordering::SeqCst);
    }
}

impl PlainStore for MemoryPlainStore {
    type Error = Infallible;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Infallible> {
        self.trip();
        Ok(self.find(key))
    }

    async fn get_many(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, Infallible> {
        self.trip();
        Ok(keys.iter().map(|key| self.find(key)).collect())
    }

    async fn set(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Infallible> {
        self.trip();
        self.put(key, value, ttl);
        Ok(())
    }

    async fn set_many(&self, entries: &[(&str, &[u8])], ttl: Option<Duration>) -> Result<(), Infallible> {
        self.trip();
        entries.iter().for_each(|(key, value)| self.put(key, value, ttl));
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), Infallible> {
        self.trip();
        self.values.lock().remove(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryPlainStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPlainStore").field("keys", &self.values.lock().len()).finish_non_exhaustive()
    }
}
