//! The marks of writers: nothing under one is served, a rollback costs nothing, and a writer that dies invalidates.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Mark, MissReason, Store, Version};
use easy_cache_servers::Redis;

use crate::world::{KEY, World, age, tags};

const HELD: Duration = Duration::from_secs(30);

/// A writer of tags, or of everything.
struct Writer<'a> {
    world: &'a World,
    id: Version,
    tags: Option<Vec<Tag>>,
}

impl<'a> Writer<'a> {
    fn of(world: &'a World, names: &[&str]) -> Self {
        Self { world, id: Version::random().unwrap(), tags: Some(tags(names)) }
    }

    fn of_everything(world: &'a World) -> Self {
        Self { tags: None, ..Self::of(world, &[]) }
    }

    fn mark(&self) -> Mark<'_> {
        Mark::new(self.id, self.tags.as_deref())
    }

    async fn hold(&self) {
        self.world.store.hold(self.mark(), HELD).await.unwrap();
    }

    async fn release(&self) {
        self.world.store.release(self.mark()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_held_is_not_served_and_is_served_again_after_a_rollback() {
    let world = World::new();
    world.warm(&["s", "t"]).await;
    for writer in [Writer::of(&world, &["t", "other"]), Writer::of_everything(&world)] {
        writer.hold().await;
        assert_eq!(world.elsewhere().reason(&["t"]).await, Some(MissReason::Held));
        writer.release().await;
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn after_a_commit_what_was_held_is_computed_anew() {
    let world = World::new();
    world.warm(&["t"]).await;
    let writer = Writer::of(&world, &["t"]);
    writer.hold().await;
    let under_way = world.miss(&["t"]).await;
    world.invalidate(&["t"]).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Held), "the invalidation leaves the mark");
    writer.release().await;
    assert_eq!(world.fill(&under_way, &["t"]).await, Filled::Outdated);
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn what_is_filled_under_a_hold_is_served_only_after_a_rollback() {
    for commits in [false, true] {
        let world = World::new();
        let writer = Writer::of(&world, &["t"]);
        writer.hold().await;
        world.warm(&["t"]).await;
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Held));
        if commits {
            world.invalidate(&["t"]).await;
        }
        writer.release().await;
        assert_eq!(world.reason(&["t"]).await, commits.then_some(MissReason::Outdated));
    }
}

#[tokio::test]
async fn what_others_wait_for_is_not_taken_while_somebody_holds_it() {
    let world = World::new();
    world.warm(&["t"]).await;
    for writer in [Writer::of(&world, &["t"]), Writer::of_everything(&world)] {
        let under_way = world.hit(&["t"]).await.fence;
        writer.hold().await;
        let carried = tags(&["t"]);
        let fill = |awaited| {
            let mut fill = Fill::new(KEY, b"value", under_way.as_ref());
            (fill.tags, fill.awaited) = (&carried, awaited);
            world.store.fill(fill)
        };
        assert_eq!(fill(true).await.unwrap(), Filled::NotKept, "who waits looks at no entry");
        assert_eq!(fill(false).await.unwrap(), Filled::Kept);
        writer.release().await;
        assert_eq!(fill(true).await.unwrap(), Filled::Kept);
    }
}

#[tokio::test]
async fn two_writers_hold_beside_each_other() {
    let world = World::new();
    world.warm(&["t"]).await;
    let (one, other) = (Writer::of(&world, &["t"]), Writer::of(&world, &["t"]));
    one.hold().await;
    other.hold().await;
    one.hold().await;
    one.release().await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Held), "the second writer still holds");
    other.release().await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_writer_that_died_invalidates_at_its_deadline() {
    let server = Redis::start();
    for everything in [false, true] {
        let world = World::at(server.url());
        world.warm(&["t"]).await;
        let dead = if everything { Writer::of_everything(&world) } else { Writer::of(&world, &["t"]) };
        dead.hold().await;
        let under_way = world.miss(&["t"]).await;
        age(&server, HELD);
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Held), "nobody has met the deadline yet");
        for _ in 0..2 {
            let filled = world.fill(&under_way, &["t"]).await;
            assert_eq!(filled, Filled::Outdated, "it may be from before the COMMIT, whoever else has met the deadline");
        }
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated));
        world.warm(&["t"]).await;
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn the_deadline_of_one_writer_is_met_by_the_others() {
    let server = Redis::start();
    for meets in ["hold", "release", "own release"] {
        let world = World::at(server.url());
        world.warm(&["t"]).await;
        let (dead, alive) = (Writer::of(&world, &["t"]), Writer::of(&world, &["t"]));
        dead.hold().await;
        let under_way = world.miss(&["t"]).await;
        if meets == "release" {
            age(&server, HELD / 2);
            alive.hold().await;
            age(&server, HELD / 2);
        } else {
            age(&server, HELD);
        }
        match meets {
            "hold" => alive.hold().await,
            "release" => alive.release().await,
            _ => dead.release().await,
        }
        alive.release().await;
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated), "met by {meets}");
        assert_eq!(world.fill(&under_way, &["t"]).await, Filled::Outdated, "met by {meets}");
    }
}

#[tokio::test]
async fn the_deadline_of_a_hold_on_everything_is_met_by_the_next_writer() {
    let server = Redis::start();
    for meets in ["hold", "release"] {
        let world = World::at(server.url());
        world.warm(&["t"]).await;
        let (dead, alive) = (Writer::of_everything(&world), Writer::of_everything(&world));
        dead.hold().await;
        let under_way = world.miss(&["t"]).await;
        age(&server, HELD);
        match meets {
            "hold" => alive.hold().await,
            _ => dead.release().await,
        }
        alive.release().await;
        assert_eq!(world.reason(&["t"]).await, Some(MissReason::Outdated), "met by {meets}");
        assert_eq!(world.fill(&under_way, &["t"]).await, Filled::Outdated, "met by {meets}");
    }
}

#[tokio::test]
async fn a_flush_leaves_a_hold_on_everything() {
    let world = World::new();
    world.warm(&["t"]).await;
    let writer = Writer::of_everything(&world);
    writer.hold().await;
    world.store.invalidate_all().await.unwrap();
    world.warm(&["t"]).await;
    assert_eq!(world.reason(&["t"]).await, Some(MissReason::Held));
    writer.release().await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_hold_on_tags_that_nobody_caches_leaves_nothing_behind() {
    let server = Redis::start();
    let world = World::at(server.url());
    drop(world.miss(&[]).await);
    let before = server.command(["DBSIZE"]);
    let names: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let writer = Writer::of(&world, &names);
    writer.hold().await;
    assert_eq!(server.command(["DBSIZE"]).number(), before.number().map(|before| before + 500));
    writer.release().await;
    assert_eq!(server.command(["DBSIZE"]), before);
}
