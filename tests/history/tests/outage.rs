//! A store that is down under load: nobody waits for it twice, nobody fails, nothing outdated comes back, and its return is no storm.
//!
//! The suite lets it be down for three seconds. `EASY_CACHE_OUTAGE=60` makes it a minute.
#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::{Cache, Clock};
use easy_cache_history::processes::mistaken::Mistaken;
use easy_cache_history::processes::server::{Node, Running};
use easy_cache_history::processes::stores::{Kind, Opening};
use easy_cache_history::processes::ways::{self, Ways};
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, unique};
use tokio::task::{JoinHandle, block_in_place};

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
    /// It is gone, and comes back empty. (A cluster: all ways to it are closed.)
    Gone,
}

/// A store, and the ways to it.
struct Site {
    kind: Kind,
    server: Running,
    proxies: Vec<Proxy>,
    namespace: String,
}

impl Site {
    fn start(kind: Kind) -> Self {
        let server = block_in_place(|| Running::start(kind.server()));
        Self { kind, proxies: ways::proxies(&server), server, namespace: unique("outage") }
    }

    /// The cache of another process.
    fn process(&self) -> Cache {
        let (ways, opening) =
            (Ways::through(&self.server, &self.proxies), Opening { timeout: TIMEOUT, ..Opening::default() });
        let store = self.kind.open(&ways, &self.namespace, &Clock::system(), opening).unwrap();
        Cache::builder().store(Mistaken::new(store, None)).store_timeout(TIMEOUT).build()
    }

    fn end(&self, down: Down) {
        match (down, self.kind) {
            (Down::Silent, _) => self.proxies.iter().for_each(|proxy| proxy.set(Direction::ToServer, Fault::Swallow)),
            (Down::Gone, Kind::Cluster) => self.proxies.iter().for_each(|proxy| {
                proxy.refuse(true);
                proxy.cut();
            }),
            (Down::Gone, _) => self.server.nodes().into_iter().for_each(Node::kill),
        }
    }

    fn begin_again(&self, down: Down) {
        match (down, self.kind) {
            (Down::Silent, _) => self.proxies.iter().for_each(Proxy::mend),
            (Down::Gone, Kind::Cluster) => self.proxies.iter().for_each(|proxy| proxy.refuse(false)),
            (Down::Gone, _) => block_in_place(|| self.server.nodes().into_iter().for_each(Node::start_again)),
        }
    }

    /// How often somebody has connected.
    fn dials(&self) -> u64 {
        self.proxies.iter().map(Proxy::accepted).sum()
    }

    fn nodes(&self) -> u64 {
        self.proxies.len() as u64
    }

    async fn has_nothing_outdated(&self) {
        let elsewhere = self.process();
        for key in 0..KEYS {
            let value = elsewhere.get_or_compute_value(format!("k{key}"), async { 3_u64 }).await;
            assert_eq!(value, 2, "what was invalidated while it was down is gone, and what came then is kept");
        }
    }
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
        let (begun, until) = (Instant::now(), self.calls.load(Ordering::SeqCst) + calls);
        while self.calls.load(Ordering::SeqCst) < until {
            assert!(begun.elapsed() < Duration::from_secs(120), "nobody calls any more");
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

async fn outage(kind: Kind, down: Down) {
    let site = Site::start(kind);
    let load = Arc::new(Load::new((0..PROCESSES).map(|_| site.process()).collect()));
    let callers = load.callers();
    load.settled().await;

    let dials = site.dials();
    load.longest.store(0, Ordering::SeqCst);
    load.slow.store(0, Ordering::SeqCst);
    let (begun, loads) = (Instant::now(), load.loads.load(Ordering::SeqCst));
    site.end(down);
    assert!(!load.change(2).await, "it is owed");
    while begun.elapsed() < how_long() {
        load.go_on(1_000).await;
    }
    let seconds = begun.elapsed().as_secs() + 1;
    let (during, loads) = (site.dials() - dials, load.loads.load(Ordering::SeqCst) - loads);
    let waited = Duration::from_millis(load.longest.load(Ordering::SeqCst));
    let slow = load.slow.load(Ordering::SeqCst);
    assert!(waited < 2 * TIMEOUT, "somebody waited {waited:?}");
    // All who had called before the first failures were known, and one each time that it is tried again.
    assert!(slow <= CALLERS + 2 * PROCESSES * seconds, "{slow} waited for it");
    assert!(during <= site.nodes() * PROCESSES * (2 * seconds + 2), "{during} connections in {seconds} s");

    site.begin_again(down);
    let (back, before) = (Instant::now(), site.dials());
    load.all_are_back().await;
    let noticed = back.elapsed();
    let anew = load.settled().await;
    let (settled, again) = (back.elapsed(), site.dials() - before);
    load.is_known_everywhere(2);
    load.go_on(8 * KEYS * PROCESSES).await;
    println!(
        "{kind:?}, {down:?} for {seconds} s: {during} connections, {loads} loads, {slow} waited, {waited:?} at most"
    );
    println!("back: noticed after {noticed:?}, settled after {settled:?}, {again} connections, {anew} loads");
    assert!(again <= 2 * PROCESSES * site.nodes(), "{again} connections to a server that is back");
    // Once for each key in each process, and seldom for one of the four callers who each have. Without the store each loads about a hundred times a second.
    assert!(anew <= CALLERS, "{anew} loads once all are connected");
    load.end(callers).await;
    site.has_nothing_outdated().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_server_is_silent_under_load_nobody_waits_for_it_twice_and_its_return_is_no_storm() {
    outage(Kind::Redis, Down::Silent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_server_is_gone_under_load_nobody_waits_for_it_twice_and_its_return_is_no_storm() {
    outage(Kind::Redis, Down::Gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_cluster_is_gone_under_load_nobody_waits_for_it_twice_and_its_return_is_no_storm() {
    outage(Kind::Cluster, Down::Gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_memcached_is_gone_under_load_nobody_waits_for_it_twice_and_its_return_is_no_storm() {
    outage(Kind::Memcached, Down::Gone).await;
}
