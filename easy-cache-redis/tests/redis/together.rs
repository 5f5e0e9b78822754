//! Lookups that travel together, and what they do not do to each other.

use std::time::{Duration, Instant};

use easy_cache_core::store::{Fill, Look, Looked, Store};
use easy_cache_redis::RedisStore;
use easy_cache_redis::deadpool_redis::{Config, Runtime};
use easy_cache_servers::proxy::{Direction, Fault};
use easy_cache_servers::{Proxy, Redis};
use tokio::task::JoinHandle;

use crate::world::{PATIENCE, World, tags};

/// More than go by themselves, and more than fit into two batches.
const MANY: u32 = 600;

async fn put(store: &RedisStore, key: &[u8], names: &[&str], payload: &[u8]) {
    let names = tags(names);
    let Looked::Miss(miss) = store.look(Look::new(key, &names)).await.unwrap() else { panic!("a hit") };
    let mut fill = Fill::new(key, payload, miss.fence.as_ref());
    fill.tags = &names;
    store.fill(fill).await.unwrap();
}

fn look(store: &RedisStore, n: u32) -> JoinHandle<Option<Vec<u8>>> {
    let store = store.clone();
    tokio::spawn(async move {
        let names = tags(&[&format!("t{}", n % 10), "all"]);
        match store.look(Look::new(&n.to_be_bytes(), &names)).await.unwrap() {
            Looked::Hit(hit) => Some(hit.payload),
            Looked::Miss(_) => None,
        }
    })
}

/// Every second key has a value: its number.
async fn filled(world: &World) {
    for n in (0..MANY).step_by(2) {
        let tag = format!("t{}", n % 10);
        put(&world.store, &n.to_be_bytes(), &[&tag, "all"], &n.to_le_bytes()).await;
    }
}

async fn everybody_gets_their_own(looks: Vec<JoinHandle<Option<Vec<u8>>>>, gone: impl Fn(u32) -> bool) {
    for (n, look) in (0..).zip(looks) {
        let expected = (n % 2 == 0 && !gone(n)).then(|| n.to_le_bytes().to_vec());
        assert_eq!(look.await.unwrap(), expected, "lookup {n}");
    }
}

#[tokio::test]
async fn many_lookups_take_few_commands_and_each_gets_its_own_answer() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    filled(&world).await;
    proxy.meter().reset();
    everybody_gets_their_own((0..MANY).map(|n| look(&world.store, n)).collect(), |_| false).await;
    let commands = proxy.meter().commands().len();
    assert!(commands <= 16 + 10, "{commands} commands for {MANY} lookups");
    world.store.invalidate(&tags(&["t4"]), &[]).await.unwrap();
    everybody_gets_their_own((0..MANY).map(|n| look(&world.store, n)).collect(), |n| n % 10 == 4).await;
}

#[tokio::test]
async fn lookups_travel_together_on_a_connection_of_the_applications_pool_as_well() {
    let server = Redis::shared();
    let pool = Config::from_url(server.url()).create_pool(Some(Runtime::Tokio1)).unwrap();
    let namespace = easy_cache_servers::unique("pool");
    let store = RedisStore::builder(&namespace).pool(pool).timeout(PATIENCE).build().unwrap();
    let world = World { store, namespace, url: server.url() };
    filled(&world).await;
    everybody_gets_their_own((0..MANY).map(|n| look(&world.store, n)).collect(), |_| false).await;
    world.store.invalidate(&tags(&["t4"]), &[]).await.unwrap();
    everybody_gets_their_own((0..MANY).map(|n| look(&world.store, n)).collect(), |n| n % 10 == 4).await;
}

#[tokio::test]
async fn who_wants_separate_lookups_gets_them() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::with(proxy.redis_url(), |builder| builder.separate_lookups());
    filled(&world).await;
    proxy.meter().reset();
    everybody_gets_their_own((0..MANY).map(|n| look(&world.store, n)).collect(), |_| false).await;
    assert_eq!(proxy.meter().commands().len(), MANY as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_takes_nobody_along() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    filled(&world).await;
    proxy.set(Direction::ToClient, Fault::Hold);
    let mut looks: Vec<_> = (0..MANY).map(|n| look(&world.store, n)).collect();
    proxy.wait_until_stopped(Direction::ToClient, 1);
    for n in (0..MANY).filter(|n| n % 3 != 0) {
        looks[n as usize].abort();
    }
    proxy.mend();
    for n in (0..MANY).filter(|n| n % 3 == 0) {
        let expected = (n % 2 == 0).then(|| n.to_le_bytes().to_vec());
        assert_eq!((&mut looks[n as usize]).await.unwrap(), expected, "lookup {n}");
    }
    drop(looks);
    everybody_gets_their_own((0..MANY).map(|n| look(&world.store, n)).collect(), |_| false).await;
}

#[tokio::test]
async fn nobody_waits_longer_in_the_queue_than_the_timeout() {
    let (server, timeout) = (Redis::start(), Duration::from_secs(2));
    let world = World::with(server.url(), |builder| builder.timeout(timeout));
    drop(world.store.look(Look::new(b"warm", &[])).await.unwrap());
    server.pause();
    let begun = Instant::now();
    let looks = (0..MANY).map(|n| {
        let store = world.store.clone();
        tokio::spawn(async move { store.look(Look::new(&n.to_be_bytes(), &[])).await.map(drop) })
    });
    for look in looks.collect::<Vec<_>>() {
        assert!(look.await.unwrap().is_err());
    }
    assert!(
        begun.elapsed() < timeout * 2,
        "those behind the first batches waited for these as well: {:?}",
        begun.elapsed()
    );
    server.resume();
}

#[tokio::test]
async fn large_values_travel_in_small_company() {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    let large = vec![7; 64 << 10];
    for n in 0..200_u32 {
        put(&world.store, &n.to_be_bytes(), &[], &large).await;
    }
    let look = |n: u32| {
        let store = world.store.clone();
        tokio::spawn(async move { store.look(Look::new(&n.to_be_bytes(), &[])).await.map(drop) })
    };
    for round in 0..6 {
        proxy.meter().reset();
        for look in (0..200).map(look).collect::<Vec<_>>() {
            look.await.unwrap().unwrap();
        }
        if round == 5 {
            let commands = proxy.meter().commands().len();
            assert!(commands > 16 + 184 / 10, "{commands} commands for 200 values of 64 KiB");
        }
    }
}

#[test]
fn a_store_outlives_the_runtime_that_it_was_made_on() {
    let url = Redis::shared().url();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let first = runtime();
    let store = first.block_on(async {
        RedisStore::builder(easy_cache_servers::unique("ended")).url(url).timeout(PATIENCE).build().unwrap()
    });
    first.block_on(async { drop(store.look(Look::new(b"k", &[])).await.unwrap()) });
    drop(first);
    runtime().block_on(async {
        let looks = (0..100_u32).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { drop(store.look(Look::new(&n.to_be_bytes(), &[])).await) })
        });
        for look in looks.collect::<Vec<_>>() {
            look.await.unwrap();
        }
        drop(store.look(Look::new(b"k", &[])).await.unwrap());
    });
}
