//! A node that does not answer, and processes that need nothing of it: nobody waits for it, and nothing is believed that others contradict.

use std::time::{Duration, Instant};

use easy_cache_core::store::{Filled, Look, Looked, Store};
use easy_cache_redis::RedisClusterStore;
use easy_cache_servers::{Cluster, Redis, wait};

use crate::world::{World, patient, started, tags};

/// Longer than anything takes for which nobody waits, and shorter than what anybody waits.
const AT_ONCE: Duration = Duration::from_secs(4);

fn three() -> Cluster {
    Cluster::options().replicas(0).start()
}

/// A namespace of which this node has the number, or a group, and nothing of the (other) groups.
fn laid_out(cluster: &Cluster, timeout: Duration, groups: usize, lost: Option<usize>) -> (World, &Redis) {
    loop {
        let world = World::with(cluster.urls(), groups, |builder| patient(builder).timeout(timeout));
        let record = cluster.master_for(&world.number(None)).port();
        let ports: Vec<u16> = (0..groups).map(|group| cluster.master_of(world.slot(cluster, group)).port()).collect();
        let victim = lost.map_or(record, |lost| ports[lost]);
        let others_are_elsewhere = ports.iter().enumerate().all(|(group, port)| Some(group) == lost || *port != victim);
        if others_are_elsewhere && (lost.is_none() || record != victim) {
            let victim = cluster.nodes().iter().find(|node| node.port() == victim).unwrap();
            return (world, victim);
        }
    }
}

/// A key whose entry is not on this node.
fn key(cluster: &Cluster, world: &World, victim: &Redis, number: usize) -> String {
    let mut keys = (0..).map(|more| format!("key{number}.{more}"));
    let entry = |key: &String| format!("ec1:{}:e:0:{key}", world.namespace);
    keys.find(|key| cluster.master_for(&entry(key)).port() != victim.port()).unwrap()
}

async fn warm(world: &World, key: &str, names: &[&str]) -> Filled {
    let Looked::Miss(miss) = world.look_at(key.as_bytes(), names).await else { panic!("a hit") };
    world.fill_at(key.as_bytes(), &miss, names).await
}

async fn is_hit(store: &RedisClusterStore, key: &str) -> bool {
    matches!(store.look(Look::new(key.as_bytes(), &[])).await.unwrap(), Looked::Hit(_))
}

/// One of the witnesses has heard this.
fn say(cluster: &Cluster, world: &World, said: &str) {
    let record = world.number(Some(1));
    cluster.command_at(&record, &["SET", &record, said]);
}

fn divided(world: &World, groups: usize) -> RedisClusterStore {
    let builder = RedisClusterStore::builder(&world.namespace).urls(&world.urls).groups(groups);
    patient(builder).timeout(Duration::from_secs(2)).build().unwrap()
}

fn text(error: &easy_cache_core::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Time passes, in which nobody asks.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn while_the_node_with_the_number_is_silent_no_lookup_and_no_fill_waits_for_it() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(40), 2, None);
    assert_eq!(warm(&world, &key(&cluster, &world, victim, 0), &["t"]).await, Filled::Kept);
    let keys: Vec<String> = (1..6).map(|number| key(&cluster, &world, victim, number)).collect();
    victim.pause();
    let mut fastest = [Duration::MAX; 2];
    for key in &keys {
        // Not long enough for a silence; unless the machine adds to it.
        later(Duration::from_millis(1500)).await;
        let begun = Instant::now();
        let Looked::Miss(miss) = world.look_at(key.as_bytes(), &["t"]).await else { panic!("a hit") };
        fastest[0] = fastest[0].min(begun.elapsed());
        later(Duration::from_millis(1500)).await;
        let begun = Instant::now();
        assert_eq!(world.fill_at(key.as_bytes(), &miss, &["t"]).await, Filled::Kept);
        fastest[1] = fastest[1].min(begun.elapsed());
    }
    assert!(fastest.iter().all(|fastest| *fastest < AT_ONCE), "every lookup, or fill, has waited: {fastest:?}");
    world.invalidate(&["t"]).await;
    for key in &keys {
        assert!(!is_hit(&world.store, key).await);
    }
}

#[tokio::test]
async fn who_comes_after_a_while_does_not_wait_for_the_silent_node_either() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(4), 2, None);
    let key = key(&cluster, &world, victim, 0);
    assert_eq!(warm(&world, &key, &["t"]).await, Filled::Kept);
    victim.pause();
    let mut fastest = Duration::MAX;
    for _ in 0..4 {
        // What is known now is not believed for that long.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let begun = Instant::now();
        assert!(is_hit(&world.store, &key).await);
        fastest = fastest.min(begun.elapsed());
    }
    assert!(fastest < Duration::from_millis(900), "all have waited, and one of them for {fastest:?}");
}

#[tokio::test]
async fn a_fresh_process_begins_while_the_node_with_the_number_is_down() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(10), 2, None);
    let (first, second) = (key(&cluster, &world, victim, 0), key(&cluster, &world, victim, 1));
    assert_eq!(warm(&world, &first, &["t"]).await, Filled::Kept);
    world.is_witnessed(&cluster).await;
    for silent in [true, false] {
        if silent {
            victim.pause();
        } else {
            victim.kill();
        };
        let fresh = world.elsewhere();
        assert!(is_hit(&fresh.store, &first).await);
        warm(&fresh, &second, &["t"]).await;
        fresh.invalidate(&["t"]).await;
        assert!(!is_hit(&world.store, &first).await && !is_hit(&world.store, &second).await);
        assert_eq!(warm(&world, &first, &["t"]).await, Filled::Kept);
    }
}

