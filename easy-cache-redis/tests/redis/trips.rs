//! How often a client waits for the server, counted between the two.

use std::time::{Duration, Instant};

use easy_cache_core::store::{Fill, Filled, Look, Looked, Store};
use easy_cache_core::{Cache, Near};
use easy_cache_servers::{Proxy, Redis};

use crate::world::{KEY, PATIENCE, World, tags};

fn counted() -> (Proxy, World) {
    let proxy = Proxy::before(Redis::shared().address());
    let world = World::at(proxy.redis_url());
    (proxy, world)
}

impl World {
    async fn trips(&self, proxy: &Proxy, step: impl Future<Output = ()>) -> (u64, Vec<String>) {
        proxy.meter().reset();
        step.await;
        (proxy.meter().trips(), proxy.meter().commands())
    }
}

#[tokio::test]
async fn a_hit_takes_one_trip_and_one_command_however_many_tags_it_has() {
    // parity 28, parity 34
    for count in [0, 1, 5, 50, 1_000] {
        let (proxy, world) = counted();
        let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.warm(&names).await;
        let (trips, commands) = world.trips(&proxy, async { drop(world.hit(&names).await) }).await;
        assert_eq!((trips, commands), (1, vec!["MGET".to_owned()]), "{count} tags");
    }
}

#[tokio::test]
async fn late_tags_ride_along_once_they_are_known() {
    let (proxy, world) = counted();
    world.warm(&["late"]).await;
    let (trips, _) = world.trips(&proxy, async { drop(world.hit(&[]).await) }).await;
    assert_eq!(trips, 1, "who has filled knows them");
    let elsewhere = world.elsewhere();
    drop(elsewhere.look(&["t"]).await);
    let (trips, _) = world.trips(&proxy, async { drop(elsewhere.hit(&[]).await) }).await;
    assert_eq!(trips, 1, "who has read it knows them");
}

#[tokio::test]
async fn who_does_not_know_the_tags_asks_a_second_time() {
    let (proxy, world) = counted();
    world.warm(&["late"]).await;
    let elsewhere = world.elsewhere();
    let other = elsewhere.store.look(Look::new(b"other", &[])).await.unwrap();
    assert!(matches!(other, Looked::Miss(_)), "the connection is up");
    let (trips, commands) = world.trips(&proxy, async { drop(elsewhere.hit(&[]).await) }).await;
    assert_eq!((trips, commands.len()), (2, 2));
}

#[tokio::test]
async fn a_miss_takes_two_trips_whether_its_tags_were_ever_used_or_not() {
    // parity 34
    for count in [0, 1, 5, 50] {
        let (proxy, world) = counted();
        drop(world.miss(&[]).await);
        let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for _ in 0..2 {
            let (trips, commands) = world.trips(&proxy, async { world.warm(&names).await }).await;
            assert_eq!((trips, commands), (2, ["MGET", "SET", "EVALSHA"].map(str::to_owned).to_vec()), "{count} tags");
            world.invalidate_key().await;
        }
    }
}

#[tokio::test]
async fn a_late_tag_that_others_have_used_costs_no_trip_more() {
    let (proxy, world) = counted();
    let used = world.store.look(Look::new(b"other", &[])).await.unwrap();
    let Looked::Miss(used) = used else { panic!("a hit") };
    let late = tags(&["late"]);
    let mut fill = Fill::new(b"other", b"value", used.fence.as_ref());
    fill.tags = &late;
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    let (trips, _) = world
        .trips(&proxy, async {
            let miss = world.miss(&[]).await;
            assert_eq!(world.fill(&miss, &["late"]).await, Filled::Kept);
        })
        .await;
    assert_eq!(trips, 2);
    assert_eq!(world.hit(&[]).await.payload, b"value");
}

#[tokio::test]
async fn an_invalidation_takes_one_trip_however_many_names_it_has() {
    for count in [1, 100, 1_000, 5_000] {
        let (proxy, world) = counted();
        drop(world.miss(&[]).await);
        let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
        let (names, keys): (Vec<&str>, Vec<&[u8]>) = (names.iter().map(String::as_str).collect(), vec![KEY]);
        let (trips, commands) =
            world.trips(&proxy, async { world.store.invalidate(&tags(&names), &keys).await.unwrap() }).await;
        assert_eq!((trips, commands.len()), (1, (count as usize + 1).div_ceil(200)), "{count} names");
    }
}

