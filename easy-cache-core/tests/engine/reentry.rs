//! Values and threads that use the cache where it may not expect it, and numbers at their ends.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use easy_cache_core::{Cache, Policy, Scope, scope};

use crate::support::{Calls, settle};

/// A value that talks to its cache when it goes.
struct Talks {
    on_drop: Box<dyn Fn() + Send + Sync>,
}

impl Drop for Talks {
    fn drop(&mut self) {
        (self.on_drop)();
    }
}

fn talks(on_drop: impl Fn() + Send + Sync + 'static) -> Arc<Talks> {
    Arc::new(Talks { on_drop: Box::new(on_drop) })
}

/// Fails instead of hanging.
fn ends(f: impl FnOnce() + Send + 'static) {
    let (end, ended) = mpsc::channel();
    std::thread::spawn(move || {
        f();
        let _ = end.send(());
    });
    ended.recv_timeout(Duration::from_secs(3)).expect("hangs or panicked");
}

#[test]
fn a_value_may_drop_its_own_key_when_it_is_dropped_by_key() {
    ends(|| {
        let cache = Cache::new();
        let again = cache.clone();
        cache.set_local("k", talks(move || drop(again.invalidate_key("k").wait()))).wait();
        cache.invalidate_key("k").wait().unwrap();
    });
}

#[test]
fn a_value_may_use_its_cache_when_it_is_replaced() {
    ends(|| {
        let cache = Cache::new();
        let again = cache.clone();
        cache.set_local("k", talks(move || drop(again.invalidate_key("k").wait()))).wait();
        cache.set_local("k", talks(|| ())).wait();
    });
}

#[test]
fn a_value_may_use_its_cache_when_everything_is_dropped() {
    ends(|| {
        let cache = Cache::new();
        let again = cache.clone();
        cache
            .set_local(
                "k",
                talks(move || {
                    again.contains("k").wait();
                }),
            )
            .wait();
        cache.invalidate_all().wait().unwrap();
    });
}

#[test]
fn values_may_use_their_cache_when_they_are_evicted() {
    ends(|| {
        let cache = Cache::builder().max_weight(40_000).expected_entries(16).build();
        for n in 0..100 {
            let again = cache.clone();
            cache
                .set_local(
                    format!("{n}"),
                    talks(move || {
                        for n in 0..100 {
                            again.contains(format!("{n}")).wait();
                        }
                    }),
                )
                .weight(100)
                .wait();
        }
        for n in 0..4 {
            cache.set(format!("large{n}"), 1).weight(9_000).wait();
        }
    });
}

#[test]
fn a_weight_beyond_counting_is_no_panic() {
    let cache = Cache::new();
    cache.set("k", 1).weight(u64::MAX).wait();
    cache.set("a", 1).weight(u64::MAX / 2).wait();
    assert!(cache.weight() <= 64 << 20, "{}", cache.weight());
}

#[test]
fn a_value_too_heavy_replaces_the_one_in_place() {
    let cache = Cache::new();
    cache.set("k", 1).wait();
    cache.set("k", 2).weight(1 << 40).wait();
    assert_ne!(cache.get("k").wait(), Some(1));
}

struct AtEnd(Cache, mpsc::Sender<bool>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let cache = self.0.clone();
        let used = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cache.get_or_compute_sync("other", || Some(1)).wait()
        }));
        let _ = self.1.send(used.is_ok());
    }
}

thread_local! {
    static AT_END: std::cell::RefCell<Option<AtEnd>> = const { std::cell::RefCell::new(None) };
}

#[test]
fn the_cache_may_be_used_while_a_thread_ends() {
    let (end, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let cache = Cache::new();
        AT_END.with(|at_end| *at_end.borrow_mut() = Some(AtEnd(cache.clone(), end)));
        cache.get_or_compute_sync("k", || Some(1)).wait();
    })
    .join()
    .unwrap();
    assert_eq!(ended.recv(), Ok(true));
}

#[test]
fn a_tainted_value_filled_elsewhere_taints_the_scope_around() {
    let cache = Cache::new();
    let mut outer = Scope::new();
    outer.run(|| {
        let computation = cache.begin("k");
        let mut inner = computation.scope();
        inner.run(scope::taint);
        assert!(!computation.fill_elsewhere("k2", Arc::new(1), &Policy::new(), inner));
    });
    assert!(outer.is_tainted());
}

#[tokio::test]
async fn panics_do_not_queue_up_one_after_the_other() {
    let (cache, calls) = (Cache::new(), Calls::default());
    let mut ends = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let (load, _started, finish) = calls.gated::<i32>();
        ends.push(finish);
        let cache = cache.clone();
        tasks.push(tokio::spawn(async move {
            let load = async {
                load.await;
                panic!("the loader panics");
            };
            cache
                .get_or_compute_value("k", async {
                    load.await;
                    1
                })
                .await
        }));
        settle().await;
    }
    for end in ends.drain(..2) {
        let _ = end.send(1);
        settle().await;
    }
    assert_eq!(calls.count(), 4, "after one retry everybody computes alone");
}
