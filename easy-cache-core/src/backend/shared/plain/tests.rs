//! The protocol over five methods, trip by trip. What the model tries in every order is shown here in the orders that matter.

use std::sync::Arc;
use std::time::Duration;

use super::super::{Fill, Filled, Hit, Look, Looked, Mark, Miss, MissReason, Store, Version, VersionedTag};
use super::Adapter;
use crate::testing::{Fault, Faults, ManualClock, MemoryPlainStore};
use crate::{ErrorKind, Tag};

const KEY: &[u8] = b"k";

struct World {
    clock: ManualClock,
    plain: Faults<MemoryPlainStore>,
    store: Arc<Adapter<Faults<MemoryPlainStore>>>,
}

fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(Tag::new).collect()
}

impl World {
    /// A store in which something was invalidated before, so that there is an order record.
    async fn new() -> Self {
        let clock = ManualClock::new();
        let plain = Faults::new(MemoryPlainStore::new(clock.clock()));
        let world = Self { store: Arc::new(Adapter::new(plain.clone(), "n", clock.clock())), clock, plain };
        world.store.invalidate(&tags(&["other"]), &[]).await.unwrap();
        world.trips();
        world
    }

    /// Another process: nothing is remembered there.
    fn elsewhere(&self) -> Adapter<Faults<MemoryPlainStore>> {
        Adapter::new(self.plain.clone(), "n", self.clock.clock())
    }

    fn trips(&self) -> u64 {
        self.plain.inner().take_trips()
    }

    async fn miss(&self, known: &[&str]) -> Miss {
        match self.store.look(Look::new(KEY, &tags(known))).await.unwrap() {
            Looked::Miss(miss) => miss,
            Looked::Hit(hit) => panic!("a hit: {hit:?}"),
        }
    }

    async fn hit(&self, known: &[&str]) -> Hit {
        match self.store.look(Look::new(KEY, &tags(known))).await.unwrap() {
            Looked::Hit(hit) => hit,
            Looked::Miss(miss) => panic!("a miss: {miss:?}"),
        }
    }

    async fn fill(&self, miss: &Miss, names: &[&str]) -> Filled {
        let tags = tags(names);
        self.store.fill(Fill { tags: &tags, ..Fill::new(KEY, b"value", miss.fence.as_ref()) }).await.unwrap()
    }

    /// Fills the key twice, so that all records are there.
    async fn warm(&self, names: &[&str]) {
        let miss = self.miss(names).await;
        self.fill(&miss, names).await;
        self.trips();
    }

