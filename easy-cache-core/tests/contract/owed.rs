//! What a store is owed reaches it although nobody asks, and somebody hears of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use easy_cache_core::testing::Fault;
use easy_cache_core::{Cache, ErrorKind, Tag};
use tokio::sync::oneshot;

use crate::world::{World, get, settle};

const WITHIN: Duration = Duration::from_secs(30);

/// Long enough for every pause of whoever delivers in the background.
async fn a_while(world: &World) {
    for _ in 0..10 {
        world.clock.advance(Duration::from_secs(5));
        settle().await;
    }
}

#[tokio::test]
async fn what_is_owed_is_delivered_although_nobody_asks() {
    for fault in [Fault::Fail, Fault::LoseReply] {
        let world = World::new();
        let (cache, other) = (world.cache().await, world.process());
        assert_eq!((get(&cache, 1).await, get(&other, 2).await), (1, 1));
        let down = world.store.inject(fault, |attempt| attempt.method.starts_with("set"));
        assert!(cache.invalidate_tags(["t"]).await.is_err());
        assert!(cache.invalidate_key("x").await.is_err());
        a_while(&world).await;
        assert_eq!(cache.undelivered(), 2);
        drop(down);
        a_while(&world).await;
        assert_eq!(cache.undelivered(), 0);
        world.trips();
        a_while(&world).await;
        assert_eq!(world.trips(), 0, "who delivered it is done");
        assert_eq!(get(&other, 3).await, 3);
    }
}

#[tokio::test]
async fn what_is_owed_is_delivered_by_one() {
    let world = World::new();
    let cache = world.cache().await;
    get(&cache, 1).await;
    let down = world.store.inject(Fault::Fail, |attempt| attempt.method.starts_with("set"));
    assert!(cache.invalidate_tags(["t"]).await.is_err());
    drop(down);
    let slow = world.store.inject(Fault::StallBefore, |attempt| attempt.method.starts_with("set"));
    let calls: Vec<_> = (0..50).map(|n| crate::world::getting(&cache, n)).collect();
    slow.reached(1).await;
    settle().await;
    assert_eq!(slow.count(), 1, "the others wait for it");
    drop(slow);
    let mut values = Vec::new();
    for call in calls {
        values.push(call.await.unwrap());
    }
    assert!(values.iter().all(|value| *value == values[0]));
}

#[tokio::test]
async fn somebody_hears_of_an_invalidation_that_was_not_acknowledged() {
    let world = World::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let builder = Cache::builder().clock(world.clock.clock()).plain_store(world.store.clone());
    let cache = builder
        .on_undelivered(move |undelivered| {
            let kind = undelivered.error.map(easy_cache_core::Error::kind);
            ear.lock().unwrap().push((undelivered.tags.to_vec(), undelivered.keys.len(), undelivered.everything, kind));
        })
        .build();
    cache.invalidate_tags(["fine"]).await.unwrap();
    let hold = cache.hold(["t"], WITHIN).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    assert!(hold.commit().await.is_err());
    let silent = world.store.inject(Fault::StallBefore, |_| true);
    drop(down);
    let dropped = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_key("k").await }
    });
    silent.reached(1).await;
    dropped.abort();
    assert!(dropped.await.is_err());
    let expected = vec![(vec!["t".into()], 0, false, Some(ErrorKind::Store)), (Vec::new(), 1, false, None)];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_release_that_failed_is_tried_again() {
    let world = World::new();
    let (cache, other) = (world.cache().await, world.process());
    get(&cache, 1).await;
    let hold = cache.hold(["t"], WITHIN).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    hold.rollback().await.unwrap();
    settle().await;
    drop(down);
    world.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(get(&other, 2).await, 2, "what was held has changed its version");
    assert_eq!(get(&other, 3).await, 2, "and is not held any more, long before the deadline");
}

#[tokio::test]
async fn a_commit_that_was_not_delivered_is_released_after_its_invalidation() {
    let world = World::new();
    let (cache, other) = (world.cache().await, world.process());
    get(&cache, 1).await;
    let hold = cache.hold(["t"], WITHIN).await;
    let down = world.store.inject(Fault::Fail, |attempt| attempt.method.starts_with("set"));
    assert!(hold.commit().await.is_err());
    assert_eq!(get(&other, 2).await, 2, "held");
    world.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(get(&other, 3).await, 3, "still held: nothing is released before its invalidation");
    drop(down);
    world.clock.advance(Duration::from_secs(2));
    settle().await;
    assert_eq!((get(&other, 4).await, get(&other, 5).await), (4, 4));
}

#[tokio::test]
async fn a_hold_that_was_refused_says_so_and_one_that_may_have_been_done_is_released() {
    let world = World::new();
    let (cache, other) = (world.cache().await, world.process());
    get(&cache, 1).await;
    assert!(cache.hold(["x"], WITHIN).await.refusal().is_none());
    let lost = world.store.inject(Fault::LoseReply, |attempt| attempt.method == "set_many");
    let hold = cache.hold(["t"], WITHIN).await;
    assert_eq!(hold.refusal().map(easy_cache_core::Error::kind), Some(ErrorKind::Store));
    drop(lost);
    assert_eq!(get(&other, 2).await, 2, "it was done");
    hold.rollback().await.unwrap();
    assert_eq!((get(&other, 3).await, get(&other, 4).await), (3, 3), "and is undone");
}

