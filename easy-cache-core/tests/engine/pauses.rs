//! Races whose moment is chosen: one thread stands between two steps of the engine while others do their part.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use easy_cache_core::Cache;
use easy_cache_core::testing::{Point, pause_at};

use crate::support::Calls;

/// Computes `k` under the tag `t` on a thread of its own.
fn computing(cache: &Cache, load: impl FnOnce() -> Option<u64> + Send + 'static) -> JoinHandle<Option<u64>> {
    let cache = cache.clone();
    thread::spawn(move || cache.get_or_compute_sync("k", load).tags(["t"]).wait())
}

fn invalidate(cache: &Cache, by: &str) {
    let done = match by {
        "tag" => cache.invalidate_tags(["t"]).wait(),
        "key" => cache.invalidate_key("k").wait(),
        _ => cache.invalidate_all().wait(),
    };
    done.unwrap();
}

#[test]
fn an_invalidation_between_the_check_of_a_fill_and_its_insertion_is_not_lost() {
    for by in ["tag", "key", "all"] {
        let cache = Cache::new();
        let pause = pause_at(&cache, Point::Insert);
        let filling = computing(&cache, || Some(1));
        pause.reached();
        invalidate(&cache, by);
        pause.release();
        assert_eq!(filling.join().unwrap(), Some(1), "a value that is not kept is still the caller's");
        assert_eq!(cache.get::<u64>("k").wait(), None, "invalidated by {by}");
    }
}

#[test]
fn an_invalidation_between_the_closing_of_a_flight_and_its_fill_is_not_lost() {
    for by in ["tag", "key", "all"] {
        let source = Arc::new(AtomicU64::new(1));
        let read = || {
            let source = Arc::clone(&source);
            move || Some(source.load(Ordering::SeqCst))
        };
        let cache = Cache::new();
        let (closed, arriving) = (pause_at(&cache, Point::Fill), pause_at(&cache, Point::Lead));
        let leader = computing(&cache, read());
        arriving.reached();
        arriving.release();
        closed.reached();
        source.store(2, Ordering::SeqCst);
        invalidate(&cache, by);
        let arriving = pause_at(&cache, Point::Lead);
        let late = computing(&cache, read());
        arriving.reached();
        arriving.release();
        closed.release();
        assert_eq!(leader.join().unwrap(), Some(1));
        assert_eq!(late.join().unwrap(), Some(2), "it called after the invalidation by {by}");
        assert_eq!(cache.get::<u64>("k").wait(), Some(2));
    }
}

#[test]
fn who_is_about_to_lead_looks_once_more() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let pause = pause_at(&cache, Point::Lead);
    let slow = computing(&cache, calls.run(1));
    pause.reached();
    assert_eq!(computing(&cache, calls.run(2)).join().unwrap(), Some(2));
    pause.release();
    assert_eq!(slow.join().unwrap(), Some(2), "another flight has landed between its miss and its lead");
    assert_eq!(calls.count(), 1);
}

/// An invalidation on a thread of its own, which stands at a point; and what is filled meanwhile from before it.
fn fill_beside(by: &'static str, point: Point) -> (Cache, bool) {
    let cache = Cache::new();
    assert!(cache.set("k", 0_u64).tags(["t"]).wait());
    let fence = cache.fence();
    let pause = pause_at(&cache, point);
    let invalidating = thread::spawn({
        let cache = cache.clone();
        move || invalidate(&cache, by)
    });
    pause.reached();
    assert_eq!(cache.get("k").wait(), Some(0_u64), "it has not returned yet");
    let kept = cache.set("k", 1_u64).tags(["t"]).fence(fence).wait();
    pause.release();
    invalidating.join().unwrap();
    (cache, kept)
}

#[test]
fn a_fill_beside_the_steps_of_an_invalidation_does_not_outlive_it() {
    for by in ["tag", "key"] {
        let (cache, kept) = fill_beside(by, Point::Note);
        assert!(kept, "nothing says yet that it is outdated");
        assert_eq!(cache.get::<u64>("k").wait(), None, "invalidated by {by}");
        let (cache, kept) = fill_beside(by, Point::Outdate);
        assert!(!kept, "the invalidation by {by} is noted");
        assert_eq!(cache.get::<u64>("k").wait(), None, "invalidated by {by}");
    }
}

#[test]
fn a_computation_that_begins_between_the_steps_is_dropped_or_from_after_them() {
    let cache = Cache::new();
    let pause = pause_at(&cache, Point::Outdate);
    cache.set("other", 0).tags(["t"]).wait(); // so that the tag has a cell
    let invalidating = thread::spawn({
        let cache = cache.clone();
        move || invalidate(&cache, "tag")
    });
    pause.reached();
    assert_eq!(computing(&cache, || Some(1)).join().unwrap(), Some(1), "nobody waits for an invalidation");
    pause.release();
    invalidating.join().unwrap();
    assert_eq!(cache.get::<u64>("k").wait(), None, "what it carries is from before the last step");
}

#[test]
fn a_pause_stops_one_thread_of_one_cache_at_one_point() {
    let (cache, other) = (Cache::new(), Cache::new());
    let pause = pause_at(&cache, Point::Insert);
    assert!(other.set("k", 1).wait());
    invalidate(&cache, "tag");
    assert!(!pause.is_reached());
    let filling = computing(&cache, || Some(1));
    pause.reached();
    assert!(pause.is_reached());
    assert!(cache.set("other", 1).wait(), "the next one passes");
    drop(pause);
    assert_eq!(filling.join().unwrap(), Some(1));
    drop(pause_at(&cache, Point::Insert));
    assert!(cache.set("k", 2).wait(), "a pause that is gone stops nobody");
}