    async fn invalidate(&self, names: &[&str]) {
        self.store.invalidate(&tags(names), &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_hit_takes_one_trip_however_many_tags_it_has() {
    // parity 28, parity 34
    let world = World::new().await;
    world.warm(&["a", "b", "late"]).await;
    assert_eq!(world.hit(&["a", "b"]).await.payload, b"value");
    assert_eq!(world.trips(), 1, "late tags are remembered, and ride along");
    let Looked::Hit(_) = world.elsewhere().look(Look::new(KEY, &[])).await.unwrap() else { panic!("a miss") };
    assert_eq!(world.trips(), 2, "who does not know the tags asks a second time");
}

#[tokio::test]
async fn a_miss_takes_two_trips_when_the_records_are_there() {
    // parity 34
    let world = World::new().await;
    world.warm(&["a", "b"]).await;
    world.invalidate(&["a"]).await;
    assert_eq!(world.trips(), 2, "an invalidation: the order record, then all others");
    let miss = world.miss(&["a", "b"]).await;
    assert_eq!(miss.reason, MissReason::Outdated);
    assert_eq!(world.fill(&miss, &["a", "b"]).await, Filled::Kept);
    assert_eq!(world.trips(), 2);
    world.hit(&["a", "b"]).await;
}

#[tokio::test]
async fn the_first_fill_under_a_tag_creates_its_record() {
    let world = World::new().await;
    let miss = world.miss(&["a"]).await;
    assert_eq!(miss.reason, MissReason::Absent);
    assert_eq!(world.fill(&miss, &["a"]).await, Filled::Kept);
    assert_eq!(world.trips(), 6, "lookup, adopt, create the epoch, create the others, compare, write");
}

#[tokio::test]
async fn an_invalidation_between_lookup_and_fill_is_not_lost() {
    for known in [&["t"][..], &[]] {
        for warm in [true, false] {
            let world = World::new().await;
            if warm {
                world.warm(&["t"]).await;
                world.store.invalidate(&[], &[KEY]).await.unwrap();
            }
            let miss = world.miss(known).await;
            world.invalidate(&["t"]).await;
            world.fill(&miss, &["t"]).await;
            world.miss(known).await;
        }
    }
}

#[tokio::test]
async fn a_removed_key_refuses_the_fill_that_was_under_way() {
    let world = World::new().await;
    world.warm(&[]).await;
    world.invalidate(&["unrelated"]).await;
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    let miss = world.miss(&[]).await;
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    world.fill(&miss, &[]).await;
    assert_eq!(world.miss(&[]).await.reason, MissReason::Outdated);
}

#[tokio::test]
async fn an_invalidation_that_arrives_while_a_fill_compares_is_not_lost() {
    // The fill has adopted the late tag's version; the invalidation begins before the order is compared.
    let world = World::new().await;
    let miss = world.miss(&[]).await;
    let stall = world.plain.inject(Fault::StallBefore, |attempt| attempt.is("get_many", "n:o"));
    let filling = tokio::spawn({
        let store = Arc::clone(&world.store);
        async move {
            let late = tags(&["late"]);
            store.fill(Fill { tags: &late, ..Fill::new(KEY, b"old", miss.fence.as_ref()) }).await
        }
    });
    stall.reached(1).await;
    world.invalidate(&["late"]).await;
    drop(stall);
    assert_eq!(filling.await.unwrap().unwrap(), Filled::Outdated);
    world.miss(&["late"]).await;
}

#[tokio::test]
async fn an_invalidation_that_begins_after_the_comparison_outdates_the_entry() {
    let world = World::new().await;
    let miss = world.miss(&[]).await;
    let stall = world.plain.inject(Fault::StallBefore, |attempt| attempt.is("set_many", "n:e:"));
    let filling = tokio::spawn({
        let store = Arc::clone(&world.store);
        async move {
            let late = tags(&["late"]);
            store.fill(Fill { tags: &late, ..Fill::new(KEY, b"old", miss.fence.as_ref()) }).await
        }
    });
    stall.reached(1).await;
    world.invalidate(&["late"]).await;
    drop(stall);
    filling.await.unwrap().unwrap();
    assert_eq!(world.miss(&["late"]).await.reason, MissReason::Outdated);
}

#[tokio::test]
async fn the_order_is_replaced_before_the_records() {
    // The invalidation has come halfway: a fill under a late tag must not pass between its two writes.
    let world = World::new().await;
    let miss = world.miss(&[]).await;
    let stall = world.plain.inject(Fault::StallBefore, |attempt| attempt.is("set_many", "n:t:tlate"));
    let invalidating = tokio::spawn({
        let store = Arc::clone(&world.store);
        async move { store.invalidate(&tags(&["late"]), &[]).await }
    });
    stall.reached(1).await;
    let late = tags(&["late"]);
    let filling = tokio::spawn({
        let store = Arc::clone(&world.store);
        async move { store.fill(Fill { tags: &late, ..Fill::new(KEY, b"old", miss.fence.as_ref()) }).await }
    });
    stall.reached(2).await;
    drop(stall);
    assert_eq!(filling.await.unwrap().unwrap(), Filled::Outdated);
    invalidating.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_value_that_others_wait_for_is_kept_only_if_nothing_has_changed() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    for (disturbed, expected) in [("unrelated", Filled::Kept), ("t", Filled::Outdated)] {
        world.store.invalidate(&[], &[KEY]).await.unwrap();
        let miss = world.miss(&["t"]).await;
        world.invalidate(&[disturbed]).await;
        let tags = tags(&["t"]);
        let fill = Fill { tags: &tags, awaited: true, ..Fill::new(KEY, b"value", miss.fence.as_ref()) };
        assert_eq!(world.store.fill(fill).await.unwrap(), expected, "disturbed: {disturbed}");
    }
}

#[tokio::test]
async fn a_version_seen_on_the_way_is_the_one_that_counts() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    let inner = world.hit(&["t"]).await;
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    let miss = world.elsewhere().look(Look::new(KEY, &[])).await.unwrap();
    let Looked::Miss(miss) = miss else { panic!("a hit") };
    world.invalidate(&["t"]).await;
    let tags = tags(&["t"]);
    let fill = Fill {
        tags: &tags,
        seen: &inner.tags,
        epoch: Some(inner.epoch),
        ..Fill::new(KEY, b"outer", miss.fence.as_ref())
    };
    world.store.fill(fill).await.unwrap();
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Outdated);
}

#[tokio::test]
async fn a_version_that_only_an_inner_value_brought_says_nothing_of_what_was_read_before_it() {
    // The computation reads under the tag; then comes an invalidation; then it uses a value from behind that.
    for everything in [false, true] {
        let world = World::new().await;
        world.warm(&["t"]).await;
        world.store.invalidate(&[], &[KEY]).await.unwrap();
        if everything {
            world.plain.inner().lose(|key| key == "n:f");
        }
        let Looked::Miss(miss) = world.elsewhere().look(Look::new(KEY, &[])).await.unwrap() else { panic!("a hit") };
        if everything {
            world.store.invalidate_all().await.unwrap();
        } else {
            world.invalidate(&["t"]).await;
        }
        let tags = tags(&["t"]);
        let inner = Look::new(b"inner", &tags);
        let Looked::Miss(newer) = world.store.look(inner).await.unwrap() else { panic!("a hit") };
        let fill = Fill { tags: &tags, ..Fill::new(b"inner", b"new", newer.fence.as_ref()) };
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Kept);
        let Looked::Hit(inner) = world.store.look(inner).await.unwrap() else { panic!("a miss") };
        let fill = Fill {
            tags: &tags,
            seen: &inner.tags,
            epoch: Some(inner.epoch),
            ..Fill::new(KEY, b"half old", miss.fence.as_ref())
        };
        assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated, "everything: {everything}");
        world.miss(&["t"]).await;
    }
}

