//! What is lost, or is no longer ours, costs misses and refused fills, and nothing worse.

use easy_cache_core::store::{Fill, Filled, Look, Looked, MissReason, Store};
use easy_cache_servers::Redis;

use crate::world::{KEY, World, tags};

const RECORDS: [&str; 6] = ["o", "b", "r:!", "r:kk", "r:tt", "e:0:k"];

#[tokio::test]
async fn a_lost_record_is_a_miss_at_worst() {
    // case 53
    for lost in RECORDS {
        let world = World::new();
        world.warm(&["t"]).await;
        Redis::shared().command(["DEL", &world.key(lost)]);
        if ["o", "b"].contains(&lost) {
            world.hit(&["t"]).await;
            world.invalidate(&["t"]).await;
        }
        let miss = world.miss(&["t"]).await;
        if lost == "b" {
            assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept, "the invalidation has made it anew");
        } else {
            world.fill(&miss, &["t"]).await;
        }
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn a_record_that_is_lost_and_created_anew_does_not_bring_entries_back() {
    // case 53, case 54
    for lost in ["r:!", "r:kk", "r:tt"] {
        let world = World::new();
        world.warm(&["t"]).await;
        world.invalidate(&["t"]).await;
        world.invalidate_key().await;
        Redis::shared().command(["DEL", &world.key(lost)]);
        let other = tags(&["t"]);
        for (key, kind) in [(&b"other"[..], 0), (KEY, 7)] {
            let mut look = Look::new(key, &other);
            look.kind = kind;
            let Looked::Miss(miss) = world.store.look(look).await.unwrap() else { panic!("a hit") };
            let mut fill = Fill::new(key, b"value", miss.fence.as_ref());
            (fill.tags, fill.kind) = (&other, kind);
            assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
        }
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated), "lost: {lost}");
    }
}

#[tokio::test]
async fn no_loss_between_lookup_and_fill_hides_an_invalidation() {
    for lost in RECORDS {
        for again in [false, true] {
            let world = World::new();
            world.warm(&["t"]).await;
            world.invalidate_key().await;
            let miss = world.miss(&["t"]).await;
            Redis::shared().command(["DEL", &world.key(lost)]);
            world.invalidate(&["t"]).await;
            if again {
                Redis::shared().command(["DEL", &world.key(lost)]);
            }
            let filled = world.fill(&miss, &["t"]).await;
            assert_ne!(filled, Filled::Kept, "lost: {lost}, again: {again}");
            world.warm(&["t"]).await;
            world.hit(&["t"]).await;
        }
    }
}

#[tokio::test]
async fn a_fill_without_an_order_makes_one_and_is_not_kept() {
    for lost in ["o", "b"] {
        let world = World::new();
        let miss = world.miss(&["t"]).await;
        Redis::shared().command(["DEL", &world.key(lost)]);
        assert_eq!(world.fill(&miss, &["t"]).await, Filled::NotKept, "lost: {lost}");
        world.warm(&["t"]).await;
    }
}

#[tokio::test]
async fn a_flush_of_the_server_is_a_miss_and_what_was_under_way_is_refused() {
    for command in ["FLUSHALL", "FLUSHDB"] {
        let server = Redis::start();
        let world = World::at(server.url());
        world.warm(&["t"]).await;
        let under_way = world.hit(&["t"]).await;
        server.command([command]);
        world.invalidate(&["t"]).await;
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Absent));
        let fill = Fill::new(KEY, b"old", under_way.fence.as_ref());
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
        world.warm(&["t"]).await;
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again_on_the_way() {
    let server = Redis::start();
    let world = World::at(server.url());
    let miss = world.miss(&["t"]).await;
    let forget = || server.command(["SCRIPT", "FLUSH"]);
    forget();
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept);
    forget();
    world.invalidate(&["t"]).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated));
    world.warm(&["t"]).await;
    forget();
    world.store.invalidate_all().await.unwrap();
    world.warm(&["t"]).await;
    forget();
    server.command(["DEL", &world.key("o")]);
    let other = world.store.look(Look::new(b"other", &[])).await.unwrap();
    assert!(matches!(other, Looked::Miss(miss) if miss.fence.is_some()), "the order is made by a script");
}

