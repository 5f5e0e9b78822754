//! The rules of the protocol, each by itself. The model in `tests/model/src/memcached` has every order of steps.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Leased, Look, Looked, MissReason, Store, Version, VersionedTag};
use easy_cache_servers::Memcached;

use crate::listener::Listener;
use crate::world::{KEY, World, tags};

#[tokio::test]
async fn a_late_tag_whose_bucket_is_quiet_is_taken_at_once() {
    let world = World::new();
    let fence = world.fence(&[]).await;
    assert_eq!(world.fill(b"value", &["late"], &fence).await, Filled::Kept);
    world.hit(&[]).await;
}

#[tokio::test]
async fn a_late_tag_that_was_invalidated_meanwhile_refuses() {
    let world = World::new();
    world.invalidate(&["late"]).await;
    let fence = world.fence(&[]).await;
    world.elsewhere().invalidate(&["late"]).await;
    assert_eq!(world.fill(b"value", &["late"], &fence).await, Filled::Outdated);
    world.miss(&[]).await;
}

#[tokio::test]
async fn a_known_tag_that_was_invalidated_meanwhile_refuses_whether_it_had_a_record_or_not() {
    let world = World::new();
    for _ in 0..2 {
        let fence = world.fence(&["t"]).await;
        world.elsewhere().invalidate(&["t"]).await;
        assert_eq!(world.fill(b"value", &["t"], &fence).await, Filled::Outdated);
        assert_eq!(world.miss(&["t"]).await.reason, MissReason::Outdated);
    }
}

#[tokio::test]
async fn an_invalidation_of_the_key_drops_all_kinds_and_refuses_what_is_computed() {
    let world = World::new();
    let mut fences = Vec::new();
    for kind in [1, 2] {
        let mut look = Look::new(KEY, &[]);
        look.kind = kind;
        let Looked::Miss(miss) = world.store.look(look).await.unwrap() else { panic!("a hit") };
        let fence = miss.fence.unwrap();
        let mut fill = Fill::new(KEY, b"value", Some(&fence));
        fill.kind = kind;
        if kind == 1 {
            assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
        }
        fences.push(fence);
    }
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    let mut fill = Fill::new(KEY, b"value", Some(&fences[1]));
    fill.kind = 2;
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
    for kind in [1, 2] {
        let mut look = Look::new(KEY, &[]);
        look.kind = kind;
        assert!(matches!(world.store.look(look).await.unwrap(), Looked::Miss(_)));
    }
}

#[tokio::test]
async fn one_fence_of_a_key_serves_all_its_kinds() {
    let world = World::new();
    for round in ["nothing is there", "all records are there"] {
        let fence = world.fence(&["t"]).await;
        let (tags, kinds) = (tags(&["t", round]), [0, 1, 2]);
        for kind in kinds {
            let mut fill = Fill::new(KEY, b"value", Some(&fence));
            (fill.kind, fill.tags) = (kind, &tags);
            assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept, "{kind}: {round}");
        }
        for invalidated in [false, true] {
            for kind in kinds {
                let mut look = Look::new(KEY, &[]);
                look.kind = kind;
                let looked = world.store.look(look).await.unwrap();
                assert_eq!(matches!(looked, Looked::Miss(_)), invalidated, "{kind}: {looked:?}");
            }
            world.invalidate(&["t"]).await;
        }
        let mut fill = Fill::new(KEY, b"value", Some(&fence));
        (fill.kind, fill.tags) = (3, &tags);
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated, "{round}");
    }
}

#[tokio::test]
async fn what_a_version_was_seen_of_on_the_way_must_still_be_it() {
    let world = World::new();
    world.warm(&["t"]).await;
    let [VersionedTag { version, .. }] = world.hit(&["t"]).await.tags[..] else { panic!("one tag") };
    let outer = async |seen: Version| {
        let Looked::Miss(miss) = world.store.look(Look::new(b"outer", &[])).await.unwrap() else { panic!("a hit") };
        let (fence, tags) = (miss.fence.unwrap(), tags(&["t"]));
        let seen = [VersionedTag { tag: Tag::new("t"), version: seen }];
        let mut fill = Fill::new(b"outer", b"value", Some(&fence));
        (fill.tags, fill.seen) = (&tags, &seen);
        world.store.fill(fill).await.unwrap()
    };
    world.invalidate(&["other"]).await;
    assert_eq!(outer(Version::from_bytes([9; 16])).await, Filled::Outdated);
    assert_eq!(outer(version).await, Filled::Kept);
}

