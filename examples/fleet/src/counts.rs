//! What a shop counts: hits of each tier, as the cache tells the `metrics` facade, and trips to the store, by a store around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::events::names;
use easy_cache_core::store::{
    Fill, Filled, Following, Leased, Look, Looked, Mark, Mirror, Store, StoreFuture, Version,
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde::{Deserialize, Serialize};

/// The numbers of one shop since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) near_hits: u64,
    pub(crate) store_hits: u64,
    /// Values that were computed, and offered to the store.
    pub(crate) fills: u64,
    pub(crate) trips: u64,
}

/// Where they are counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    near_hits: Arc<AtomicU64>,
    store_hits: Arc<AtomicU64>,
    fills: Arc<AtomicU64>,
    trips: Arc<AtomicU64>,
}

impl Counters {
    pub(crate) fn now(&self) -> Counts {
        let [near_hits, store_hits, fills, trips] =
            [&self.near_hits, &self.store_hits, &self.fills, &self.trips].map(|count| count.load(Ordering::Relaxed));
        Counts { near_hits, store_hits, fills, trips }
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let tier = key.labels().find(|label| label.key() == "tier").map(|label| label.value());
        match (key.name(), tier) {
            (names::HITS, Some("near")) => Counter::from_arc(Arc::clone(&self.near_hits)),
            (names::HITS, _) => Counter::from_arc(Arc::clone(&self.store_hits)),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// A store whose operations are counted: each is a trip, or two at a first encounter.
#[derive(Debug)]
pub(crate) struct Counted<S> {
    store: S,
    counters: Counters,
}

impl<S> Counted<S> {
    pub(crate) const fn new(store: S, counters: Counters) -> Self {
        Self { store, counters }
    }

    fn counted(&self) -> &S {
        self.counters.trips.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

impl<S: Store> Store for Counted<S> {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.counted().look(look)
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.counters.fills.fetch_add(1, Ordering::Relaxed);
        self.counted().fill(fill)
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        self.counted().invalidate(tags, keys)
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        self.counted().invalidate_all()
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        self.counted().hold(mark, within)
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        self.counted().release(mark)
    }

    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        self.counted().lease(key, holder, within)
    }

    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        self.counted().end_lease(key, holder)
    }

    fn guards_itself(&self) -> bool {
        self.store.guards_itself()
    }

    fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        self.store.follow(mirror, bound)
    }
}
