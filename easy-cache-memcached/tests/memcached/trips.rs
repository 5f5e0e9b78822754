//! How often a client waits for the server, counted between the two.

use std::future::Future;

use easy_cache_core::store::{Fill, Filled, Look, Looked, Store};
use easy_cache_servers::{Memcached, Proxy};

use crate::world::{KEY, World, tags};

async fn counted() -> (Proxy, World) {
    let proxy = Proxy::before(Memcached::shared().address());
    let world = World::at(&[proxy.address()]);
    world.invalidate(&["connected"]).await;
    (proxy, world)
}

async fn trips(proxy: &Proxy, step: impl Future<Output = ()>) -> u64 {
    proxy.meter().reset();
    step.await;
    proxy.meter().trips()
}

#[tokio::test]
async fn a_hit_takes_one_trip_and_a_miss_two_however_many_tags_there_are() {
    // parity 34
    for count in [0, 1, 5, 50, 1000] {
        let (proxy, world) = counted().await;
        let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(trips(&proxy, world.warm(&names)).await, 2, "a miss under {count} tags that nobody has ever used");
        // The entry, the records of the namespace and of the key, and one for each tag; read, and then written.
        let (read, written) = (vec!["mg"; count + 3], vec!["ms"; count + 3]);
        assert_eq!(proxy.meter().commands(), [read.clone(), written].concat(), "a miss under {count} tags");
        assert_eq!(trips(&proxy, async { drop(world.hit(&names).await) }).await, 1, "a hit under {count} tags");
        assert_eq!(proxy.meter().commands(), read, "a hit under {count} tags");
    }
}

#[tokio::test]
async fn an_invalidation_takes_one_trip_however_much_it_names() {
    for count in [1, 100, 1000] {
        let (proxy, world) = counted().await;
        let names: Vec<String> = (0..count).map(|n| format!("tag{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        world.warm(&names).await;
        assert_eq!(trips(&proxy, world.invalidate(&names)).await, 1, "{count} names");
        // For each name its bucket, a version, and the length of the record; and once the number of all buckets.
        let commands = proxy.meter().commands();
        assert!(commands.len() <= 3 * count + 1, "{} commands for {count} names", commands.len());
        assert_eq!(commands.iter().filter(|command| *command == "mg").count(), count, "{count} names");
        world.miss(&names).await;
    }
    let (proxy, world) = counted().await;
    assert_eq!(trips(&proxy, async { world.store.invalidate_all().await.unwrap() }).await, 1);
}

#[tokio::test]
async fn late_tags_cost_a_trip_where_they_are_new_and_ride_along_afterwards() {
    let (proxy, world) = counted().await;
    let fence = world.fence(&[]).await;
    let filled = async { assert_eq!(world.fill(b"value", &["late"], &fence).await, Filled::Kept) };
    assert_eq!(trips(&proxy, filled).await, 2, "nobody has ever used it");
    world.invalidate(&["late"]).await;
    let fence = world.fence(&[]).await;
    let filled = async { assert_eq!(world.fill(b"value", &["late"], &fence).await, Filled::Kept) };
    assert_eq!(trips(&proxy, filled).await, 1, "the lookup has asked for it");
    assert_eq!(trips(&proxy, async { drop(world.hit(&[]).await) }).await, 1);
    let elsewhere = world.elsewhere();
    elsewhere.invalidate(&["connected"]).await;
    assert_eq!(trips(&proxy, async { drop(elsewhere.hit(&[]).await) }).await, 2, "who does not know it asks again");
    assert_eq!(trips(&proxy, async { drop(elsewhere.hit(&[]).await) }).await, 1);
}

#[tokio::test]
async fn holds_and_releases_take_a_trip_each() {
    let (proxy, world) = counted().await;
    let writer = easy_cache_core::store::Version::random().unwrap();
    assert_eq!(trips(&proxy, world.hold(writer, &["a", "b"])).await, 1);
    assert_eq!(trips(&proxy, world.release(writer, &["a", "b"])).await, 1);
    assert_eq!(tags(&["a"]).len(), 1);
}

#[tokio::test]
async fn each_kind_of_value_under_a_key_takes_one_trip_whatever_the_tags_of_the_others() {
    let (proxy, world) = counted().await;
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
        assert_eq!(trips(&proxy, hit).await, 1, "kind {kind}");
    }
}
