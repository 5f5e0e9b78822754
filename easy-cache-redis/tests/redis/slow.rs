//! A server that is there and slow: no call waits for it longer than once, and one that is too slow is left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, Redis};

use crate::world::World;

/// Long: what shares the machine must not be taken for a slow server.
const TIMEOUT: Duration = Duration::from_secs(5);
const PROCESSES: usize = 2;
const KEYS: usize = 8;
/// In each process.
const CALLERS: usize = 4 * KEYS;

struct Processes {
    proxy: Proxy,
    caches: Vec<Cache>,
    loads: AtomicU64,
}

/// How long calls have taken, and how many have computed.
struct Calls {
    shortest: Duration,
    longest: Duration,
    loads: u64,
}

impl Processes {
    /// Who is left alone is left alone for longer than a test takes.
    fn new() -> Self {
        let proxy = Proxy::before(Redis::shared().address());
        let world = World::with(proxy.redis_url(), |builder| builder.timeout(TIMEOUT));
        let process = |_| {
            let store = world.elsewhere_with(|builder| builder.timeout(TIMEOUT)).store;
            let cache = Cache::builder().store(store).store_timeout(TIMEOUT);
            cache.store_breaker(5, Duration::from_secs(24 * 3600)).build()
        };
        Self { proxy, caches: (0..PROCESSES).map(process).collect(), loads: AtomicU64::new(0) }
    }

    async fn call(&self, number: usize) -> Duration {
        let (begun, load) = (Instant::now(), async { self.loads.fetch_add(1, Ordering::SeqCst) });
        let key = format!("k{}", number / PROCESSES % KEYS);
        let _value: u64 = self.caches[number % PROCESSES].get_or_compute_value(key, load).tags(["t"]).await;
        begun.elapsed()
    }

    /// All at once.
    async fn everybody_calls(self: &Arc<Self>) -> Calls {
        let before = self.loads.load(Ordering::SeqCst);
        let call = |number| {
            let this = Arc::clone(self);
            tokio::spawn(async move { this.call(number).await })
        };
        let mut took = Vec::new();
        for call in (0..PROCESSES * CALLERS).map(call).collect::<Vec<_>>() {
            took.push(call.await.unwrap());
        }
        let (shortest, longest) = (*took.iter().min().unwrap(), *took.iter().max().unwrap());
        Calls { shortest, longest, loads: self.loads.load(Ordering::SeqCst) - before }
    }

    /// Until everything is kept.
    async fn warm(self: &Arc<Self>) {
        let begun = Instant::now();
        while self.everybody_calls().await.loads > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is kept");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_take_half_of_the_timeout_are_waited_for_and_used() {
    let processes = Arc::new(Processes::new());
    processes.warm().await;
    // What comes while the proxy holds something back waits behind it, for as long again.
    let delay = TIMEOUT / 4;
    processes.proxy.set(Direction::ToClient, Fault::Delay(delay));
    for _ in 0..2 {
        let calls = processes.everybody_calls().await;
        assert_eq!(calls.loads, 0, "the store has it all");
        assert!(calls.shortest >= delay, "{:?}", calls.shortest);
        assert!(calls.longest < 2 * TIMEOUT, "somebody waited {:?}", calls.longest);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_take_twice_the_timeout_are_waited_for_once_and_then_by_nobody() {
    let processes = Arc::new(Processes::new());
    processes.warm().await;
    processes.proxy.set(Direction::ToClient, Fault::Delay(2 * TIMEOUT));
    let first = processes.everybody_calls().await;
    assert!(first.loads >= (PROCESSES * KEYS) as u64, "every key is computed in every process: {}", first.loads);
    assert!(first.longest >= TIMEOUT && first.longest < 2 * TIMEOUT, "somebody waited {:?}", first.longest);
    processes.proxy.meter().reset();
    for _ in 0..3 {
        let calls = processes.everybody_calls().await;
        assert!(calls.longest < TIMEOUT, "somebody waited {:?} for a store that is left alone", calls.longest);
        assert!(calls.loads >= (PROCESSES * KEYS) as u64);
    }
    let asked = processes.proxy.meter().commands();
    assert!(!asked.iter().any(|command| command == "MGET"), "it was looked at all the same: {asked:?}");
}