#[tokio::test]
async fn two_versions_of_one_tag_are_never_both_current() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    world.store.invalidate(&[], &[KEY]).await.unwrap();
    let miss = world.miss(&["t"]).await;
    let other = [VersionedTag { tag: Tag::new("t"), version: Version::from_bytes([9; 16]) }];
    let tags = tags(&["t"]);
    let fill = Fill { tags: &tags, seen: &other, ..Fill::new(KEY, b"value", miss.fence.as_ref()) };
    assert_eq!(world.store.fill(fill).await.unwrap(), Filled::Outdated);
}

#[tokio::test]
async fn a_lost_record_is_a_miss_and_nothing_worse() {
    // case 53
    for lost in ["n:o", "n:f", "n:k:k", "n:t:tt", "n:e:0:k"] {
        let world = World::new().await;
        world.warm(&["t"]).await;
        world.plain.inner().lose(|key| key == lost);
        if lost == "n:o" {
            world.hit(&["t"]).await;
            world.invalidate(&["t"]).await;
        }
        let miss = world.miss(&["t"]).await;
        world.fill(&miss, &["t"]).await;
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn a_record_that_is_lost_and_created_anew_does_not_bring_entries_back() {
    // case 53, case 54
    let world = World::new().await;
    world.warm(&["t"]).await;
    world.invalidate(&["t"]).await;
    world.plain.inner().lose(|key| key == "n:t:tt");
    let other = tags(&["t"]);
    let elsewhere = world.elsewhere();
    let Looked::Miss(miss) = elsewhere.look(Look::new(b"other", &other)).await.unwrap() else { panic!("a hit") };
    let fill = Fill { tags: &other, ..Fill::new(b"other", b"value", miss.fence.as_ref()) };
    assert_eq!(elsewhere.fill(fill).await.unwrap(), Filled::Kept);
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Outdated);
}

#[tokio::test]
async fn without_an_order_record_nothing_new_is_kept_and_the_attempt_creates_it() {
    let clock = ManualClock::new();
    let plain = Faults::new(MemoryPlainStore::new(clock.clock()));
    let world = World { store: Arc::new(Adapter::new(plain.clone(), "n", clock.clock())), clock, plain };
    let miss = world.miss(&["t"]).await;
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::NotKept);
    let miss = world.miss(&["t"]).await;
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept);
}

