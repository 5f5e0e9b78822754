//! What the protocol promises where records and entries stand on several nodes.

use std::time::Duration;

use easy_cache_core::store::{Fill, Filled, Leased, Looked, Mark, Miss, MissReason, Store, Version, VersionedTag};

use crate::world::{KEY, World, shared, tags};

/// Names of every kind that could be taken for something else.
const ODD: [&str; 6] = ["{a}", "b{", "}c{", "{}", "größe", "d:{e}:f"];

#[tokio::test]
async fn any_names_work_together() {
    // case 61
    for groups in [1, 4, 16] {
        let world = World::of_groups(groups);
        for name in ODD {
            let miss = world.look_at(name.as_bytes(), &ODD).await;
            let Looked::Miss(miss) = miss else { panic!("a hit") };
            assert_eq!(world.fill_at(name.as_bytes(), &miss, &ODD).await, Filled::Kept, "{name} in {groups} groups");
        }
        let keys: Vec<&[u8]> = ODD.iter().map(|name| name.as_bytes()).collect();
        world.store.invalidate(&tags(&ODD), &keys).await.unwrap();
        for name in ODD {
            let looked = world.elsewhere().look_at(name.as_bytes(), &[]).await;
            assert!(matches!(looked, Looked::Miss(_)), "{name} in {groups} groups");
        }
    }
}

#[tokio::test]
async fn an_invalidation_of_any_name_drops_the_entry_and_refuses_what_is_computed() {
    for groups in [1, 5] {
        let world = World::of_groups(groups);
        for name in ["one", "two", "three", "four"] {
            world.warm(&["one", "two", "three", "four"]).await;
            world.invalidate(&[name]).await;
            assert_eq!(world.reason(&[]).await, Some(MissReason::Outdated), "{name}");
            let miss = world.miss(&["one"]).await;
            world.elsewhere().invalidate(&[name]).await;
            assert_eq!(world.fill(&miss, &["one", "two", "three", "four"]).await, Filled::Outdated, "{name}, late");
            assert!(world.reason(&[]).await.is_some());
        }
    }
}

#[tokio::test]
async fn a_flush_refuses_what_is_computed_and_what_is_built_from_before_it() {
    for groups in [1, 5] {
        let world = World::of_groups(groups);
        world.warm(&["t", "u", "v"]).await;
        let before = world.hit(&[]).await;
        let miss = world.miss_of(b"other").await;
        world.store.invalidate_all().await.unwrap();
        assert_eq!(world.reason(&[]).await, Some(MissReason::Outdated));
        assert_eq!(world.fill_at(b"other", &miss, &["t"]).await, Filled::Outdated);
        let miss = world.miss_of(b"outer").await;
        let carried = tags(&["t", "u", "v"]);
        let mut fill = Fill::new(b"outer", b"built from before", miss.fence.as_ref());
        (fill.tags, fill.seen, fill.epoch) = (&carried, &before.tags, Some(before.epoch));
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated, "{groups} groups");
        assert!(matches!(world.look_at(b"outer", &["t"]).await, Looked::Miss(_)));
    }
}

#[tokio::test]
async fn what_is_built_from_a_version_that_is_gone_is_not_kept() {
    for groups in [1, 5] {
        let world = World::of_groups(groups);
        world.warm(&["t"]).await;
        let seen = world.hit(&[]).await.tags;
        world.invalidate(&["t"]).await;
        for known in [&[][..], &["t"]] {
            let miss = world.miss(known).await;
            let carried = tags(&["t"]);
            let mut fill = Fill::new(KEY, b"built from before", miss.fence.as_ref());
            (fill.tags, fill.seen) = (&carried, &seen);
            assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated, "{known:?} in {groups} groups");
            assert!(world.reason(&["t"]).await.is_some());
        }
    }
}

#[tokio::test]
async fn what_is_built_from_a_former_version_is_refused_although_all_records_are_there() {
    let world = World::new();
    world.warm(&["t"]).await;
    let seen = world.hit(&[]).await.tags;
    world.invalidate(&["t"]).await;
    world.warm(&["t"]).await;
    let again = world.hit(&["t"]).await;
    let carried = tags(&["t"]);
    let mut fill = Fill::new(KEY, b"built from before", again.fence.as_ref());
    (fill.tags, fill.seen) = (&carried, &seen);
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
    assert_eq!(world.hit(&["t"]).await.payload, b"value", "what is in place is served on");
}

