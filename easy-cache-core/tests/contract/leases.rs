//! Processes of which one computes: leases over a store that has them, and over one that has none.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::store::{Adapter, Fill, Filled, Leased, Look, Looked, Mark, Store, StoreFuture, Version};
use easy_cache_core::testing::{Fault, Faults, ManualClock, MemoryPlainStore};
use easy_cache_core::{Cache, Clock, Tag};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::world::settle;

const LEASE: Duration = Duration::from_secs(10);

/// Who has the lease of a key, and until when.
type Leases = HashMap<Vec<u8>, (Version, Duration)>;

/// The whole protocol over five methods, and leases beside it.
#[derive(Debug, Clone)]
struct Leasing {
    store: Arc<Adapter<MemoryPlainStore>>,
    leases: Arc<Mutex<Leases>>,
    clock: Clock,
}

impl Leasing {
    fn take(&self, key: &[u8], holder: Version, within: Duration) -> Leased {
        let now = self.clock.elapsed();
        let mut leases = self.leases.lock();
        match leases.get(key) {
            Some((other, end)) if *other != holder && *end > now => Leased::Taken,
            _ => {
                leases.insert(key.to_vec(), (holder, now + within));
                Leased::Yours
            }
        }
    }

    fn is_leased(&self, key: &[u8]) -> bool {
        self.leases.lock().contains_key(key)
    }
}

impl Store for Leasing {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.store.look(look)
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.store.fill(fill)
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        self.store.invalidate(tags, keys)
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        self.store.invalidate_all()
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        self.store.hold(mark, within)
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        self.store.release(mark)
    }

    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        Box::pin(async move { Ok(self.take(key, holder, within)) })
    }

    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut leases = self.leases.lock();
            if leases.get(key).is_some_and(|(other, _)| *other == holder) {
                leases.remove(key);
            }
            Ok(())
        })
    }
}

struct Fleet {
    clock: ManualClock,
    store: Faults<Leasing>,
    loads: Arc<AtomicU64>,
    /// A load ends when it gets a permit.
    gate: Arc<Semaphore>,
}

