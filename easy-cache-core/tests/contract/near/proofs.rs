//! For how long a copy is served: until the bound has passed since the last question that was answered.

use super::{BOUND, Shared, TICK};
use std::time::Duration;

#[tokio::test]
async fn a_copy_is_served_until_the_bound_has_passed_since_the_proof() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    shared.clock.advance(BOUND - TICK - Duration::from_nanos(1));
    assert_eq!(shared.read(&cache, 2).await, (1, 0));
    shared.clock.advance(Duration::from_nanos(1));
    assert_eq!(shared.read(&cache, 2).await, (1, 1), "it may be outdated: the store knows");
    shared.remote.prove();
    assert_eq!(shared.read(&cache, 2).await, (1, 0));
}

#[tokio::test]
async fn a_proof_counts_from_its_question() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    let question = shared.remote.ask();
    shared.clock.advance(BOUND / 2);
    shared.remote.answer(question);
    shared.clock.advance(BOUND / 2);
    assert_eq!(shared.read(&cache, 2).await, (1, 1));
}

#[tokio::test]
async fn an_answer_behind_news_that_are_late_proves_nothing_yet() {
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    shared.remote.hold_news();
    shared.far().invalidate_tags(["t"]).await.unwrap();
    shared.clock.advance(BOUND);
    shared.remote.prove();
    assert_eq!(shared.read(&cache, 2).await, (2, 2), "nothing outdated for longer than the bound");
    shared.remote.release_news();
    assert_eq!(shared.read(&cache, 3).await, (2, 1), "the record was made: that may have been a change");
    assert_eq!(shared.read(&cache, 3).await, (2, 0));
}

#[tokio::test]
async fn nothing_is_served_before_the_first_proof() {
    let shared = Shared::new();
    let cache = shared.builder().near(easy_cache_core::Near::within(BOUND)).build();
    shared.copy(&cache, 1).await;
    assert_eq!(shared.read(&cache, 2).await, (1, 1));
    assert!(cache.is_empty(), "nor kept");
}

#[tokio::test]
async fn a_lost_connection_ends_it_with_the_age_of_the_last_proof() {
    // case 70
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    shared.remote.cut();
    shared.far().invalidate_tags(["t"]).await.unwrap();
    shared.remote.prove();
    shared.clock.advance(BOUND);
    assert_eq!(shared.read(&cache, 2).await, (2, 2));
}

#[tokio::test]
async fn a_new_connection_forgets_everything_and_needs_a_proof_of_its_own() {
    // case 70
    let shared = Shared::new();
    let cache = shared.with_copy().await;
    let question = shared.remote.ask();
    shared.remote.cut();
    shared.far().invalidate_tags(["t"]).await.unwrap();
    shared.remote.reconnect();
    shared.remote.answer(question);
    assert_eq!(shared.read(&cache, 2).await, (2, 2), "a question to the old one proves nothing");
    shared.remote.prove();
    assert_eq!(shared.read(&cache, 3).await, (2, 1), "what was kept before is gone");
    assert_eq!(shared.read(&cache, 3).await, (2, 0));
}
