//! The protocol, step by step: what is refused, and why.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Leased, Look, Looked, MissReason, Store, Version, VersionedTag};

use crate::world::{KEY, World, tags};

#[tokio::test]
async fn an_invalidation_between_lookup_and_fill_is_not_lost() {
    for known in [&["t"][..], &[]] {
        for warm in [true, false] {
            let world = World::new();
            if warm {
                world.warm(&["t"]).await;
                world.invalidate_key().await;
            }
            let miss = world.miss(known).await;
            world.elsewhere().invalidate(&["t"]).await;
            assert_eq!(world.fill(&miss, &["t"]).await, Filled::Outdated, "known {known:?}, warm {warm}");
            world.miss(known).await;
        }
    }
}

/// Records that one fill has made have the same version: who asks for the wrong one of them must not take it for the right one.
#[tokio::test]
async fn the_record_of_another_tag_does_not_stand_in_for_that_of_a_tag_that_the_entry_carries() {
    let world = World::new();
    world.warm(&["carried", "known"]).await;
    world.invalidate_key().await;
    world.warm(&["carried"]).await;
    let carried: Vec<Tag> = world.elsewhere().hit(&["known"]).await.tags.into_iter().map(|tag| tag.tag).collect();
    assert_eq!(carried, tags(&["carried"]));
    world.invalidate(&["carried"]).await;
    assert_eq!(world.elsewhere().reason(&["known"]).await, Some(MissReason::Outdated));
    world.warm(&["carried", "known"]).await;
    world.elsewhere().hit(&["known", "carried"]).await;
    world.invalidate(&["known"]).await;
    assert_eq!(world.elsewhere().reason(&["known", "carried"]).await, Some(MissReason::Outdated));
}

#[tokio::test]
async fn a_removed_key_refuses_the_fill_that_was_under_way_and_drops_every_kind() {
    let world = World::new();
    let kinds = [1, u64::MAX];
    let mut fences = Vec::new();
    for kind in kinds {
        let mut look = Look::new(KEY, &[]);
        look.kind = kind;
        let Looked::Miss(miss) = world.store.look(look).await.unwrap() else { panic!("a hit") };
        let payload = kind.to_be_bytes();
        let mut fill = Fill::new(KEY, &payload, miss.fence.as_ref());
        fill.kind = kind;
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
        let Looked::Hit(hit) = world.store.look(look).await.unwrap() else { panic!("a miss") };
        assert_eq!(hit.payload, payload, "kinds stand side by side");
        fences.push(hit.fence);
    }
    world.elsewhere().invalidate_key().await;
    for (kind, fence) in kinds.into_iter().zip(fences) {
        let mut look = Look::new(KEY, &[]);
        look.kind = kind;
        let Looked::Miss(miss) = world.store.look(look).await.unwrap() else { panic!("kind {kind} is still there") };
        assert_eq!(miss.reason, MissReason::Outdated);
        let mut fill = Fill::new(KEY, b"old", fence.as_ref());
        fill.kind = kind;
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
    }
}

#[tokio::test]
async fn an_unrelated_invalidation_refuses_nothing() {
    let world = World::new();
    let miss = world.miss(&["t"]).await;
    world.invalidate(&["unrelated"]).await;
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept);
    world.invalidate(&["unrelated"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_flush_drops_everything_and_refuses_what_is_under_way() {
    let world = World::new();
    world.warm(&["t"]).await;
    let hit = world.hit(&["t"]).await;
    world.elsewhere().store.invalidate_all().await.unwrap();
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated));
    let late = tags(&["never seen"]);
    let mut fill = Fill::new(KEY, b"old", hit.fence.as_ref());
    fill.tags = &late;
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_version_seen_on_the_way_is_the_one_that_counts() {
    let world = World::new();
    world.warm(&["t"]).await;
    let inner = world.hit(&["t"]).await;
    world.invalidate(&["t"]).await;
    // The outer computation begins after the invalidation, over a copy that has not heard of it.
    let Looked::Miss(outer) = world.store.look(Look::new(b"outer", &[])).await.unwrap() else { panic!("a hit") };
    let tags = tags(&["t"]);
    let mut fill = Fill::new(b"outer", b"value", outer.fence.as_ref());
    (fill.tags, fill.seen, fill.epoch) = (&tags, &inner.tags, Some(inner.epoch));
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated, "its record is gone");
    world.warm(&["t"]).await;
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated, "there is another one in its place");
    let now = world.hit(&["t"]).await;
    fill.seen = &now.tags;
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    fill.epoch = Some(Version::from_bytes([9; 16]));
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
}