impl Fleet {
    async fn new() -> Self {
        let clock = ManualClock::new();
        let adapter = Adapter::new(MemoryPlainStore::new(clock.clock()), "", clock.clock());
        let store = Leasing { store: Arc::new(adapter), leases: Arc::default(), clock: clock.clock() };
        store.invalidate_all().await.unwrap_or_else(|error| panic!("{error}"));
        Self { store: Faults::new(store), clock, loads: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }

    fn process(&self) -> Cache {
        Cache::builder().clock(self.clock.clock()).store(self.store.clone()).build()
    }

    fn call(&self, cache: &Cache) -> JoinHandle<u64> {
        let (cache, loads, gate) = (cache.clone(), Arc::clone(&self.loads), Arc::clone(&self.gate));
        tokio::spawn(async move {
            let load = async {
                let load = loads.fetch_add(1, Ordering::SeqCst) + 1;
                gate.acquire().await.unwrap_or_else(|error| panic!("{error}")).forget();
                load
            };
            cache.get_or_compute_value("k", load).tags(["t"]).lease(LEASE).await
        })
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    /// Time passes in steps that are shorter than any pause.
    async fn pass(&self, time: Duration) {
        let step = Duration::from_millis(50);
        for _ in 0..time.as_millis() / step.as_millis() {
            self.clock.advance(step);
            settle().await;
        }
    }
}

async fn all(calls: Vec<JoinHandle<u64>>) -> Vec<u64> {
    let mut values = Vec::new();
    for call in calls {
        values.push(call.await.unwrap_or_else(|error| panic!("{error}")));
    }
    values
}

#[tokio::test]
async fn of_ten_processes_one_computes() {
    // case 38
    let fleet = Fleet::new().await;
    let processes: Vec<_> = (0..10).map(|_| fleet.process()).collect();
    let calls: Vec<_> = (0..100).map(|n| fleet.call(&processes[n % 10])).collect();
    fleet.pass(Duration::from_secs(1)).await;
    assert_eq!(fleet.loads(), 1);
    fleet.gate.add_permits(1);
    fleet.pass(Duration::from_millis(300)).await;
    assert!(all(calls).await.iter().all(|value| *value == 1));
    assert_eq!(fleet.loads(), 1);
    assert!(!fleet.store.inner().is_leased(b"k"), "it ends with the computation");
}

#[tokio::test]
async fn when_the_holder_dies_another_one_takes_over() {
    let fleet = Fleet::new().await;
    let died = fleet.store.inject(Fault::Fail, |attempt| attempt.method == "end_lease");
    let first = fleet.call(&fleet.process());
    settle().await;
    first.abort();
    assert!(first.await.is_err());
    settle().await;
    drop(died);
    let processes: Vec<_> = (0..9).map(|_| fleet.process()).collect();
    let calls: Vec<_> = processes.iter().map(|cache| fleet.call(cache)).collect();
    fleet.pass(LEASE - Duration::from_millis(500)).await;
    assert_eq!(fleet.loads(), 1);
    fleet.pass(Duration::from_secs(1)).await;
    assert_eq!(fleet.loads(), 2, "one of them, at the deadline");
    fleet.gate.add_permits(1);
    fleet.pass(Duration::from_millis(300)).await;
    assert!(all(calls).await.iter().all(|value| *value == 2));
}

#[tokio::test]
async fn a_holder_that_is_dropped_or_fails_ends_its_lease_at_once() {
    let fleet = Fleet::new().await;
    let (first, second) = (fleet.call(&fleet.process()), fleet.process());
    settle().await;
    let waiting = fleet.call(&second);
    settle().await;
    first.abort();
    assert!(first.await.is_err());
    fleet.pass(Duration::from_millis(300)).await;
    assert_eq!(fleet.loads(), 2);
    fleet.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap(), 2);
    second.invalidate_key("k").await.unwrap();
    let failing = second.get_or_compute("k", async { Err::<u64, _>("no") }).lease(LEASE);
    assert_eq!(failing.await, Err("no"));
    settle().await;
    assert!(!fleet.store.inner().is_leased(b"k"));
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let fleet = Fleet::new().await;
    let first = fleet.call(&fleet.process());
    settle().await;
    let second = fleet.call(&fleet.process());
    settle().await;
    // Whoever has it renews it for ever.
    fleet.store.inner().leases.lock().get_mut(&b"k"[..]).unwrap().1 = Duration::MAX;
    fleet.pass(LEASE * 2 - Duration::from_millis(100)).await;
    assert_eq!(fleet.loads(), 1);
    fleet.pass(Duration::from_millis(200)).await;
    assert_eq!(fleet.loads(), 2, "it has waited for long enough");
    fleet.gate.add_permits(2);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
}

#[tokio::test]
async fn with_the_leases_down_everybody_computes() {
    // case 38
    let fleet = Fleet::new().await;
    let _down = fleet.store.inject(Fault::Fail, |attempt| attempt.method.contains("lease"));
    let processes: Vec<_> = (0..10).map(|_| fleet.process()).collect();
    fleet.gate.add_permits(100);
    let calls: Vec<_> = (0..100).map(|n| fleet.call(&processes[n % 10])).collect();
    all(calls).await;
    assert!(fleet.loads() <= 10, "{}", fleet.loads());
}

#[tokio::test]
async fn who_gets_the_lease_looks_once_more() {
    let fleet = Fleet::new().await;
    let asking = fleet.store.inject(Fault::StallBefore, |attempt| attempt.method == "lease");
    let late = fleet.call(&fleet.process());
    asking.reached(1).await;
    let other = fleet.process();
    assert_eq!(other.get_or_compute_value("k", async { 70_u64 }).tags(["t"]).await, 70);
    drop(asking);
    assert_eq!((late.await.unwrap(), fleet.loads()), (70, 0));
    settle().await;
    assert!(!fleet.store.inner().is_leased(b"k"));
}

#[tokio::test]
async fn an_invalidation_while_the_holder_computes_is_not_lost_on_who_waits() {
    let fleet = Fleet::new().await;
    let (first, second) = (fleet.process(), fleet.process());
    let holder = fleet.call(&first);
    settle().await;
    second.invalidate_tags(["t"]).await.unwrap();
    let waiting = fleet.call(&second);
    settle().await;
    fleet.gate.add_permits(1);
    assert_eq!(holder.await.unwrap(), 1, "its caller began before");
    fleet.pass(Duration::from_millis(300)).await;
    fleet.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_stale_and_may_be_served_is_served_at_once_while_another_process_computes() {
    // case 38
    let fleet = Fleet::new().await;
    let (first, second) = (fleet.process(), fleet.process());
    let (fresh, grace) = (Duration::from_secs(10), Duration::from_secs(600));
    let call = |cache: &Cache, value: u64| {
        let (cache, gate, loads) = (cache.clone(), Arc::clone(&fleet.gate), Arc::clone(&fleet.loads));
        tokio::spawn(async move {
            let load = async move {
                loads.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap_or_else(|error| panic!("{error}")).forget();
                value
            };
            let call = cache.get_or_compute_value("k", load).tags(["t"]).ttl(fresh).stale_while_revalidate(grace);
            call.lease(LEASE).await
        })
    };
    fleet.gate.add_permits(1);
    assert_eq!(call(&first, 1).await.unwrap(), 1);
    fleet.clock.advance(fresh + Duration::from_secs(1));
    let renewing = call(&first, 2);
    settle().await;
    assert_eq!((fleet.loads(), fleet.store.inner().is_leased(b"k")), (2, true), "one process renews it");

    // No time passes: nobody waits for the holder, and nobody else computes.
    assert_eq!(call(&second, 3).await.unwrap(), 1);
    assert_eq!(fleet.loads(), 2);
    fleet.gate.add_permits(1);
    renewing.await.unwrap();
    settle().await;
    assert_eq!(call(&second, 4).await.unwrap(), 2);
    assert_eq!(fleet.loads(), 2);
}

#[tokio::test]
async fn five_methods_make_no_lease_and_cost_no_second_look() {
    let clock = ManualClock::new();
    let store = MemoryPlainStore::new(clock.clock());
    let cache = Cache::builder().clock(clock.clock()).plain_store(store.clone()).build();
    cache.invalidate_all().await.unwrap();
    let trips = async |lease: Option<Duration>, key: &str| {
        let _ = store.take_trips();
        let call = cache.get_or_compute_value(key, async { 1 });
        match lease {
            Some(lease) => call.lease(lease).await,
            None => call.await,
        };
        store.take_trips()
    };
    assert_eq!(trips(None, "a").await, trips(Some(LEASE), "b").await);
}
