//! What a fence is worth when connections have been replaced since: what it knows is of the nodes that were asked then.

use std::time::{Duration, Instant};

use easy_cache_core::store::{Filled, Look, Miss, Store};

use crate::proxied::Proxied;
use crate::world::{KEY, World, shared, tags};

impl Proxied {
    /// A miss, behind which all versions are known or none is.
    async fn missed(&self, known: bool) -> Miss {
        if known {
            self.world.warm(&["t", "u"]).await;
            let entry = format!("ec1:{}:e:0:k", self.world.namespace);
            assert_eq!(shared().command_at(&entry, &["DEL", &entry]).number(), Some(1));
        }
        self.world.miss(&["t", "u"]).await
    }

    /// Cuts the connections to some nodes, and waits until all of them are there again.
    async fn cut(&self, is_cut: impl Fn(u16) -> bool) {
        for (node, proxy) in shared().nodes().iter().zip(&self.proxies) {
            if is_cut(node.port()) {
                proxy.cut();
            }
        }
        let begun = Instant::now();
        for key in [KEY, b"a", b"b", b"c", b"d", b"e", b"f", b"g"] {
            while self.world.store.look(Look::new(key, &tags(&["t", "u"]))).await.is_err() {
                assert!(begun.elapsed() < Duration::from_secs(60), "it never came back");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Whether records of this world are on the node with this port.
    fn has_records(&self, port: u16) -> bool {
        (0..self.world.groups).any(|group| shared().master_of(self.world.slot(shared(), group)).port() == port)
    }
}

#[tokio::test]
async fn a_fill_whose_connection_to_the_records_was_replaced_since_its_fence_is_not_kept() {
    for groups in [1, 4] {
        let proxied = Proxied::new(groups);
        let miss = proxied.missed(false).await;
        proxied.cut(|port| proxied.has_records(port)).await;
        let world = &proxied.world;
        assert_eq!(world.fill(&miss, &["t", "u"]).await, Filled::NotKept, "{groups} groups");
        assert!(world.reason(&["t", "u"]).await.is_some(), "and is not found either");
        world.warm(&["t", "u"]).await;
        world.hit(&["t", "u"]).await;
    }
}

/// The entry leaves together with the questions. It is dead where it lies, by what has changed, whatever it is told.
#[tokio::test]
async fn what_was_invalidated_while_the_connection_of_a_fill_was_replaced_is_not_found() {
    for groups in [1, 4] {
        for everything in [false, true] {
            let proxied = Proxied::new(groups);
            let miss = proxied.missed(true).await;
            let (world, elsewhere) = (&proxied.world, World::of_groups_named(groups, &proxied.world.namespace));
            match everything {
                true => elsewhere.store.invalidate_all().await.unwrap(),
                false => elsewhere.invalidate(&["u"]).await,
            }
            proxied.cut(|port| proxied.has_records(port)).await;
            assert_ne!(world.fill(&miss, &["t", "u"]).await, Filled::Kept, "{groups} groups, all: {everything}");
            assert!(world.reason(&["t", "u"]).await.is_some(), "{groups} groups, all: {everything}");
            assert!(elsewhere.reason(&["t", "u"]).await.is_some(), "{groups} groups, all: {everything}");
        }
    }
}

#[tokio::test]
async fn the_connections_to_nodes_without_records_do_not_matter_to_a_fence() {
    let proxied = Proxied::new(1);
    let miss = proxied.missed(false).await;
    proxied.cut(|port| !proxied.has_records(port)).await;
    assert_eq!(proxied.world.fill(&miss, &["t", "u"]).await, Filled::Kept);
    proxied.world.hit(&["t", "u"]).await;
}
