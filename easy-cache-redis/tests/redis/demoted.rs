//! A master that was replaced, is alive, and ends no connection: it goes on answering whoever only reads, with what it had.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use easy_cache_core::store::{Look, Looked, Store};
use easy_cache_core::{Cache, Near};
use easy_cache_redis::RedisStore;
use easy_cache_redis::deadpool_redis::{Config, Runtime};
use easy_cache_servers::{Proxy, Redis, unique};

use crate::connections::cause;
use crate::follow::{eventually, followed};
use crate::world::{KEY, PATIENCE, World, tags};

/// Longer than a demoted master is read with the defaults, on any machine that is not stuck.
const LONG: Duration = Duration::from_secs(15);

/// From now on another one takes the writes. Nothing is copied from that, since there is no link, and no connection ends.
fn demote(server: &Redis) {
    assert_eq!(server.command(["REPLICAOF", "127.0.0.1", "1"]).to_string(), "OK");
}

fn asking(url: String, every: Duration) -> World {
    World::with(url, |builder| builder.check_master_every(every))
}

/// Reads, and does nothing else, until the server is told as what it is.
async fn read_until_it_is_left(world: &World) {
    let begun = Instant::now();
    loop {
        match world.store.look(Look::new(KEY, &tags(&["t"]))).await {
            Ok(_) => assert!(begun.elapsed() < LONG, "a demoted master goes on being read"),
            Err(error) => return assert!(cause(&error).starts_with("it is a replica"), "{}", cause(&error)),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn who_only_reads_leaves_a_demoted_master_and_finds_the_next_one() {
    let (one, other) = (Redis::start(), Redis::start());
    let proxy = Proxy::before(one.address());
    let usual = |_| RedisStore::builder("shop").url(proxy.redis_url()).timeout(PATIENCE).connect_timeout(PATIENCE);
    let world = World::with(proxy.redis_url(), usual);
    world.warm(&["t"]).await;
    proxy.lead_on_to(other.address());
    demote(&one);
    let begun = Instant::now();
    while !matches!(world.store.look(Look::new(KEY, &tags(&["t"]))).await, Ok(Looked::Miss(_))) {
        assert!(begun.elapsed() < LONG, "what the next master has not is served");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn after_a_pause_the_first_lookup_is_not_answered_by_a_demoted_master() {
    let (server, every) = (Redis::start(), Duration::from_millis(20));
    let world = asking(server.url(), every);
    world.warm(&["t"]).await;
    demote(&server);
    tokio::time::sleep(every * 2).await;
    let error = world.store.look(Look::new(KEY, &tags(&["t"]))).await.unwrap_err();
    assert!(cause(&error).starts_with("it is a replica"), "{}", cause(&error));
}

#[tokio::test]
async fn lookups_that_come_together_do_not_believe_a_demoted_master_either() {
    let (server, every) = (Redis::start(), Duration::from_millis(20));
    let world = asking(server.url(), every);
    world.warm(&["t"]).await;
    demote(&server);
    tokio::time::sleep(every * 2).await;
    let looks = (0..200).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move { store.look(Look::new(KEY, &tags(&["t"]))).await.is_err() })
    });
    for look in looks.collect::<Vec<_>>() {
        assert!(look.await.unwrap());
    }
}

#[tokio::test]
async fn a_new_connection_to_a_demoted_master_is_not_used() {
    let server = Redis::start();
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    demote(&server);
    let error = world.elsewhere().store.look(Look::new(KEY, &tags(&["t"]))).await.unwrap_err();
    assert!(cause(&error).starts_with("it is a replica"), "{}", cause(&error));
}

#[tokio::test]
async fn who_may_not_ask_for_a_role_leaves_a_demoted_master_as_well() {
    let server = Redis::start();
    server.command(["ACL", "SETUSER", "default", "-role"]);
    let world = asking(server.url(), Duration::from_millis(20));
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
    demote(&server);
    read_until_it_is_left(&world).await;
}

#[tokio::test]
async fn who_may_no_longer_ask_for_a_role_finds_another_way() {
    let server = Redis::start();
    let world = asking(server.url(), Duration::from_millis(20));
    world.warm(&["t"]).await;
    server.command(["ACL", "SETUSER", "default", "-role"]);
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert!(world.store.look(Look::new(KEY, &tags(&["t"]))).await.is_err(), "it is dialled anew");
    world.hit(&["t"]).await;
    demote(&server);
    read_until_it_is_left(&world).await;
}

#[tokio::test]
async fn a_pool_whose_server_was_demoted_is_emptied() {
    let server = Redis::start();
    let pool = Config::from_url(server.url()).create_pool(Some(Runtime::Tokio1)).unwrap();
    let builder = RedisStore::builder(unique("pool")).pool(pool.clone()).timeout(PATIENCE).connect_timeout(PATIENCE);
    let store = builder.check_master_every(Duration::from_millis(20)).build().unwrap();
    let world = World { store, namespace: String::new(), url: server.url() };
    world.warm(&["t"]).await;
    drop(pool.get().await.unwrap());
    assert_eq!(pool.status().size, 1, "one that waits for the next caller");
    demote(&server);
    read_until_it_is_left(&world).await;
    assert_eq!(pool.status().size, 0, "others would lead to the same server");
}

#[tokio::test]
async fn the_question_goes_along_with_a_lookup_in_one_trip_and_with_no_other() {
    let proxy = Proxy::before(Redis::shared().address());
    let commands = |every| {
        let (proxy, world) = (&proxy, asking(proxy.redis_url(), every));
        async move {
            world.warm(&["t"]).await;
            proxy.meter().reset();
            world.hit(&["t"]).await;
            world.hit(&["t"]).await;
            (proxy.meter().trips(), proxy.meter().commands().join(" "))
        }
    };
    assert_eq!(commands(Duration::ZERO).await, (2, "ROLE MGET ROLE MGET".to_owned()));
    assert_eq!(commands(LONG * 100).await, (2, "MGET MGET".to_owned()));
}

#[tokio::test]
async fn a_demoted_master_proves_nothing_to_a_near_cache() {
    for refused in [None, Some("-role"), Some("-client|tracking")] {
        let server = Redis::start();
        refused.into_iter().for_each(|command| _ = server.command(["ACL", "SETUSER", "default", command]));
        let world = World::at(server.url());
        let (notes, _following) = followed(&world).await;
        demote(&server);
        eventually(|| notes.heard.lock().contains(&"everything".to_owned())).await;
        let proved = notes.proved.load(Ordering::SeqCst);
        notes.take();
        eventually(|| notes.heard.lock().len() >= 3).await;
        assert_eq!(notes.proved.load(Ordering::SeqCst), proved, "refused: {refused:?}");
    }
}

#[tokio::test]
async fn what_is_kept_near_is_not_served_for_longer_than_its_bound_after_its_master_was_demoted() {
    let (server, bound) = (Redis::start(), Duration::from_millis(200));
    let proxy = Proxy::before(server.address());
    let builder = RedisStore::builder("shop").url(proxy.redis_url()).timeout(PATIENCE).connect_timeout(PATIENCE);
    let store = builder.check_master_every(bound / 2).build().unwrap();
    let cache = Cache::builder().store(store).store_timeout(PATIENCE).near(Near::within(bound)).build();
    let value = async |computed: &str| -> String {
        let computed = computed.to_owned();
        cache.get_or_compute_value("k", async { computed }).tags(["t"]).await
    };
    assert_eq!(value("before").await, "before");
    let begun = Instant::now();
    loop {
        proxy.meter().reset();
        assert_eq!(value("before").await, "before");
        if proxy.meter().trips() == 0 {
            break;
        }
        assert!(begun.elapsed() < LONG, "nothing is kept near");
    }
    demote(&server);
    let demoted = Instant::now();
    while value("after").await == "before" {
        assert!(demoted.elapsed() < LONG, "what another one has changed by now is served");
    }
}

#[tokio::test]
async fn news_of_another_server_than_that_of_the_lookups_prove_nothing() {
    let (one, other) = (Redis::start(), Redis::start());
    let (lookups, news) = (Proxy::before(one.address()), Proxy::before(one.address()));
    let world = World::with(lookups.redis_url(), |builder| builder.news_from(news.redis_url()));
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    lookups.lead_to(other.address());
    let begun = Instant::now();
    while !matches!(world.store.look(Look::new(KEY, &tags(&["t"]))).await, Ok(Looked::Miss(_))) {
        assert!(begun.elapsed() < LONG, "the address leads elsewhere");
    }
    eventually(|| notes.heard.lock().contains(&"everything".to_owned())).await;
    news.lead_on_to(other.address());
    notes.take();
    notes.proof().await;
    world.warm(&["t"]).await;
    world.invalidate(&["t"]).await;
    notes.proof().await;
    assert!(notes.take().contains(&"tag t".to_owned()), "it is the one that tells");
}

#[tokio::test]
async fn what_is_looked_up_and_what_is_told_come_from_one_server() {
    for keeps in [false, true] {
        let (one, other) = (Redis::start(), Redis::start());
        let (lookups, news) = (Proxy::before(one.address()), Proxy::before(one.address()));
        let world = World::with(lookups.redis_url(), |builder| {
            let builder = builder.news_from(news.redis_url());
            if keeps { builder.keep_across_restarts() } else { builder }
        });
        world.warm(&["t"]).await;
        let (_notes, _following) = followed(&world).await;
        world.hit(&["t"]).await;
        assert_eq!(lookups.accepted(), 1, "they agree");
        if keeps {
            demote(&one);
        }
        lookups.lead_on_to(other.address());
        news.lead_to(other.address());
        let begun = Instant::now();
        while !matches!(world.store.look(Look::new(KEY, &tags(&["t"]))).await, Ok(Looked::Miss(_))) {
            assert!(begun.elapsed() < LONG, "a copy would be kept of which nobody tells the changes");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