#[tokio::test]
async fn nothing_is_asked_for_no_names() {
    let (proxy, world) = counted();
    drop(world.miss(&[]).await);
    let (trips, _) = world.trips(&proxy, async { world.invalidate(&[]).await }).await;
    assert_eq!(trips, 0);
}

#[tokio::test]
async fn each_kind_of_value_under_a_key_takes_one_trip_whatever_the_tags_of_the_others() {
    let (proxy, world) = counted();
    let miss = world.miss(&[]).await;
    for (kind, names) in [(0, &[][..]), (1, &["a"]), (2, &["b", "c"])] {
        let tags = tags(names);
        let mut fill = Fill::new(KEY, b"value", miss.fence.as_ref());
        (fill.kind, fill.tags) = (kind, &tags);
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    }
    for kind in [0, 1, 2, 0, 1, 2] {
        let mut look = Look::new(KEY, &[]);
        look.kind = kind;
        let hit = async { assert!(matches!(world.store.look(look).await.unwrap(), Looked::Hit(_)), "{kind}") };
        assert_eq!(world.trips(&proxy, hit).await.0, 1, "kind {kind}");
    }
}

/// What a call of a cache costs, which does more than the store's operations: it looks, decides, keeps and tells.
#[tokio::test]
async fn a_call_of_a_cache_sends_what_its_store_needs_and_nothing_else() {
    for count in [0, 1, 50] {
        let (proxy, world) = counted();
        drop(world.miss(&[]).await);
        let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
        let cache = Cache::builder().store(world.store.clone()).store_timeout(PATIENCE).build();
        let call = async |computed: u64| -> u64 {
            cache.get_or_compute_value("called", async move { computed }).tags(&names).await
        };
        let sent = world.trips(&proxy, async { assert_eq!(call(1).await, 1) }).await;
        assert_eq!(sent, (2, ["MGET", "SET", "EVALSHA"].map(str::to_owned).to_vec()), "a miss under {count} tags");
        for _ in 0..3 {
            let sent = world.trips(&proxy, async { assert_eq!(call(2).await, 1) }).await;
            assert_eq!(sent, (1, vec!["MGET".to_owned()]), "a hit under {count} tags");
        }
        let sent = world.trips(&proxy, async { cache.invalidate_tags(&names).await.unwrap() }).await;
        let invalidation = (u64::from(count > 0), vec!["EVALSHA".to_owned(); usize::from(count > 0)]);
        assert_eq!(sent, invalidation, "an invalidation of {count} tags");
        let sent = world.trips(&proxy, async { cache.invalidate_key("called").await.unwrap() }).await;
        assert_eq!(sent, (1, vec!["EVALSHA".to_owned()]), "an invalidation of a key");
        assert_eq!(call(3).await, 3);
    }
}

/// The connection of the news is not counted: proofs go over it, not calls.
#[tokio::test]
async fn what_is_kept_near_is_served_without_a_trip() {
    let (proxy, world) = counted();
    // The namespace is there: what makes it is told as well, and everything is forgotten until the next proof.
    world.warm(&["t"]).await;
    let near = Near::within(Duration::from_secs(40));
    let cache = Cache::builder().store(world.store.clone()).store_timeout(PATIENCE).near(near).build();
    let call = async |computed: u64| -> u64 {
        cache.get_or_compute_value("called", async move { computed }).tags(["t"]).await
    };
    let begun = Instant::now();
    for round in 0..3 {
        let sent = async || world.trips(&proxy, async { assert_eq!(call(99).await, round) }).await;
        assert_eq!(call(round).await, round);
        // The copy is there when what the fill has changed was told, and a proof has come since.
        let mut hits = 0;
        while hits < 10 {
            hits = if sent().await == (0, Vec::new()) { hits + 1 } else { 0 };
            assert!(begun.elapsed() < PATIENCE * 4, "nothing is kept near");
        }
        let told = world.trips(&proxy, async { cache.invalidate_tags(["t"]).await.unwrap() }).await;
        assert_eq!(told, (1, vec!["EVALSHA".to_owned()]), "an invalidation");
    }
}
