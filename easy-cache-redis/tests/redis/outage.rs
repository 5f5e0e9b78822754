//! A server that is down under load: nobody waits for it twice, nobody fails, nothing outdated comes back, and its return is no storm.
//!
//! The suite lets it be down for three seconds. `EASY_CACHE_OUTAGE=60` makes it a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, Redis};
use tokio::task::{JoinHandle, block_in_place};

use crate::world::{PATIENCE, World};

const TIMEOUT: Duration = Duration::from_secs(2);
const PROCESSES: u64 = 4;
const KEYS: u64 = 8;
const CALLERS: u64 = 4 * KEYS * PROCESSES;
/// A call that waits for so long has waited for the server.
const SLOW: Duration = Duration::from_secs(1);

fn how_long() -> Duration {
    let seconds = std::env::var("EASY_CACHE_OUTAGE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// How a server is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Down {
    /// It takes connections, and says nothing.
    Silent,
    /// It is gone, and comes back empty.
    Gone,
}

/// Callers that go on whatever happens, and look that nothing outdated comes and that nobody waits for long.
struct Load {
    caches: Vec<Cache>,
    row: AtomicU64,
    /// What the row was when the latest invalidation returned, well or not.
    floors: Vec<AtomicU64>,
    loads: AtomicU64,
    calls: AtomicU64,
    slow: AtomicU64,
    longest: AtomicU64,
    ended: AtomicBool,
}

impl Load {
    fn new(caches: Vec<Cache>) -> Self {
        let floors = caches.iter().map(|_| AtomicU64::new(1)).collect();
        let [loads, calls, slow, longest] = [(); 4].map(|()| AtomicU64::new(0));
        Self { caches, row: AtomicU64::new(1), floors, loads, calls, slow, longest, ended: AtomicBool::new(false) }
    }

    async fn call(&self, process: usize, key: u64) {
        let (floor, begun) = (self.floors[process].load(Ordering::SeqCst), Instant::now());
        let load = async {
            self.loads.fetch_add(1, Ordering::SeqCst);
            self.row.load(Ordering::SeqCst)
        };
        let value = self.caches[process].get_or_compute_value(format!("k{key}"), load).tags(["t"]).await;
        assert!(value >= floor, "{value} is from before an invalidation that had returned");
        self.longest.fetch_max(begun.elapsed().as_millis() as u64, Ordering::SeqCst);
        self.slow.fetch_add(u64::from(begun.elapsed() >= SLOW), Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
    }

    /// Four for each key, in every process.
    fn callers(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let caller = |number: u64| {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                while !this.ended.load(Ordering::SeqCst) {
                    this.call((number % PROCESSES) as usize, number / PROCESSES % KEYS).await;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
        };
        (0..CALLERS).map(caller).collect()
    }

    /// Lets them go on for so many calls.
    async fn go_on(&self, calls: u64) {
        let until = self.calls.load(Ordering::SeqCst) + calls;
        while self.calls.load(Ordering::SeqCst) < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Until every process is served by the store, of which nothing is kept in the processes themselves.
    async fn all_are_back(&self) {
        let begun = Instant::now();
        for cache in &self.caches {
            loop {
                let computed = AtomicBool::new(false);
                let load = async {
                    computed.store(true, Ordering::SeqCst);
                    0_u64
                };
                cache.get_or_compute_value("back", load).await;
                if !computed.load(Ordering::SeqCst) {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(60), "the store is never used again");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Until nothing is computed any more: all of it is kept. Yields how often something was.
    async fn settled(&self) -> u64 {
        let (begun, first) = (Instant::now(), self.loads.load(Ordering::SeqCst));
        loop {
            let before = self.loads.load(Ordering::SeqCst);
            self.go_on(8 * KEYS * PROCESSES).await;
            if self.loads.load(Ordering::SeqCst) == before {
                return before - first;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the store is never used again");
        }
    }

    /// The row changes, and one process says so.
    async fn change(&self, to: u64) -> bool {
        self.row.store(to, Ordering::SeqCst);
        let delivered = self.caches[0].invalidate_tags(["t"]).await.is_ok();
        self.floors[0].store(to, Ordering::SeqCst);
        delivered
    }

    /// Everybody has to have heard of it.
    fn is_known_everywhere(&self, row: u64) {
        self.floors.iter().for_each(|floor| floor.store(row, Ordering::SeqCst));
    }

    async fn end(&self, callers: Vec<JoinHandle<()>>) {
        self.ended.store(true, Ordering::SeqCst);
        for caller in callers {
            caller.await.unwrap();
        }
    }
}

async fn outage(down: Down) {
    let server = Redis::start();
    let proxy = Proxy::before(server.address());
    let world = World::with(proxy.redis_url(), |builder| builder.timeout(TIMEOUT));
    let process = |_| {
        let store = world.elsewhere_with(|builder| builder.timeout(TIMEOUT)).store;
        Cache::builder().store(store).store_timeout(TIMEOUT).build()
    };
    let load = Arc::new(Load::new((0..PROCESSES).map(process).collect()));
    let callers = load.callers();
    load.settled().await;

    let dials = proxy.accepted();
    load.longest.store(0, Ordering::SeqCst);
    load.slow.store(0, Ordering::SeqCst);
    let (begun, loads) = (Instant::now(), load.loads.load(Ordering::SeqCst));
    match down {
        Down::Silent => proxy.set(Direction::ToServer, Fault::Swallow),
        Down::Gone => server.kill(),
    }
    assert!(!load.change(2).await, "it is owed");
    while begun.elapsed() < how_long() {
        load.go_on(1_000).await;
    }
    let seconds = begun.elapsed().as_secs() + 1;
    let (during, loads) = (proxy.accepted() - dials, load.loads.load(Ordering::SeqCst) - loads);
    let waited = Duration::from_millis(load.longest.load(Ordering::SeqCst));
    let slow = load.slow.load(Ordering::SeqCst);
    assert!(waited < 2 * TIMEOUT, "somebody waited {waited:?}");
    // All who had called before the first failures were known, and one each time that it is tried again.
    assert!(slow <= CALLERS + 2 * PROCESSES * seconds, "{slow} waited for it");
    assert!(during <= PROCESSES * (2 * seconds + 2), "{during} connections in {seconds} s");

    match down {
        Down::Silent => proxy.mend(),
        Down::Gone => block_in_place(|| server.start_again()),
    }
    let (back, before) = (Instant::now(), proxy.accepted());
    load.all_are_back().await;
    let noticed = back.elapsed();
    let anew = load.settled().await;
    let (settled, again) = (back.elapsed(), proxy.accepted() - before);
    load.is_known_everywhere(2);
    load.go_on(8 * KEYS * PROCESSES).await;
    println!("{down:?} for {seconds} s: {during} connections, {loads} loads, {slow} waited, {waited:?} at most");
    println!("back: noticed after {noticed:?}, settled after {settled:?}, {again} connections, {anew} loads");
    assert!(again <= 2 * PROCESSES, "{again} connections to a server that is back");
    // What was invalidated is brought there first, and nothing is looked up meanwhile. Without the store each caller loads about a hundred times a second.
    assert!(anew <= 16 * CALLERS, "{anew} loads once all are connected");
    load.end(callers).await;
    nothing_outdated_is_left(&world, &server).await;
}

async fn nothing_outdated_is_left(world: &World, server: &Redis) {
    let elsewhere = Cache::builder().store(world.elsewhere_at(server.url()).store).store_timeout(PATIENCE).build();
    for key in 0..KEYS {
        let value = elsewhere.get_or_compute_value(format!("k{key}"), async { 3_u64 }).await;
        assert_eq!(value, 2, "what was invalidated while the server was down is gone, and what came then is kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_server_is_silent_under_load_nobody_waits_for_it_twice_and_its_return_is_no_storm() {
    outage(Down::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_server_is_gone_under_load_nobody_waits_for_it_twice_and_its_return_is_no_storm() {
    outage(Down::Gone).await;
}
