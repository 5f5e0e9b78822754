//! Writers that hold: what is served meanwhile, and what becomes of holds that nobody takes back.

use std::time::Duration;

use easy_cache_core::store::{Filled, MissReason, Version};
use easy_cache_servers::Memcached;

use crate::world::{WITHIN, World, age_one};

fn writer() -> Version {
    Version::random().unwrap()
}

#[tokio::test]
async fn what_is_held_is_not_served_and_after_a_rollback_it_is_again() {
    let world = World::new();
    world.warm(&["t"]).await;
    let writer = writer();
    world.hold(writer, &["t"]).await;
    assert_eq!(world.elsewhere().miss(&[]).await.reason, MissReason::Held);
    world.release(writer, &["t"]).await;
    assert_eq!(world.hit(&["t"]).await.payload, b"value");
}

#[tokio::test]
async fn what_is_filled_under_a_hold_lives_if_the_writer_rolls_back_and_dies_if_it_commits() {
    for commits in [true, false] {
        let world = World::new();
        let writer = writer();
        world.hold(writer, &["t"]).await; // nobody has ever used the tag
        let fence = world.fence(&["t"]).await;
        assert_eq!(world.fill(b"value", &["t"], &fence).await, Filled::Kept);
        assert_eq!(world.miss(&["t"]).await.reason, MissReason::Held);
        if commits {
            world.invalidate(&["t"]).await;
        }
        world.release(writer, &["t"]).await;
        assert_eq!(matches!(world.look(&["t"]).await, easy_cache_core::store::Looked::Hit(_)), !commits);
    }
}

#[tokio::test]
async fn one_writers_end_does_not_end_the_hold_of_another() {
    let world = World::new();
    let (one, other) = (writer(), writer());
    world.hold(one, &["t"]).await;
    world.hold(other, &["t", "u"]).await;
    world.invalidate(&["t"]).await;
    world.release(one, &["t"]).await;
    let fence = world.fence(&["t"]).await;
    assert_eq!(world.fill(b"value", &["t"], &fence).await, Filled::Kept);
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Held);
    world.release(other, &["t", "u"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn a_hold_without_an_outcome_is_settled_by_whoever_meets_it() {
    let server = Memcached::start();
    let world = World::at(&[server.address()]);
    world.warm(&["t"]).await;
    let writer = writer();
    world.hold(writer, &["t"]).await;
    let lease = format!("{}:w:{writer:?}", world.namespace);
    let late = world.elsewhere();
    let fence = late.fence(&[]).await;
    age_one(&server, &lease, WITHIN / 2);
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Held);
    age_one(&server, &lease, WITHIN / 2 + Duration::from_secs(1));
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Outdated);
    assert_eq!(late.fill(b"from before", &["t"], &fence).await, Filled::Outdated);
    world.warm(&["t"]).await;
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn who_waits_for_a_value_is_not_given_one_that_is_held_or_from_before_the_end_of_a_hold() {
    use easy_cache_core::store::{Fill, Store};
    let server = Memcached::start();
    for is_new in [true, false] {
        for ended in [false, true] {
            let world = World::at(&[server.address()]);
            if !is_new {
                world.warm(&["t"]).await;
            }
            let writer = writer();
            world.hold(writer, &["t"]).await;
            let fence = world.fence(&["t"]).await;
            if ended {
                age_one(&server, &format!("{}:w:{writer:?}", world.namespace), WITHIN + Duration::from_secs(1));
            }
            let tags = crate::world::tags(&["t"]);
            let mut fill = Fill::new(crate::world::KEY, b"from before", Some(&fence));
            (fill.tags, fill.awaited) = (&tags, true);
            assert_eq!(world.store.fill(fill).await.unwrap(), Filled::NotKept, "new: {is_new}, ended: {ended}");
            world.miss(&["t"]).await;
        }
    }
}

#[tokio::test]
async fn everything_can_be_held() {
    use easy_cache_core::store::{Mark, Store};
    let world = World::new();
    world.warm(&["t"]).await;
    let mark = Mark::new(writer(), None);
    world.store.hold(mark, WITHIN).await.unwrap();
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Held);
    world.store.release(mark).await.unwrap();
    world.hit(&["t"]).await;
}
