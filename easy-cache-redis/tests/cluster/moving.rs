//! Slots that move to other nodes while everything goes on.

use std::sync::atomic::Ordering;

use easy_cache_servers::Cluster;

use crate::stress::Stress;
use crate::world::{World, started};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_of_records_and_of_entries_move_under_load_and_nothing_outdated_is_served() {
    let cluster = started(Cluster::start).await;
    for groups in [1, 3] {
        let world = World::with(cluster.urls(), groups, |builder| builder);
        let stores = (0..3).map(|_| world.elsewhere().store).collect();
        let stress = Stress::begin(stores);
        stress.goes_well().await;
        let all: Vec<u16> = (0..groups).map(|group| world.slot(&cluster, group)).collect();
        tokio::task::block_in_place(|| {
            for slot in all {
                let owner = cluster.master_of(slot).port();
                let other = cluster.nodes().iter().find(|node| node.port() != owner).unwrap();
                cluster.move_slots(slot..=slot, other);
            }
            cluster.move_slots(3_000..=3_300, &cluster.nodes()[2]);
        });
        stress.goes_well().await;
        let counts = stress.end().await;
        assert_eq!(counts.outdated.load(Ordering::Relaxed), 0, "{counts:?}");
    }
}

#[tokio::test]
async fn who_knows_only_the_former_node_is_sent_on() {
    let cluster = started(Cluster::start).await;
    let world = World::with(cluster.urls(), 1, |builder| builder);
    world.warm(&["t"]).await;
    let slot = world.slot(&cluster, 0);
    let owner = cluster.master_of(slot).port();
    let other = cluster.nodes().iter().find(|node| node.port() != owner).unwrap();
    cluster.move_slots(slot..=slot, other);
    if world.reason(&["t"]).await.is_some() {
        world.warm(&["t"]).await;
    }
    world.hit(&["t"]).await;
    world.invalidate(&["t"]).await;
    assert!(world.elsewhere().reason(&["t"]).await.is_some());
}