#[tokio::test]
async fn a_fresh_process_with_another_number_is_refused_also_while_the_node_with_the_number_is_down() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(10), 2, None);
    assert_eq!(warm(&world, &key(&cluster, &world, victim, 0), &["t"]).await, Filled::Kept);
    world.is_witnessed(&cluster).await;
    victim.pause();
    let told = text(&divided(&world, 3).invalidate(&tags(&["t"]), &[]).await.unwrap_err());
    assert!(told.contains("into 2 groups") && told.contains("this one into 3"), "{told}");
    assert!(divided(&world, 1).invalidate(&tags(&["t"]), &[]).await.is_err(), "nobody can say");
    // Nobody has been there for a while: no number is known to be in force.
    for group in 0..2 {
        let record = world.number(Some(group));
        cluster.command_at(&record, &["DEL", &record]);
    }
    assert!(divided(&world, 2).invalidate(&tags(&["t"]), &[]).await.is_err(), "it may be another one by now");
}

#[tokio::test]
async fn who_had_agreed_hears_of_another_number_from_the_groups_while_its_node_is_down() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(2), 2, None);
    let key = key(&cluster, &world, victim, 0);
    assert_eq!(warm(&world, &key, &["t"]).await, Filled::Kept);
    world.is_witnessed(&cluster).await;
    victim.pause();
    say(&cluster, &world, "5");
    let begun = Instant::now();
    let told = loop {
        match world.store.look(Look::new(key.as_bytes(), &[])).await {
            Err(error) => break text(&error),
            Ok(_) => assert!(begun.elapsed() < Duration::from_secs(60), "it is never noticed"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(told.contains("into 5 groups"), "{told}");
    // What the record says counts more.
    victim.resume();
    wait::until("the node is back", || cluster.masters().count() == 3);
    let begun = Instant::now();
    while world.store.look(Look::new(key.as_bytes(), &[])).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is never noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.invalidate(&["t"]).await;
}

#[tokio::test]
async fn the_witnesses_forget_the_number_when_nobody_repeats_it() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(10), 3, Some(0));
    warm(&world, &key(&cluster, &world, victim, 0), &[]).await;
    world.is_witnessed(&cluster).await;
    for group in 0..3 {
        let record = world.number(Some(group));
        let left = cluster.command_at(&record, &["PTTL", &record]).number().unwrap();
        assert!((1..=60_000).contains(&left), "{left}");
    }
}

/// In which group a record is.
fn group_of(cluster: &Cluster, world: &World, record: &str) -> usize {
    let is_in = |group: &usize| {
        let name = format!("{{ec1:{}:{group}}}:r:{record}", world.namespace);
        cluster.command_at(&name, &["EXISTS", &name]).number() == Some(1)
    };
    (0..world.groups).find(is_in).unwrap()
}

#[tokio::test]
async fn a_fresh_process_needs_no_group_that_its_values_do_not_depend_on() {
    let cluster = started(three).await;
    let (world, victim) = laid_out(&cluster, Duration::from_secs(20), 3, Some(0));
    let (mut well, mut lost, mut names) = (Vec::new(), None, Vec::new());
    for number in 0..40 {
        let (key, name) = (key(&cluster, &world, victim, number), format!("tag{number}"));
        assert_eq!(warm(&world, &key, &[&name]).await, Filled::Kept);
        let groups = [group_of(&cluster, &world, &format!("k{key}")), group_of(&cluster, &world, &format!("t{name}"))];
        if groups == [1, 1] || groups == [1, 2] {
            well.push(key);
            names.push(name);
        } else if groups[1] == 0 {
            lost = Some(name);
        }
        if well.len() == 3 && lost.is_some() {
            break;
        }
    }
    let lost = lost.unwrap();
    victim.pause();
    let fresh = world.elsewhere_with(|builder| builder.timeout(Duration::from_secs(20)));
    assert!(is_hit(&fresh.store, &well[0]).await, "after waiting for a moment");
    for key in &well[1..] {
        let begun = Instant::now();
        assert!(is_hit(&fresh.store, key).await);
        assert!(begun.elapsed() < AT_ONCE, "somebody has waited for {:?}", begun.elapsed());
    }
    fresh.invalidate(&[&names[1]]).await;
    assert_eq!(warm(&fresh, &well[1], &[&names[1]]).await, Filled::Kept);
    fresh.invalidate(&[&names[2]]).await;
    let Looked::Miss(miss) = fresh.look_at(well[2].as_bytes(), &[&names[2]]).await else { panic!("a hit") };
    assert_eq!(
        fresh.fill_at(well[2].as_bytes(), &miss, &[&lost]).await,
        Filled::NotKept,
        "nothing is known of its group"
    );
    victim.resume();
    let begun = Instant::now();
    loop {
        match fresh.store.look(Look::new(well[2].as_bytes(), &[])).await {
            Ok(Looked::Hit(_)) => break,
            Ok(Looked::Miss(miss)) => drop(fresh.fill_at(well[2].as_bytes(), &miss, &[&lost]).await),
            Err(_) => {} // it is not back yet
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the group is never met");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