#[tokio::test]
async fn foreign_bytes_under_our_keys_are_misses_and_are_overwritten() {
    for record in RECORDS {
        for bytes in [&b""[..], b"x", &[b'x'; 16], &[b'x'; 23], &[b'x'; 40], &[b'9'; 40], &[0xff; 300]] {
            let world = World::new();
            world.warm(&["t"]).await;
            let key = world.key(record);
            Redis::shared().command([&b"SET"[..], key.as_bytes(), bytes]);
            drop(world.look(&["t"]).await);
            world.invalidate(&["t"]).await;
            let miss = world.miss(&["t"]).await;
            world.fill(&miss, &["t"]).await;
            recovers(&world, &format!("{record} = {bytes:?}")).await;
        }
    }
}

#[tokio::test]
async fn other_types_under_our_keys_are_misses_and_are_overwritten() {
    for record in RECORDS {
        let world = World::new();
        world.warm(&["t"]).await;
        let key = world.key(record);
        let wrong = ["LPUSH", &key, "of another type"];
        for command in [["DEL", &key].as_slice(), wrong.as_slice()] {
            Redis::shared().command(command.iter().copied());
        }
        drop(world.look(&["t"]).await);
        world.invalidate(&["t"]).await;
        let miss = world.miss(&["t"]).await;
        world.fill(&miss, &["t"]).await;
        recovers(&world, record).await;
    }
}

/// Whatever was there, it is a cache again after one more value.
async fn recovers(world: &World, after: &str) {
    world.store.invalidate_all().await.unwrap();
    let miss = world.miss(&["t"]).await;
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept, "{after}");
    world.hit(&["t"]).await;
    world.invalidate(&["t"]).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated), "{after}");
}

#[tokio::test]
async fn eviction_of_what_was_not_used_for_long_costs_misses_and_nothing_outdated() {
    // case 53
    eviction_costs_misses("allkeys-lru").await;
}

#[tokio::test]
async fn eviction_costs_misses_and_nothing_outdated() {
    // case 53
    eviction_costs_misses("allkeys-random").await;
}

/// By that policy. Records are used with each lookup, so that "random" takes them oftener.
async fn eviction_costs_misses(policy: &str) {
    let server = Redis::options().memory("3mb", policy).start();
    let world = World::at(server.url());
    let payload = vec![7; 3_000];
    for round in 0..4_u32 {
        for n in 0..1_000_u32 {
            let (key, names) = (n.to_be_bytes(), tags(&[&format!("t{}", n % 50)]));
            let Looked::Miss(miss) = world.store.look(Look::new(&key, &names)).await.unwrap() else { continue };
            let mut payload = payload.clone();
            payload.extend(round.to_be_bytes());
            let mut fill = Fill::new(&key, &payload, miss.fence.as_ref());
            fill.tags = &names;
            world.store.fill(fill).await.unwrap();
        }
        world.invalidate(&["t7"]).await;
        for n in (7..1_000_u32).step_by(50) {
            let looked = world.store.look(Look::new(&n.to_be_bytes(), &tags(&["t7"]))).await.unwrap();
            assert!(matches!(looked, Looked::Miss(_)), "{n} of round {round}");
        }
    }
    assert_ne!(server.info("evicted_keys").unwrap(), "0");
}

#[tokio::test]
async fn a_full_server_keeps_nothing_new_and_invalidates_all_the_same() {
    let server = Redis::options().memory("0", "noeviction").start();
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    let miss = world.hit(&["t"]).await;
    server.command(["CONFIG", "SET", "maxmemory", "1"]);
    let error = world.store.fill(Fill::new(KEY, b"value", miss.fence.as_ref())).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with("its memory is full"), "{error}: {cause}");
    world.hit(&["t"]).await;
    world.invalidate(&["t"]).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated));
    world.store.invalidate_all().await.unwrap();
    server.command(["CONFIG", "SET", "maxmemory", "0"]);
    world.warm(&["t"]).await;
}

#[tokio::test]
async fn a_value_that_was_lost_on_its_way_leaves_the_one_in_place() {
    let server = Redis::start();
    let world = World::at(server.url());
    world.warm(&["t"]).await;
    let hit = world.hit(&["t"]).await;
    server.command(["ACL", "SETUSER", "default", "-set"]);
    let names = tags(&["t"]);
    let mut fill = Fill::new(KEY, b"another", hit.fence.as_ref());
    fill.tags = &names;
    assert!(world.store.fill(fill).await.is_err());
    assert_eq!(world.hit(&["t"]).await.payload, b"value");
}
