//! Masters that die: who goes on, how long anybody waits, and what a replica that takes over may lack.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use easy_cache_core::store::{Filled, Look, Looked, Store};
use easy_cache_servers::{Cluster, Redis};

use crate::stress::Stress;
use crate::world::{World, started};

const TIMEOUT: Duration = Duration::from_millis(500);

fn quick() -> Cluster {
    Cluster::options().node_timeout(Duration::from_secs(1)).start()
}

fn impatient(cluster: &Cluster, groups: usize) -> World {
    World::with(cluster.urls(), groups, |builder| builder.timeout(TIMEOUT))
}

/// A key whose entry is served by this node, or is not.
fn key_at(cluster: &Cluster, world: &World, node: &Redis, there: bool) -> String {
    let mut keys = (0..).map(|number| format!("key{number}"));
    let entry = |key: &String| format!("ec1:{}:e:0:{key}", world.namespace);
    keys.find(|key| (cluster.master_for(&entry(key)).port() == node.port()) == there).unwrap()
}

async fn recovered(world: &World, key: &str) {
    let begun = Instant::now();
    while world.store.look(Look::new(key.as_bytes(), &[])).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(90), "it never came back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn warm(world: &World, key: &str) {
    let Looked::Miss(miss) = world.look_at(key.as_bytes(), &["t"]).await else { panic!("a hit") };
    assert_eq!(world.fill_at(key.as_bytes(), &miss, &["t"]).await, Filled::Kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_nodes_go_on_serving_while_another_one_is_down() {
    let cluster = started(quick).await;
    let world = impatient(&cluster, 1);
    let records = cluster.master_of(world.slot(&cluster, 0));
    let victim = cluster.nodes()[..3].iter().find(|node| node.port() != records.port()).unwrap();
    let (lost, well) = (key_at(&cluster, &world, victim, true), key_at(&cluster, &world, victim, false));
    warm(&world, &lost).await;
    warm(&world, &well).await;
    victim.pause();
    let burst = (0..20).map(|_| {
        let (store, key) = (world.store.clone(), lost.clone());
        tokio::spawn(async move { store.look(Look::new(key.as_bytes(), &[])).await.is_err() })
    });
    for look in burst.collect::<Vec<_>>() {
        assert!(look.await.unwrap(), "it does not answer");
    }
    let begun = Instant::now();
    let error = world.store.look(Look::new(lost.as_bytes(), &[])).await.unwrap_err();
    assert!(begun.elapsed() < TIMEOUT, "nobody waits for it now");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("left alone"), "{error:?}");
    for _ in 0..50 {
        let begun = Instant::now();
        let _ = world.store.look(Look::new(lost.as_bytes(), &[])).await;
        assert!(begun.elapsed() < TIMEOUT * 4, "nobody waits for longer: {:?}", begun.elapsed());
        let looked = world.look_at(well.as_bytes(), &["t"]).await;
        assert!(matches!(looked, Looked::Hit(_)), "the others do not notice: {looked:?}");
    }
    victim.kill();
    recovered(&world, &lost).await;
    assert!(matches!(world.look_at(well.as_bytes(), &["t"]).await, Looked::Hit(_)), "its records are all there");
    world.invalidate(&["t"]).await;
    for key in [&lost, &well] {
        assert!(matches!(world.look_at(key.as_bytes(), &["t"]).await, Looked::Miss(_)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_dies_under_load_and_nothing_outdated_is_served() {
    for groups in [1, 3] {
        let cluster = started(quick).await;
        let world = impatient(&cluster, groups);
        let elsewhere = || world.elsewhere_with(|builder| builder.timeout(TIMEOUT));
        let stress = Stress::begin((0..3).map(|_| elsewhere().store).collect());
        stress.goes_well().await;
        let slot = world.slot(&cluster, 0);
        let former = tokio::task::block_in_place(|| cluster.kill_master_of(slot));
        tokio::task::block_in_place(|| cluster.wait_for_failover(slot, former).port());
        stress.goes_well().await;
        former.start_again();
        stress.goes_well().await;
        let counts = stress.end().await;
        assert_eq!(counts.outdated.load(Ordering::Relaxed), 0, "{counts:?}");
        let longest = Duration::from_millis(counts.longest.load(Ordering::Relaxed));
        assert!(longest < TIMEOUT * 6, "nobody waits for longer: {longest:?}");
    }
}

/// What a process has invalidated, the master has acknowledged, and the replica has not heard of when it takes over.
async fn lost_invalidation(keeps: bool) -> (Cluster, World) {
    let cluster = started(quick).await;
    let world = World::with(cluster.urls(), 1, |builder| match keeps {
        true => builder.timeout(TIMEOUT).keep_across_restarts(),
        false => builder.timeout(TIMEOUT),
    });
    world.warm(&["t"]).await;
    let slot = world.slot(&cluster, 0);
    let master = cluster.master_of(slot);
    master.command(["WAIT", "1", "10000"]);
    let place = cluster.nodes().iter().position(|node| node.port() == master.port()).unwrap();
    let replica = &cluster.nodes()[place + 3];
    replica.pause();
    // What was on its way to the replica would be read after the pause.
    master.command(["CLIENT", "KILL", "TYPE", "replica"]);
    world.invalidate(&["t"]).await;
    tokio::task::block_in_place(|| {
        master.kill();
        replica.resume();
        cluster.wait_for_failover(slot, master).port()
    });
    let record = format!("{{ec1:{}}}:r:tt", world.namespace);
    assert_eq!(replica.command(["EXISTS", &record]).number(), Some(1), "the replica has not heard of it");
    (cluster, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalidation_that_a_replica_has_not_heard_of_is_in_force_when_it_takes_over() {
    let (_cluster, world) = lost_invalidation(false).await;
    let elsewhere = world.elsewhere();
    recovered(&elsewhere, "probe").await;
    assert!(elsewhere.reason(&["t"]).await.is_some(), "for a process that has no part in it");
    recovered(&world, "probe").await;
    assert!(world.reason(&["t"]).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_what_a_replica_has_tells_it_again_what_it_may_have_missed() {
    let (_cluster, world) = lost_invalidation(true).await;
    recovered(&world, "probe").await;
    assert!(world.reason(&["t"]).await.is_some());
    assert!(world.elsewhere().reason(&["t"]).await.is_some(), "for everybody from then on");
}