#[tokio::test]
async fn a_flush_drops_everything_and_refuses_what_is_under_way() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    world.store.invalidate_all().await.unwrap();
    let miss = world.miss(&["t"]).await;
    world.store.invalidate_all().await.unwrap();
    world.fill(&miss, &["t"]).await;
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Outdated);
}

#[tokio::test]
async fn what_is_held_is_not_served_and_what_was_computed_under_a_hold_is_not_kept() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    let (writer, held) = (Version::random().unwrap(), tags(&["t"]));
    for mark in [Mark::new(writer, Some(&held)), Mark::new(writer, None)] {
        world.store.hold(mark, Duration::from_secs(30)).await.unwrap();
        let miss = world.miss(&["t"]).await;
        assert_eq!(miss.reason, MissReason::Held);
        world.store.release(mark).await.unwrap();
        assert_eq!(world.fill(&miss, &["t"]).await, Filled::NotKept, "it may be from before the COMMIT");
        world.warm(&["t"]).await;
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn a_hold_that_is_never_released_counts_as_an_invalidation() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    let (writer, held) = (Version::random().unwrap(), tags(&["t"]));
    world.store.hold(Mark::new(writer, Some(&held)), Duration::from_secs(30)).await.unwrap();
    let under_way = world.miss(&["t"]).await;
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.fill(&under_way, &["t"]).await, Filled::NotKept);
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Outdated);
}

#[tokio::test]
async fn a_release_leaves_what_another_writer_has_changed() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    let (first, second) = (Version::random().unwrap(), Version::random().unwrap());
    let held = tags(&["t"]);
    world.store.hold(Mark::new(first, Some(&held)), Duration::from_secs(30)).await.unwrap();
    world.store.hold(Mark::new(second, Some(&held)), Duration::from_secs(30)).await.unwrap();
    world.store.release(Mark::new(first, Some(&held))).await.unwrap();
    assert_eq!(world.miss(&["t"]).await.reason, MissReason::Held, "the second writer still holds");
}

#[tokio::test]
async fn bytes_that_are_no_entry_are_a_miss_and_are_overwritten() {
    use crate::store::PlainStore;
    let world = World::new().await;
    world.warm(&["t"]).await;
    world.plain.set("n:e:0:k", b"garbage", None).await.unwrap();
    let miss = world.miss(&["t"]).await;
    assert_eq!(miss.reason, MissReason::Unreadable);
    assert_eq!(world.fill(&miss, &["t"]).await, Filled::Kept);
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn two_namespaces_of_one_store_do_not_touch_each_other() {
    let world = World::new().await;
    world.warm(&["t"]).await;
    let other = Adapter::new(world.plain.clone(), "other", world.clock.clock());
    other.invalidate(&tags(&["t"]), &[KEY]).await.unwrap();
    other.invalidate_all().await.unwrap();
    world.hit(&["t"]).await;
}

#[tokio::test]
async fn an_entry_ends_with_its_ttl_and_knows_its_age() {
    let world = World::new().await;
    let fill = |miss: Miss| {
        let store = Arc::clone(&world.store);
        async move {
            let fill = Fill { ttl: Some(Duration::from_secs(60)), ..Fill::new(KEY, b"value", miss.fence.as_ref()) };
            store.fill(fill).await
        }
    };
    assert_eq!(fill(world.miss(&[]).await).await.unwrap(), Filled::Kept);
    world.clock.advance(Duration::from_secs(20));
    let hit = world.hit(&[]).await;
    assert_eq!((hit.age, hit.remaining), (Duration::from_secs(20), Some(Duration::from_secs(40))));
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(world.miss(&[]).await.reason, MissReason::Absent);
}

#[tokio::test]
async fn a_store_that_fails_says_on_what() {
    let world = World::new().await;
    let down = world.plain.inject(Fault::Fail, |_| true);
    let error = world.store.invalidate(&tags(&["t"]), &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(error.to_string(), "failed to write `n:o`");
    assert!(std::error::Error::source(&error).is_some());
    assert!(world.store.look(Look::new(KEY, &[])).await.is_err());
    drop(down);
    world.miss(&[]).await;
}