#[tokio::test]
async fn a_value_beyond_the_limit_is_not_kept_which_is_told_and_the_connection_lives_on() {
    let world = World::with(&[Memcached::shared().address()], |builder| builder.max_value(2 << 20));
    let fence = world.fence(&[]).await;
    let listener = Listener::begin();
    assert_eq!(world.fill(&vec![1; 3 << 20], &[], &fence).await, Filled::NotKept, "our limit");
    let [told] = &listener.take()[..] else { panic!("one warning") };
    assert!(
        told.starts_with("a value is too large for memcached bytes=3") && told.ends_with("limit=2097152"),
        "{told}"
    );
    assert_eq!(world.fill(&vec![1; 1 << 20], &[], &fence).await, Filled::NotKept, "the server's limit");
    let [told] = &listener.take()[..] else { panic!("one warning") };
    assert!(told.starts_with("memcached did not take a value reason=") && told.contains("too large"), "{told}");
    let fence = world.fence(&[]).await;
    assert_eq!(world.fill(&vec![1; (1 << 20) - 1024], &[], &fence).await, Filled::Kept);
    assert_eq!(world.hit(&[]).await.payload.len(), (1 << 20) - 1024);
    assert!(listener.take().is_empty(), "a value that is kept is nothing to warn of");
}

#[tokio::test]
async fn names_of_any_length_and_content_are_kept_apart() {
    let world = World::new();
    let long = "k".repeat(1000);
    let keys = [b"a b".as_slice(), b"a\r\nflush_all\r\n", &[0xff, 0, 7], long.as_bytes(), "größe".as_bytes(), b""];
    let tags = [Tag::new(&long), Tag::new("with space"), Tag::new("größe")];
    for key in keys {
        let Looked::Miss(miss) = world.store.look(Look::new(key, &tags)).await.unwrap() else { panic!("{key:?}") };
        let fence = miss.fence.unwrap();
        let mut fill = Fill::new(key, key, Some(&fence));
        fill.tags = &tags;
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    }
    for key in keys {
        let Looked::Hit(hit) = world.store.look(Look::new(key, &tags)).await.unwrap() else { panic!("{key:?}") };
        assert_eq!(hit.payload, key);
    }
    world.store.invalidate(&tags[1..2], &[]).await.unwrap();
    assert!(matches!(world.store.look(Look::new(keys[0], &tags)).await.unwrap(), Looked::Miss(_)));
}

#[tokio::test]
async fn a_hit_says_how_old_it_is_and_how_long_it_lasts_by_the_servers_clock() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    let fence = world.fence(&[]).await;
    let mut fill = Fill::new(KEY, b"value", Some(&fence));
    fill.ttl = Some(Duration::from_secs(1000));
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    crate::world::age(&server, Duration::from_secs(300));
    let hit = world.hit(&[]).await;
    assert!((Duration::from_secs(300)..Duration::from_secs(330)).contains(&hit.age), "{:?}", hit.age);
    assert_eq!(hit.remaining, Some(Duration::from_secs(1000) - hit.age));
    let fence = hit.fence.unwrap();
    let mut fill = Fill::new(KEY, b"value", Some(&fence));
    fill.ttl = Some(Duration::from_millis(500));
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::NotKept, "less than a second");
}

#[tokio::test]
async fn one_process_has_the_lease_until_it_gives_it_back_or_its_time_is_over() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    let [a, b] = [1, 2].map(|byte| Version::from_bytes([byte; 16]));
    let lease = async |holder| world.store.lease(KEY, holder, Duration::from_secs(30)).await.unwrap();
    assert_eq!((lease(a).await, lease(b).await), (Leased::Yours, Leased::Taken));
    world.store.end_lease(KEY, b).await.unwrap();
    assert_eq!(lease(b).await, Leased::Taken, "it was not the other's to give back");
    world.store.end_lease(KEY, a).await.unwrap();
    assert_eq!(lease(b).await, Leased::Yours);
    crate::world::age(&server, Duration::from_secs(31));
    assert_eq!(lease(a).await, Leased::Yours);
}

#[tokio::test]
async fn a_record_that_many_have_written_to_is_shortened_and_says_the_same() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    let writer = Version::random().unwrap();
    world.warm(&["t"]).await;
    world.hold(writer, &["t"]).await;
    let item = format!("{}:t:tt", world.namespace);
    let size = || server.command(&format!("mg {item} s")).trim_start_matches("HD s").parse::<usize>().unwrap();
    for _ in 0..200 {
        world.invalidate(&["t"]).await;
        assert!(size() < 2000, "{}", size());
    }
    let fence = world.fence(&["t"]).await;
    assert_eq!(world.fill(b"value", &["t"], &fence).await, Filled::Kept);
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Held, "the mark is still there");
    world.release(writer, &["t"]).await;
    world.hit(&["t"]).await;
}