#[tokio::test]
async fn a_shutdown_delivers_what_is_owed_and_waits_for_what_goes_on() {
    let world = World::new();
    let (cache, other) = (world.cache().await, world.process());
    get(&cache, 1).await;
    let down = world.store.inject(Fault::Fail, |_| true);
    for _ in 0..9 {
        assert!(cache.invalidate_tags(["t"]).await.is_err());
    }
    drop(down);
    let (finish, finished) = oneshot::channel::<u64>();
    let detached = cache.get_or_compute("detached", finished).detach();
    let mut detached = Box::pin(detached.into_future());
    assert!(futures_poll(detached.as_mut()).is_none());
    drop(detached);
    let shutdown = tokio::spawn({
        let cache = cache.clone();
        async move { cache.shutdown(WITHIN).await }
    });
    settle().await;
    assert_eq!(cache.undelivered(), 0, "at once, although the circuit is open");
    assert!(!shutdown.is_finished());
    finish.send(7).unwrap();
    shutdown.await.unwrap().unwrap();
    assert_eq!(get(&other, 2).await, 2);
}

#[tokio::test]
async fn a_shutdown_that_cannot_deliver_says_what_is_left() {
    let world = World::new();
    let cache = world.cache().await;
    let _down = world.store.inject(Fault::Fail, |_| true);
    assert!(cache.invalidate_tags(["a", "b"]).await.is_err());
    let shutdown = tokio::spawn({
        let cache = cache.clone();
        async move { cache.shutdown(Duration::from_secs(2)).await }
    });
    for _ in 0..20 {
        settle().await;
        world.clock.advance(Duration::from_millis(100));
    }
    let error = shutdown.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unfinished);
    assert!(error.to_string().contains("2 invalidations"), "{error}");
}

#[test]
fn without_a_runtime_what_is_owed_is_delivered_by_a_thread() {
    let world = World::new();
    let cache = world.process();
    cache.invalidate_all().wait().unwrap();
    let down = world.store.inject(Fault::Fail, |_| true);
    assert!(cache.invalidate_tags(["t"]).wait().is_err());
    drop(down);
    while cache.undelivered() > 0 {
        world.clock.advance(Duration::from_secs(5));
        std::thread::yield_now();
    }
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut cx) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

/// A cache over the store, and the tags of which somebody heard.
fn listening(world: &World) -> (Cache, Arc<Mutex<Vec<Vec<Tag>>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let hear = move |tags: &[Tag]| ear.lock().map(|mut heard| heard.push(tags.to_vec())).unwrap_or_default();
    let builder = Cache::builder().clock(world.clock.clock()).plain_store(world.store.clone());
    (builder.on_invalidated(move |what| hear(what.tags)).build(), heard)
}

#[tokio::test]
async fn who_hears_of_invalidations_hears_when_the_store_knows() {
    let world = World::new();
    let (cache, heard) = listening(&world);
    let slow = world.store.inject(Fault::StallBefore, |attempt| attempt.method.starts_with("set"));
    let invalidating = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_tags(["t"]).await }
    });
    slow.reached(1).await;
    settle().await;
    assert!(heard.lock().unwrap().is_empty(), "who asked again now would get what the store still has");
    drop(slow);
    invalidating.await.unwrap().unwrap();
    assert_eq!(*heard.lock().unwrap(), [vec![Tag::new("t")]]);
}

#[tokio::test]
async fn who_hears_of_invalidations_hears_at_once_of_one_that_failed_and_again_when_it_is_delivered() {
    let world = World::new();
    let (cache, heard) = listening(&world);
    let down = world.store.inject(Fault::Fail, |_| true);
    assert!(cache.invalidate_tags(["t"]).await.is_err());
    assert_eq!(heard.lock().unwrap().len(), 1);
    a_while(&world).await;
    assert_eq!(heard.lock().unwrap().len(), 1);
    drop(down);
    a_while(&world).await;
    assert_eq!(*heard.lock().unwrap(), [vec![Tag::new("t")], vec![Tag::new("t")]]);
}

#[tokio::test]
async fn who_hears_of_invalidations_hears_of_commits_and_of_writes_whose_outcome_nobody_learned() {
    let world = World::new();
    let (cache, heard) = listening(&world);
    cache.hold(["rolled back"], WITHIN).await.rollback().await.unwrap();
    cache.hold(["committed"], WITHIN).await.commit().await.unwrap();
    assert_eq!(*heard.lock().unwrap(), [vec![Tag::new("committed")]]);
    drop(cache.hold(["unknown"], WITHIN).await);
    assert_eq!(heard.lock().unwrap()[1..], [vec![Tag::new("unknown")]]);
    settle().await;
    world.clock.advance(WITHIN);
    settle().await;
    assert_eq!(heard.lock().unwrap()[2..], [vec![Tag::new("unknown")]], "it may have become visible since");
    drop(cache.hold(["given up"], WITHIN).await.commit()); // was never polled
    assert_eq!(heard.lock().unwrap()[3..], [vec![Tag::new("given up")]]);
}

#[tokio::test]
async fn a_store_that_shows_nothing_and_a_cache_without_one_say_so_when_they_are_asked_what_they_have() {
    let world = World::new();
    let (cache, _) = listening(&world);
    let error = cache.explain_in_store("k").await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("shows nothing"), "{error:?}");
    let error = Cache::new().explain_in_store("k").wait().unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("none outside the process"), "{error:?}");
}
