//! Programs that divide the records of a namespace into different numbers of groups: told, and not left to lose invalidations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::store::{Asked, Following, Inspect, Look, Mark, Mirror, MissReason, Store, Version};
use easy_cache_core::{Error, Tag};
use easy_cache_redis::RedisClusterStore;

use easy_cache_servers::Cluster;
use easy_cache_servers::redis::Reply;

use crate::world::{KEY, World, patient, shared, tags};

fn text(error: &Error) -> String {
    std::error::Error::source(error).unwrap().to_string()
}

/// The same namespace, by a program with another number.
fn divided(world: &World, groups: usize) -> RedisClusterStore {
    let builder = RedisClusterStore::builder(&world.namespace).urls(&world.urls).groups(groups);
    patient(builder).build().unwrap()
}

/// Somebody else has said a number, or it is lost.
fn set(world: &World, number: Option<&str>) {
    let record = format!("{{ec1:{}}}:g", world.namespace);
    let reply = match number {
        Some(number) => shared().command_at(&record, &["SET", &record, number]),
        None => shared().command_at(&record, &["DEL", &record]),
    };
    assert!(!matches!(reply, Reply::Error(_)), "{reply:?}");
}

/// A program that had agreed has noticed that this is over.
async fn notices(store: &RedisClusterStore) -> Error {
    let begun = Instant::now();
    loop {
        match store.look(Look::new(KEY, &[])).await {
            Err(error) => return error,
            Ok(_) => assert!(begun.elapsed() < Duration::from_secs(60), "it is never noticed"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_program_with_another_number_of_groups_is_told_both_numbers_and_can_do_nothing() {
    for (ours, theirs) in [(1, 4), (4, 1), (4, 5)] {
        let world = World::of_groups(ours);
        world.warm(&["t"]).await;
        let other = divided(&world, theirs);
        let mark = Mark::new(Version::from_bytes([7; 16]), None);
        let all = [
            other.look(Look::new(KEY, &[])).await.unwrap_err(),
            other.invalidate(&tags(&["t"]), &[]).await.unwrap_err(),
            other.invalidate_all().await.unwrap_err(),
            other.hold(mark, Duration::from_secs(1)).await.unwrap_err(),
            other.inspect(KEY, 0).await.unwrap_err(),
            other.survey(&|_| ()).await.unwrap_err(),
        ];
        for error in &all {
            let told = text(error);
            let numbers = [format!("into {ours} groups"), format!("this one into {theirs}")];
            assert!(numbers.iter().all(|number| told.contains(number)), "{told}");
        }
        assert_eq!(other.groups_in_use().await.unwrap(), Some(ours), "which it should have been made with");
        world.hit(&["t"]).await;
    }
}

#[tokio::test]
async fn an_invalidation_is_the_first_that_a_program_does_and_is_refused_all_the_same() {
    let world = World::of_groups(4);
    world.warm(&["t"]).await;
    assert!(divided(&world, 1).invalidate(&tags(&["t"]), &[]).await.is_err(), "it would be lost");
}

#[tokio::test]
async fn a_namespace_that_nobody_has_used_has_no_number_and_is_not_given_one_by_who_looks() {
    let world = World::of_groups(4);
    assert_eq!(world.store.groups_in_use().await.unwrap(), None);
    world.store.inspect(KEY, 0).await.unwrap();
    world.store.survey(&|_| ()).await.unwrap();
    assert_eq!(world.store.groups_in_use().await.unwrap(), None);
    world.warm(&[]).await;
    assert_eq!(world.store.groups_in_use().await.unwrap(), Some(4));
}

#[tokio::test]
async fn of_many_that_begin_at_once_all_have_the_number_of_one() {
    let world = World::new();
    let begun = (0..24).map(|number| {
        let store = divided(&world, 1 + number % 3);
        tokio::spawn(async move {
            let refused = store.look(Look::new(KEY, &[])).await.err();
            refused.iter().for_each(|error| assert!(text(error).contains("groups"), "{error:?}"));
            refused.is_none().then_some(1 + number % 3)
        })
    });
    let mut agreed = Vec::new();
    for one in begun.collect::<Vec<_>>() {
        agreed.extend(one.await.unwrap());
    }
    assert_eq!(agreed.len(), 8, "a third of them: {agreed:?}");
    assert!(agreed.iter().all(|number| *number == agreed[0]), "{agreed:?}");
}

#[tokio::test]
async fn a_number_that_is_lost_is_said_again_and_costs_misses() {
    for groups in [1, 5] {
        let world = World::of_groups(groups);
        world.warm(&["t"]).await;
        set(&world, None);
        let elsewhere = world.elsewhere();
        assert_eq!(elsewhere.reason(&["t"]).await, Some(MissReason::Outdated), "{groups} groups");
        elsewhere.warm(&["t"]).await;
        world.hit(&["t"]).await;
        world.invalidate(&["t"]).await;
        assert!(elsewhere.reason(&["t"]).await.is_some());
    }
}

#[tokio::test]
async fn who_had_agreed_notices_that_the_number_was_lost_and_another_one_said() {
    let world = World::of_groups(4);
    world.warm(&["t"]).await;
    set(&world, None);
    let other = divided(&world, 1);
    other.invalidate(&tags(&["t"]), &[]).await.unwrap();
    assert!(text(&notices(&world.store).await).contains("into 1 groups"));
    assert!(world.store.invalidate(&tags(&["t"]), &[]).await.is_err());
}

#[tokio::test]
async fn an_invalidation_after_a_long_silence_is_compared_with_the_number_of_others() {
    let world = World::of_groups(4);
    world.warm(&["t"]).await;
    set(&world, Some("2"));
    // Nothing is under way that would notice that time passes.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    let told = text(&world.store.invalidate(&tags(&["t"]), &[]).await.unwrap_err());
    assert!(told.contains("into 2 groups"), "{told}");
}

#[tokio::test]
async fn nothing_is_served_after_a_long_silence_that_others_may_have_invalidated_in_other_groups() {
    let world = World::of_groups(4);
    world.warm(&["t"]).await;
    set(&world, None);
    divided(&world, 1).invalidate(&tags(&["t"]), &[]).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    tokio::time::resume();
    let looks = (0..4).map(|_| world.store.look(Look::new(KEY, &[])));
    for looked in futures_util::future::join_all(looks).await {
        assert!(text(&looked.unwrap_err()).contains("into 1 groups"));
    }
}

#[tokio::test]
async fn what_was_stored_with_a_number_is_gone_when_that_number_is_back() {
    let world = World::of_groups(5);
    let names = ["one", "two", "three", "four"];
    world.warm(&names).await;
    set(&world, None);
    divided(&world, 1).invalidate(&tags(&names), &[]).await.unwrap();
    set(&world, None);
    // It has been invalidated where the records of five groups do not tell.
    assert_eq!(world.elsewhere().reason(&names).await, Some(MissReason::Outdated));
}

#[tokio::test]
async fn a_near_cache_without_lookups_hears_of_another_number_and_forgets() {
    #[derive(Debug, Default)]
    struct Proved(AtomicBool);
    impl Mirror for Proved {
        fn forget(&self, _: &[Tag], _: &[&[u8]]) {}
        fn forget_everything(&self) {
            self.0.store(false, Ordering::SeqCst);
        }
        fn ask(&self) -> Asked {
            Asked::new(0)
        }
        fn proved(&self, _: Asked) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let world = World::of_groups(2);
    let mirror = Arc::new(Proved::default());
    let _following: Following = world.store.follow(mirror.clone(), Duration::from_millis(200)).unwrap();
    let until = |wanted: bool| {
        let mirror = Arc::clone(&mirror);
        async move {
            let begun = Instant::now();
            while mirror.0.load(Ordering::SeqCst) != wanted {
                assert!(begun.elapsed() < Duration::from_secs(60), "proved: {}", !wanted);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    until(true).await;
    set(&world, Some("3"));
    until(false).await;
    set(&world, Some("2"));
    until(true).await;
}

#[tokio::test]
async fn a_record_that_is_no_number_is_an_error() {
    let world = World::new();
    set(&world, Some("some"));
    assert!(text(&world.store.look(Look::new(KEY, &[])).await.unwrap_err()).contains("number of groups"));
}

#[tokio::test]
async fn a_full_cluster_is_told_the_number_and_invalidates_all_the_same() {
    let full = || Cluster::options().replicas(0).setting("maxmemory", "1").start();
    let cluster = tokio::task::spawn_blocking(full).await.unwrap();
    let world = World::with(cluster.urls(), 3, |builder| builder);
    world.invalidate(&["t"]).await;
    assert_eq!(world.store.groups_in_use().await.unwrap(), Some(3));
}
