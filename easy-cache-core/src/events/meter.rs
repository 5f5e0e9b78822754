//! The way to the `metrics` facade. Hits are counted here, by core, and handed on in portions; all else goes there at once.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{
    Label, SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::{PUBLISH_EVERY, Tier, names};
use crate::clock::Moment;

/// Threads count beside each other, not over one another: more places than most machines have cores.
const PLACES: usize = 32;

/// Hits of some threads, on a cache line (or two, as processors fetch them) of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Hits(AtomicU64);

/// Counts for one cache.
#[derive(Debug)]
pub(crate) struct Meter {
    namespace: Arc<str>,
    hits: Box<[Hits]>,
    /// When hits and gauges are to be handed on next.
    due: AtomicU64,
}

thread_local! {
    /// The place at which this thread counts.
    static PLACE: Cell<usize> = const { Cell::new(usize::MAX) };
}

impl Meter {
    /// Whether somebody wants to know of hits.
    pub(crate) const COUNTS_HITS: bool = true;
    /// Whether anybody wants to know how long something took.
    pub(super) const MEASURES: bool = true;

    pub(super) fn new(namespace: &Arc<str>) -> Self {
        describe();
        Self {
            namespace: Arc::clone(namespace),
            hits: (0..PLACES).map(|_| Hits::default()).collect(),
            due: AtomicU64::new(0),
        }
    }

    pub(super) fn hit(&self) {
        self.hits[place()].0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self, name: &'static str, label: Option<(&'static str, &'static str)>) {
        counter!(name, self.labels(label)).increment(1);
    }

    pub(super) fn measure(&self, name: &'static str, took: Duration) {
        histogram!(name, self.labels(None)).record(took.as_secs_f64());
    }

    pub(super) fn is_due(&self, now: impl FnOnce() -> Moment) -> bool {
        let now = now();
        let next = now.saturating_add(PUBLISH_EVERY.as_nanos() as Moment);
        let due = self.due.load(Ordering::Relaxed);
        now >= due && self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Hands on the hits since the last time, and the size of the cache.
    pub(super) fn publish(&self, tier: Tier, size: impl FnOnce() -> (usize, u64)) {
        let (entries, bytes) = size();
        let hits: u64 = self.hits.iter().map(|hits| hits.0.swap(0, Ordering::Relaxed)).sum();
        counter!(names::HITS, self.labels(Some(("tier", tier.as_str())))).increment(hits);
        gauge!(names::ENTRIES, self.labels(None)).set(entries as f64);
        gauge!(names::BYTES, self.labels(None)).set(bytes as f64);
    }

    fn labels(&self, further: Option<(&'static str, &'static str)>) -> Vec<Label> {
        let namespace = Label::new("namespace", SharedString::from_shared(Arc::clone(&self.namespace)));
        let further = further.map(|(name, value)| Label::from_static_parts(name, value));
        std::iter::once(namespace).chain(further).collect()
    }
}

fn place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let place = PLACE.get();
    if place < PLACES {
        return place;
    }
    let place = NEXT.fetch_add(1, Ordering::Relaxed) % PLACES;
    PLACE.set(place);
    place
}

/// Tells the recorder what the names mean, once it is likely to be there: with the first cache.
fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_counter!(names::HITS, "calls answered from what is stored and fresh");
        describe_counter!(names::MISSES, "calls that found nothing to serve, by reason");
        describe_counter!(names::STALE, "calls answered with a value that is not fresh, by reason");
        describe_counter!(names::LOADS, "computations that ended, by outcome");
        describe_histogram!(names::LOAD_SECONDS, Unit::Seconds, "how long computations took");
        describe_counter!(names::WAITS, "calls that waited for another caller's computation");
        describe_counter!(names::REFUSED, "computed values that were not kept, by reason");
        describe_counter!(names::EVICTIONS, "entries dropped for lack of room, by reason");
        describe_counter!(names::INVALIDATIONS, "invalidations, by kind");
        describe_counter!(names::CIRCUIT, "how often a store was left alone, and asked again");
        describe_counter!(names::UNDELIVERED, "invalidations that a store did not acknowledge at the first attempt");
        describe_gauge!(names::ENTRIES, "entries, those included that would not be served any more");
        describe_gauge!(names::BYTES, Unit::Bytes, "the weight of all entries");
    });
}
