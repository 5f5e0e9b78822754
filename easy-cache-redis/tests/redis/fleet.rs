//! Caches of several processes on one server: one computes for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_core::store::{Leased, Store, Version};

use crate::world::{PATIENCE, World};

const PROCESSES: usize = 10;
const CALLERS: usize = 300;

/// Each with a store, and a connection, of its own.
fn processes(world: &World) -> Vec<Cache> {
    let process = |_| Cache::builder().store(world.elsewhere().store).store_timeout(PATIENCE).build();
    (0..PROCESSES).map(process).collect()
}

/// Many callers in each process, for one key, whose load ends when all of them have called.
async fn everybody_calls(processes: &[Cache], within: Duration) -> u64 {
    let (loads, called) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let call = |number: usize| {
        let (cache, loads, called) = (processes[number % PROCESSES].clone(), Arc::clone(&loads), Arc::clone(&called));
        tokio::spawn(async move {
            let load = async {
                loads.fetch_add(1, Ordering::SeqCst);
                while called.load(Ordering::SeqCst) < PROCESSES * CALLERS {
                    tokio::task::yield_now().await;
                }
                7_u64
            };
            called.fetch_add(1, Ordering::SeqCst);
            assert_eq!(cache.get_or_compute_value("k", load).tags(["t"]).lease(within).await, 7);
        })
    };
    let calls: Vec<_> = (0..PROCESSES * CALLERS).map(call).collect();
    for call in calls {
        call.await.unwrap();
    }
    loads.load(Ordering::SeqCst)
}

/// What is first computed in a namespace may find nothing to be kept under.
async fn begun(world: &World) {
    world.store.invalidate_all().await.unwrap();
}

#[tokio::test]
async fn of_ten_processes_with_many_callers_each_one_computes() {
    // case 38
    let world = World::new();
    begun(&world).await;
    assert_eq!(everybody_calls(&processes(&world), PATIENCE).await, 1);
}

#[tokio::test]
async fn one_takes_over_from_a_process_that_died_with_the_lease() {
    let world = World::new();
    begun(&world).await;
    let (dead, left) = (Version::random().unwrap(), Duration::from_millis(500));
    assert_eq!(world.store.lease(b"k", dead, left).await.unwrap(), Leased::Yours);
    let begun = Instant::now();
    assert_eq!(everybody_calls(&processes(&world), PATIENCE).await, 1, "one more than that of the dead");
    assert!(begun.elapsed() >= left, "nobody computes while it may be alive");
}