#[tokio::test]
async fn a_version_of_the_second_tag_is_compared_with_the_second_tag() {
    let world = World::new();
    world.warm(&["a", "b", "c"]).await;
    let hit = world.hit(&["a", "b", "c"]).await;
    let names = tags(&["c", "a", "b"]);
    for (changed, expected) in [(None, Filled::Kept), (Some("a"), Filled::Outdated), (Some("b"), Filled::Outdated)] {
        let seen: Vec<VersionedTag> = hit
            .tags
            .iter()
            .filter(|seen| seen.tag != Tag::new("c"))
            .map(|seen| match changed {
                Some(name) if seen.tag == Tag::new(name) => {
                    VersionedTag { version: Version::from_bytes([9; 16]), ..seen.clone() }
                }
                _ => seen.clone(),
            })
            .collect();
        let mut fill = Fill::new(KEY, b"value", hit.fence.as_ref());
        (fill.tags, fill.seen) = (&names, &seen);
        assert_eq!(world.store.fill(fill).await.unwrap(), expected, "{changed:?}");
    }
}

#[tokio::test]
async fn a_value_from_behind_an_older_fence_does_not_replace_a_newer_one() {
    let world = World::new();
    let old = world.miss(&[]).await;
    world.invalidate(&["unrelated"]).await;
    let new = world.miss(&[]).await;
    assert_eq!(world.fill(&new, &[]).await, Filled::Kept);
    assert_eq!(world.fill(&old, &["other"]).await, Filled::Outdated);
    assert_eq!(world.fill(&new, &[]).await, Filled::Kept, "the same fence may be used again");
}

#[tokio::test]
async fn an_entry_ends_with_its_ttl_and_knows_its_age_by_the_servers_clock() {
    let server = easy_cache_servers::Redis::start();
    let world = World::at(server.url());
    let miss = world.miss(&[]).await;
    let mut fill = Fill::new(KEY, b"value", miss.fence.as_ref());
    fill.ttl = Some(Duration::from_secs(600));
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    crate::world::age(&server, Duration::from_secs(200));
    let hit = world.hit(&[]).await;
    assert_eq!((hit.age.as_secs() / 10, hit.remaining.unwrap().as_secs() / 10), (20, 39), "{hit:?}");
    crate::world::age(&server, Duration::from_secs(400));
    assert_eq!(world.reason(&[]).await, Some(MissReason::Absent));
}

#[tokio::test]
async fn an_entry_without_ttl_has_none_and_goes_with_its_records() {
    let world = World::new();
    world.warm(&["t"]).await;
    assert_eq!(world.hit(&[]).await.remaining, None);
    let server = easy_cache_servers::Redis::shared();
    let ends = |name: &str| server.command(["PTTL", &world.key(name)]).number().unwrap();
    for name in ["e:0:k", "r:kk", "r:tt"] {
        assert!((1..=30 * 24 * 3_600_000).contains(&ends(name)), "{name}");
    }
    for name in ["r:!", "o", "b"] {
        assert_eq!(ends(name), -1, "{name}");
    }
}

