//! What news end, and what they only seem to: orders of news, lookups and replies.

use std::time::Duration;

use super::{BOUND, Shared};
use crate::world::{get, getting, settle};

const WAYS: [&str; 5] = ["tag", "key", "everything", "flush", "reconnect"];

/// Something happens elsewhere after which the value is no longer good, or may not be.
async fn change(shared: &Shared, way: &str) {
    let elsewhere = shared.far();
    let changed = match way {
        "tag" => elsewhere.invalidate_tags(["t"]).await,
        "key" => elsewhere.invalidate_key("k").await,
        "everything" => elsewhere.invalidate_all().await,
        "flush" => {
            shared.remote.flush();
            Ok(())
        }
        _ => {
            shared.remote.cut();
            let changed = elsewhere.invalidate_tags(["t"]).await;
            shared.remote.reconnect();
            changed
        }
    };
    assert!(changed.is_ok(), "{way}");
}

#[tokio::test]
async fn what_is_heard_to_have_changed_is_not_served() {
    for way in WAYS {
        let shared = Shared::new();
        let cache = shared.with_copy().await;
        change(&shared, way).await;
        assert_eq!(get(&cache, 2).await, 2, "{way}");
    }
}

#[tokio::test]
async fn what_changes_between_the_reply_and_its_arrival_is_not_kept() {
    // case 71
    for way in WAYS {
        let shared = Shared::new();
        let cache = shared.near();
        get(&shared.far(), 1).await;
        shared.remote.hold_replies();
        let slow = getting(&cache, 9);
        settle().await;
        change(&shared, way).await;
        shared.remote.prove();
        shared.remote.release_replies();
        assert_eq!(slow.await.unwrap(), 1, "{way}: the call began before");
        assert!(cache.is_empty(), "{way}");
        assert_eq!(get(&cache, 2).await, 2, "{way}");
    }
}

#[tokio::test]
async fn what_changed_elsewhere_before_this_process_ever_saw_it_is_not_served() {
    // case 58
    let shared = Shared::new();
    get(&shared.far(), 1).await;
    shared.far().invalidate_tags(["t"]).await.unwrap();
    assert_eq!(get(&shared.near(), 2).await, 2);
}

#[tokio::test]
async fn news_of_other_names_end_nothing() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    shared.far().invalidate_tags(["other"]).await.unwrap();
    shared.far().invalidate_key("other").await.unwrap();
    assert_eq!(shared.read(&cache, 2).await, (1, 0));
}

#[tokio::test]
async fn news_cause_no_trips_and_no_news() {
    // case 67
    let shared = Shared::new();
    let caches = [shared.with_copy().await, shared.near(), shared.near()];
    shared.remote.take_trips();
    caches[1].invalidate_tags(["t"]).await.unwrap();
    assert_eq!(shared.remote.take_trips(), 1, "the invalidation, and nobody's answer to it");
}

#[tokio::test]
async fn a_value_in_flight_is_kept_though_its_records_are_only_made_meanwhile() {
    let shared = Shared::new();
    let cache = shared.near();
    let inner = async || cache.get_or_compute_value("inner", async { 1_u64 }).tags(["new"]).await;
    let outer = async |value: u64| {
        let load = async { inner().await + value };
        cache.get_or_compute_value("outer", load).await
    };
    assert_eq!((outer(10).await, outer(20).await), (11, 11), "its fill made the record of `new`, and was told of it");
}

#[tokio::test]
async fn a_reply_is_served_though_a_record_of_it_was_only_made_meanwhile() {
    let shared = Shared::new();
    let cache = shared.near();
    get(&shared.far(), 1).await;
    shared.remote.hold_replies();
    let slow = getting(&cache, 9);
    settle().await;
    // Another entry of the tag is filled elsewhere: nothing is new about the tag, but the near cache cannot know that.
    shared.far().invalidate_tags(["t"]).await.unwrap();
    shared.remote.release_replies();
    assert_eq!(slow.await.unwrap(), 1, "the store has said that it is good");
}

#[tokio::test]
async fn a_writer_elsewhere_that_holds_ends_it_as_soon_as_it_is_heard() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    let hold = shared.far().hold(["t"], Duration::from_secs(30)).await;
    assert_eq!(shared.read(&cache, 2).await.0, 2, "nobody knows what it will be");
    hold.rollback().await.unwrap();
    assert_eq!(get(&cache, 3).await, 2, "what was computed meanwhile is as good as any");
}

#[tokio::test]
async fn late_news_are_served_within_the_bound_and_no_longer() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    shared.remote.hold_news();
    shared.far().invalidate_tags(["t"]).await.unwrap();
    assert_eq!(shared.read(&cache, 2).await, (1, 0), "that is what the bound is for");
    shared.clock.advance(BOUND);
    assert_eq!(get(&cache, 2).await, 2);
}

#[tokio::test]
async fn an_invalidation_that_does_not_arrive_changes_nothing_elsewhere_until_it_does() {
    // case 62, 64
    let shared = Shared::new();
    let (here, there) = (shared.with_copy().await, shared.near());
    shared.remote.hold_invalidations();
    shared.remote.cut();
    let invalidation = tokio::spawn({
        let there = there.clone();
        async move { there.invalidate_tags(["t"]).await }
    });
    settle().await;
    shared.clock.advance(BOUND);
    assert!(invalidation.await.unwrap().is_err(), "the store does not answer in time");
    assert_eq!(get(&here, 2).await, 1, "nobody was told that it is not good any more");
    shared.remote.release_invalidations();
    shared.remote.reconnect();
    shared.remote.prove();
    assert_eq!(get(&there, 3).await, 3, "it is delivered before anything is asked");
    assert_eq!(get(&here, 4).await, 3);
}