#[tokio::test]
async fn a_held_tag_in_any_group_keeps_the_entry_from_being_served() {
    for groups in [1, 5] {
        let world = World::of_groups(groups);
        let names = ["one", "two", "three"];
        world.warm(&names).await;
        let writer = Version::from_bytes([7; 16]);
        for name in names {
            let held = tags(&[name]);
            let mark = Mark::new(writer, Some(&held));
            world.store.hold(mark, Duration::from_secs(30)).await.unwrap();
            assert_eq!(world.elsewhere().reason(&[]).await, Some(MissReason::Held), "{name} in {groups} groups");
            world.store.release(mark).await.unwrap();
            assert_eq!(world.reason(&[]).await, None);
        }
        world.store.hold(Mark::new(writer, None), Duration::from_secs(30)).await.unwrap();
        assert_eq!(world.reason(&[]).await, Some(MissReason::Held));
        world.store.release(Mark::new(writer, None)).await.unwrap();
        assert_eq!(world.reason(&[]).await, None);
    }
}

#[tokio::test]
async fn what_others_wait_for_is_not_taken_while_somebody_holds_it_in_any_group() {
    for groups in [1, 5] {
        let world = World::of_groups(groups);
        let names = ["one", "two", "three"];
        world.warm(&names).await;
        let under_way = world.hit(&names).await.fence;
        let (writer, carried) = (Version::from_bytes([7; 16]), tags(&names));
        let fill = |awaited| {
            let mut fill = Fill::new(KEY, b"value", under_way.as_ref());
            (fill.tags, fill.awaited) = (&carried, awaited);
            world.store.fill(fill)
        };
        for held in [Some(tags(&["one"])), Some(tags(&["two"])), Some(tags(&["three"])), None] {
            let mark = Mark::new(writer, held.as_deref());
            world.store.hold(mark, Duration::from_secs(30)).await.unwrap();
            assert_eq!(fill(true).await.unwrap(), Filled::NotKept, "{held:?} in {groups} groups");
            assert_eq!(fill(false).await.unwrap(), Filled::Kept);
            world.store.release(mark).await.unwrap();
            assert_eq!(fill(true).await.unwrap(), Filled::Kept);
        }
    }
}

#[tokio::test]
async fn a_record_that_somebody_else_has_made_meanwhile_is_adopted() {
    let world = World::new();
    let miss = world.miss(&["t"]).await;
    let other = world.miss_of(b"other").await;
    assert_eq!(world.fill_at(b"other", &other, &["t"]).await, Filled::Kept);
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept);
    let (mine, theirs) = (world.hit(&[]).await.tags, world.hit_of(b"other").await);
    assert_eq!(mine, theirs);
}

#[tokio::test]
async fn one_of_two_has_the_lease() {
    let world = World::new();
    let (one, other) = (Version::from_bytes([1; 16]), Version::from_bytes([2; 16]));
    let within = Duration::from_secs(30);
    assert_eq!(world.store.lease(KEY, one, within).await.unwrap(), Leased::Yours);
    assert_eq!(world.store.lease(KEY, other, within).await.unwrap(), Leased::Taken);
    world.store.end_lease(KEY, other).await.unwrap();
    assert_eq!(world.store.lease(KEY, other, within).await.unwrap(), Leased::Taken);
    world.store.end_lease(KEY, one).await.unwrap();
    assert_eq!(world.store.lease(KEY, other, within).await.unwrap(), Leased::Yours);
}

#[tokio::test]
async fn scripts_that_a_node_has_forgotten_are_told_again() {
    let world = World::new();
    world.warm(&["t"]).await;
    let miss = world.miss_of(b"other").await;
    shared().command_everywhere(&["SCRIPT", "FLUSH"]);
    assert_eq!(world.fill_at(b"other", &miss, &["t"]).await, Filled::Kept);
    shared().command_everywhere(&["SCRIPT", "FLUSH"]);
    world.invalidate(&["t"]).await;
    assert!(world.reason(&[]).await.is_some());
}

impl World {
    async fn miss_of(&self, key: &[u8]) -> Miss {
        match self.look_at(key, &[]).await {
            Looked::Miss(miss) => miss,
            Looked::Hit(hit) => panic!("a hit: {hit:?}"),
        }
    }

    async fn hit_of(&self, key: &[u8]) -> Vec<VersionedTag> {
        match self.look_at(key, &[]).await {
            Looked::Hit(hit) => hit.tags,
            Looked::Miss(miss) => panic!("a miss: {miss:?}"),
        }
    }
}