#[tokio::test]
async fn who_meets_a_tag_after_its_invalidation_gets_nothing_from_before() {
    // case 58
    let world = World::new();
    world.warm(&["t"]).await;
    world.invalidate(&["t"]).await;
    assert_eq!(world.elsewhere().reason(&["t"]).await, Some(MissReason::Outdated));
    assert_eq!(world.elsewhere().reason(&[]).await, Some(MissReason::Outdated), "also if it does not know the tag");
}

#[tokio::test]
async fn a_short_and_a_long_lived_entry_share_a_tag() {
    // case 55
    let server = easy_cache_servers::Redis::start();
    let world = World::at(server.url());
    let names = tags(&["t"]);
    for (key, ttl) in [(&b"short"[..], 10), (b"long", 3_600)] {
        let Looked::Miss(miss) = world.store.look(Look::new(key, &names)).await.unwrap() else { panic!("a hit") };
        let mut fill = Fill::new(key, b"value", miss.fence.as_ref());
        (fill.tags, fill.ttl) = (&names, Some(Duration::from_secs(ttl)));
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
    }
    crate::world::age(&server, Duration::from_secs(11));
    let served = async |key: &[u8]| matches!(world.store.look(Look::new(key, &[])).await.unwrap(), Looked::Hit(_));
    assert_eq!((served(b"short").await, served(b"long").await), (false, true));
    world.invalidate(&["t"]).await;
    assert!(!served(b"long").await);
}

#[tokio::test]
async fn what_was_not_taken_leaves_nothing_behind() {
    let server = easy_cache_servers::Redis::start();
    let world = World::at(server.url());
    let miss = world.miss(&["t"]).await;
    world.invalidate(&["t"]).await;
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Outdated);
    world.invalidate_key().await;
    let mut left: Vec<String> = server.command(["KEYS", "*"]).list().iter().map(ToString::to_string).collect();
    left.sort();
    assert_eq!(left, [world.key("b"), world.key("o"), world.key("r:!")]);
}

#[tokio::test]
async fn a_lease_is_one_processs_until_it_ends_it() {
    let world = World::new();
    let (one, other) = (Version::random().unwrap(), Version::random().unwrap());
    let lease = |holder| world.store.lease(KEY, holder, Duration::from_secs(600));
    assert_eq!(lease(one).await.unwrap(), Leased::Yours);
    assert_eq!(lease(other).await.unwrap(), Leased::Taken);
    world.store.end_lease(KEY, other).await.unwrap();
    assert_eq!(lease(other).await.unwrap(), Leased::Taken, "it was not this holder's to end");
    world.store.end_lease(KEY, one).await.unwrap();
    assert_eq!(lease(other).await.unwrap(), Leased::Yours);
}

#[tokio::test]
async fn a_lease_ends_by_itself() {
    let server = easy_cache_servers::Redis::start();
    let world = World::at(server.url());
    let (one, other) = (Version::random().unwrap(), Version::random().unwrap());
    world.store.lease(KEY, one, Duration::from_secs(600)).await.unwrap();
    crate::world::age(&server, Duration::from_secs(600));
    assert_eq!(world.store.lease(KEY, other, Duration::from_secs(600)).await.unwrap(), Leased::Yours);
}

#[tokio::test]
async fn sync_callers_need_no_runtime() {
    let url = easy_cache_servers::Redis::shared().url();
    let value = std::thread::spawn(move || {
        let store = easy_cache_redis::RedisStore::builder(easy_cache_servers::unique("sync"))
            .url(url)
            .timeout(crate::world::PATIENCE)
            .build()
            .unwrap();
        let cache = easy_cache_core::Cache::builder().store(store).store_timeout(crate::world::PATIENCE).build();
        let get = |value: u64| cache.get_or_compute_sync("k", || Some(value)).tags(["t"]).wait();
        let before = (get(1), get(2));
        cache.invalidate_tags(["t"]).wait().unwrap();
        (before, get(3))
    });
    let value = tokio::task::spawn_blocking(|| value.join().unwrap()).await.unwrap();
    assert_eq!(value, ((Some(1), Some(1)), Some(3)));
}
