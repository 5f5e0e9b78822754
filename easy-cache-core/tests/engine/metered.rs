//! What the recorder of the `metrics` facade gets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use easy_cache_core::events::{PUBLISH_EVERY, names};
use easy_cache_core::{Cache, scope};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::support::{cache_and_clock, seconds};

type Values = Arc<Mutex<BTreeMap<String, f64>>>;

/// Sums up by name and labels, without the namespace: `name{reason=absent}`.
#[derive(Default)]
struct Notebook(Values);

struct Line(Values, String);

impl Line {
    fn change(&self, change: impl FnOnce(f64) -> f64) {
        let mut values = self.0.lock().unwrap();
        let value = values.entry(self.1.clone()).or_default();
        *value = change(*value);
    }
}

impl CounterFn for Line {
    fn increment(&self, value: u64) {
        self.change(|sum| sum + value as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|_| value as f64);
    }
}

impl GaugeFn for Line {
    fn increment(&self, value: f64) {
        self.change(|sum| sum + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|sum| sum - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Line {
    fn record(&self, value: f64) {
        self.change(|sum| sum + value);
    }
}

impl Notebook {
    fn line(&self, key: &Key) -> Arc<Line> {
        let mut labels = key.labels();
        assert_eq!(labels.next().map(|label| (label.key(), label.value())), Some(("namespace", "")));
        let further: String = labels.map(|label| format!("{{{}={}}}", label.key(), label.value())).collect();
        Arc::new(Line(Arc::clone(&self.0), format!("{}{further}", key.name())))
    }

    fn value(&self, name: &str) -> f64 {
        self.0.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    fn labelled(&self, name: &str, label: &str) -> f64 {
        self.value(&format!("{name}{{{label}}}"))
    }
}

impl Recorder for Notebook {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.line(key))
    }
}

#[test]
fn hits_misses_loads_and_sizes_are_counted() {
    let notes = Notebook::default();
    let (cache, clock) = cache_and_clock();
    metrics::with_local_recorder(&notes, || {
        let load = || {
            clock.advance(seconds(2));
            Some(1)
        };
        cache.get_or_compute_sync("k", load).wait();
        for _ in 0..100 {
            cache.get_or_compute_sync("k", || Some(2)).wait();
        }
        cache.publish_metrics();
    });
    assert_eq!(
        (notes.labelled(names::HITS, "tier=memory"), notes.labelled(names::MISSES, "reason=absent")),
        (100.0, 1.0)
    );
    assert_eq!((notes.labelled(names::LOADS, "outcome=stored"), notes.value(names::LOAD_SECONDS)), (1.0, 2.0));
    assert_eq!(notes.value(names::ENTRIES), 1.0);
    assert_eq!(notes.value(names::BYTES), cache.weight() as f64);
}

#[test]
fn hits_of_many_threads_are_all_counted_and_each_once() {
    let cache = Cache::new();
    cache.set("k", 1).wait();
    thread::scope(|threads| {
        for _ in 0..40 {
            threads.spawn(|| {
                for _ in 0..1_000 {
                    cache.get::<i32>("k").wait();
                }
            });
        }
    });
    let notes = Notebook::default();
    metrics::with_local_recorder(&notes, || {
        cache.publish_metrics();
        cache.publish_metrics();
    });
    assert_eq!(notes.labelled(names::HITS, "tier=memory"), 40_000.0);
}

#[test]
fn hits_are_handed_on_along_with_other_events_but_not_with_each() {
    let notes = Notebook::default();
    let (cache, clock) = cache_and_clock();
    metrics::with_local_recorder(&notes, || {
        cache.set("k", 1).wait(); // the first event hands on what there is
        cache.get::<i32>("k").wait();
        cache.get::<i32>("no such key").wait();
        assert_eq!(notes.labelled(names::HITS, "tier=memory"), 0.0);
        clock.advance(PUBLISH_EVERY);
        cache.get::<i32>("no such key").wait();
        assert_eq!(notes.labelled(names::HITS, "tier=memory"), 1.0);
    });
}

#[cfg(feature = "testing")]
#[test]
fn what_is_found_in_a_store_outside_is_counted_and_handed_on_as_well() {
    use easy_cache_core::testing::{ManualClock, MemoryPlainStore};

    let (notes, clock) = (Notebook::default(), ManualClock::new());
    let store = MemoryPlainStore::new(clock.clock());
    let cache = Cache::builder().clock(clock.clock()).plain_store(store).build();
    metrics::with_local_recorder(&notes, || {
        let call = || cache.get_or_compute_sync("k", || Some(1)).wait();
        call(); // makes the records, and is not kept
        call();
        call();
        clock.advance(PUBLISH_EVERY);
        cache.get::<i32>("no such key").wait();
    });
    assert_eq!(notes.labelled(names::HITS, "tier=store"), 1.0);
    assert_eq!(notes.labelled(names::MISSES, "reason=absent"), 3.0);
    assert_eq!(notes.labelled(names::LOADS, "outcome=abandoned"), 0.0, "whoever only looks computes nothing");
}

#[cfg(feature = "testing")]
#[test]
fn hits_of_copies_are_counted_apart_from_those_of_the_store() {
    use easy_cache_core::Near;
    use easy_cache_core::testing::{ManualClock, Remote};

    let (notes, clock) = (Notebook::default(), ManualClock::new());
    let remote = Remote::new(clock.clock());
    let near = Near::within(seconds(1));
    let cache = Cache::builder().clock(clock.clock()).store(remote.clone()).near(near).build();
    remote.prove();
    metrics::with_local_recorder(&notes, || {
        for _ in 0..5 {
            cache.get_or_compute_sync("k", || Some(1)).wait();
        }
        cache.get::<i32>("k").wait();
        cache.publish_metrics();
    });
    assert_eq!(notes.labelled(names::HITS, "tier=store"), 1.0);
    assert_eq!(notes.labelled(names::HITS, "tier=near"), 4.0);
}

#[test]
fn ends_of_computations_refusals_evictions_and_invalidations_have_their_labels() {
    let notes = Notebook::default();
    let cache = Cache::builder().max_weight(3_000).expected_entries(16).build();
    metrics::with_local_recorder(&notes, || {
        let tainted = || {
            scope::taint();
            Some(1)
        };
        cache.get_or_compute_sync("tainted", tainted).wait();
        cache.get_or_compute_sync("nothing", || None::<i32>).wait();
        let panicking = || cache.get_or_compute_sync("panics", || -> Option<i32> { panic!("odd") }).wait();
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking)).is_err());
        cache.invalidate_key("k").wait().unwrap();
        cache.invalidate_tags(["a", "b"]).wait().unwrap();
        cache.invalidate_all().wait().unwrap();
        cache.set("large", 1).weight(1 << 30).wait();
        for n in 0..100 {
            cache.set(format!("n:{n}"), n).wait();
        }
    });
    for outcome in ["refused", "not_stored", "abandoned"] {
        assert_eq!(notes.labelled(names::LOADS, &format!("outcome={outcome}")), 1.0, "{outcome}");
    }
    assert_eq!(notes.labelled(names::REFUSED, "reason=tainted"), 1.0);
    for kind in ["key", "tags", "everything"] {
        assert_eq!(notes.labelled(names::INVALIDATIONS, &format!("kind={kind}")), 1.0, "{kind}");
    }
    assert_eq!(notes.labelled(names::EVICTIONS, "reason=too_large"), 1.0);
    assert!(notes.labelled(names::EVICTIONS, "reason=room") > 50.0);
}
