//! Caches of several processes on one server: one computes for all, and what a server that is down does to its callers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_core::store::{Leased, Store, Version};
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, Redis};
use tokio::task::JoinHandle;

use crate::world::{PATIENCE, World};

const PROCESSES: usize = 10;
const CALLERS: usize = 300;

/// Each with a store, and a connection, of its own.
fn processes(world: &World) -> Vec<Cache> {
    let process = |_| Cache::builder().store(world.elsewhere().store).store_timeout(PATIENCE).build();
    (0..PROCESSES).map(process).collect()
}

/// Many callers in each process, for one key, whose load takes a while.
async fn everybody_calls(processes: &[Cache], within: Duration) -> u64 {
    let loads = Arc::new(AtomicU64::new(0));
    let call = |number: usize| {
        let (cache, loads) = (processes[number % PROCESSES].clone(), Arc::clone(&loads));
        tokio::spawn(async move {
            let load = async {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                7_u64
            };
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

const TIMEOUT: Duration = Duration::from_secs(2);
const KEYS: u64 = 8;

/// Callers that go on whatever happens, and look that nothing outdated comes and that nobody waits for long.
struct Load {
    cache: Cache,
    row: AtomicU64,
    /// What the row was when the latest invalidation returned, well or not.
    floor: AtomicU64,
    loads: AtomicU64,
    calls: AtomicU64,
    longest: AtomicU64,
    ended: AtomicBool,
}

impl Load {
    async fn call(&self, key: u64) {
        let (floor, begun) = (self.floor.load(Ordering::SeqCst), Instant::now());
        let load = async {
            self.loads.fetch_add(1, Ordering::SeqCst);
            self.row.load(Ordering::SeqCst)
        };
        let value = self.cache.get_or_compute_value(format!("k{key}"), load).tags(["t"]).await;
        assert!(value >= floor, "{value} is from before an invalidation that had returned");
        self.longest.fetch_max(begun.elapsed().as_millis() as u64, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
    }

    fn callers(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let caller = |number| {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                while !this.ended.load(Ordering::SeqCst) {
                    this.call(number % KEYS).await;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
        };
        (0..4 * KEYS).map(caller).collect()
    }

    /// Lets them go on for so many calls.
    async fn go_on(&self, calls: u64) {
        let until = self.calls.load(Ordering::SeqCst) + calls;
        while self.calls.load(Ordering::SeqCst) < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Until nothing is computed any more: all of it is kept.
    async fn settled(&self) {
        let begun = Instant::now();
        loop {
            let before = self.loads.load(Ordering::SeqCst);
            self.go_on(8 * KEYS).await;
            if self.loads.load(Ordering::SeqCst) == before {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the store is never used again");
        }
    }
}

#[tokio::test]
async fn while_a_server_is_down_under_load_nobody_waits_for_it_twice_and_nothing_outdated_comes_back() {
    let server = Redis::start();
    let proxy = Proxy::before(server.address());
    let world = World::with(proxy.redis_url(), |builder| builder.timeout(TIMEOUT));
    let cache = Cache::builder().store(world.store.clone()).store_timeout(TIMEOUT).build();
    let load = Arc::new(Load {
        cache,
        row: AtomicU64::new(1),
        floor: AtomicU64::new(1),
        loads: AtomicU64::new(0),
        calls: AtomicU64::new(0),
        longest: AtomicU64::new(0),
        ended: AtomicBool::new(false),
    });
    let callers = load.callers();
    load.settled().await;
    let dials = proxy.accepted();
    load.longest.store(0, Ordering::SeqCst);
    proxy.set(Direction::ToServer, Fault::Swallow);
    load.row.store(2, Ordering::SeqCst);
    assert!(load.cache.invalidate_tags(["t"]).await.is_err(), "it is owed");
    load.floor.store(2, Ordering::SeqCst);
    load.go_on(5_000).await;
    let waited = Duration::from_millis(load.longest.load(Ordering::SeqCst));
    assert!(waited < 2 * TIMEOUT, "somebody waited {waited:?}");
    proxy.mend();
    load.settled().await;
    let again = proxy.accepted() - dials;
    assert!((1..=10).contains(&again), "{again} dials");
    let elsewhere = Cache::builder().store(world.elsewhere_at(server.url()).store).store_timeout(PATIENCE).build();
    for key in 0..KEYS {
        let value = elsewhere.get_or_compute_value(format!("k{key}"), async { 3_u64 }).await;
        assert_eq!(value, 2, "what was invalidated while the server was down is gone, and what came then is kept");
    }
    load.ended.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
}
