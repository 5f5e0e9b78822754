//! A near cache that is told by the masters of its groups of records: what it hears, and what a proof is worth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use easy_cache_core::Tag;
use easy_cache_core::store::{Asked, Following, Mirror, Store};
use easy_cache_servers::Cluster;
use parking_lot::Mutex;

use crate::world::{KEY, World, started, tags};

const BOUND: Duration = Duration::from_millis(100);

/// A near cache that only writes down what it hears.
#[derive(Debug, Default)]
struct Notes {
    heard: Mutex<Vec<String>>,
    asked: AtomicU64,
    proved: AtomicU64,
}

impl Mirror for Notes {
    fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        let tags = tags.iter().map(|tag| format!("tag {tag}"));
        let keys = keys.iter().map(|key| format!("key {}", String::from_utf8_lossy(key)));
        self.heard.lock().extend(tags.chain(keys));
    }

    fn forget_everything(&self) {
        self.heard.lock().push("everything".to_owned());
    }

    fn ask(&self) -> Asked {
        Asked::new(self.asked.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn proved(&self, asked: Asked) {
        self.proved.fetch_max(asked.content(), Ordering::SeqCst);
    }
}

impl Notes {
    /// Waits for a proof that was asked for after this moment.
    async fn proof(&self) {
        let (asked, begun) = (self.asked.load(Ordering::SeqCst), Instant::now());
        while self.proved.load(Ordering::SeqCst) <= asked {
            assert!(begun.elapsed() < Duration::from_secs(90), "it was never proved");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock())
    }
}

async fn followed(world: &World) -> (Arc<Notes>, Following) {
    let notes = Arc::new(Notes::default());
    let following = world.store.follow(Arc::clone(&notes) as Arc<dyn Mirror>, BOUND).unwrap();
    notes.proof().await;
    assert!(notes.take().iter().all(|heard| heard == "everything"), "what happened before is not known");
    (notes, following)
}

#[tokio::test]
async fn every_change_in_any_group_is_told_before_the_proof_that_was_asked_for_later() {
    for groups in [1, 4] {
        let world = World::of_groups(groups);
        let names = ["a", "b", "c", "d"];
        world.warm(&names).await;
        let (notes, _following) = followed(&world).await;
        let elsewhere = world.elsewhere();
        for name in names {
            elsewhere.invalidate(&[name]).await;
            notes.proof().await;
            assert_eq!(notes.take(), [format!("tag {name}")], "{groups} groups");
        }
        elsewhere.store.invalidate(&[], &[KEY]).await.unwrap();
        notes.proof().await;
        assert_eq!(notes.take(), ["key k"]);
        elsewhere.store.invalidate_all().await.unwrap();
        notes.proof().await;
        assert_eq!(notes.take(), vec!["everything"; groups]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_master_of_the_records_changes_everything_is_forgotten_and_the_next_one_tells() {
    let cluster = started(|| Cluster::options().node_timeout(Duration::from_secs(1)).start()).await;
    let world = World::with(cluster.urls(), 1, |builder| builder.timeout(Duration::from_millis(500)));
    world.warm(&["t"]).await;
    let (notes, _following) = followed(&world).await;
    let slot = world.slot(&cluster, 0);
    let former = tokio::task::block_in_place(|| cluster.kill_master_of(slot));
    tokio::task::block_in_place(|| cluster.wait_for_failover(slot, former).port());
    notes.proof().await;
    assert!(notes.take().contains(&"everything".to_owned()));
    told(&notes, &world).await;
    let owner = cluster.master_of(slot).port();
    let other = cluster.nodes().iter().find(|node| {
        node.port() != owner && node.port() != former.port() && node.info("role").as_deref() == Some("master")
    });
    tokio::task::block_in_place(|| cluster.move_slots(slot..=slot, other.unwrap()));
    notes.proof().await;
    assert!(notes.take().contains(&"everything".to_owned()));
    told(&notes, &world).await;
}

/// An invalidation arrives, by whatever way.
async fn told(notes: &Notes, world: &World) {
    let elsewhere = world.elsewhere();
    let miss = elsewhere.miss(&["u"]).await;
    elsewhere.fill(&miss, &["u"]).await;
    notes.proof().await;
    notes.take();
    elsewhere.store.invalidate(&tags(&["u"]), &[]).await.unwrap();
    notes.proof().await;
    assert_eq!(notes.take(), ["tag u"]);
}
