//! A server, a store on it, and the steps that stories are made of.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Hit, Look, Looked, Mark, Miss, Store, StoreFence, Version};
use easy_cache_memcached::{MemcachedStore, MemcachedStoreBuilder};
use easy_cache_servers::{Memcached, unique};

pub(crate) const KEY: &[u8] = b"k";
/// Longer than any machine that is not stuck takes for a trip.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

pub(crate) fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(Tag::new).collect()
}

/// The names of all items of a server. One list may lack some.
pub(crate) fn items(server: SocketAddr) -> BTreeSet<String> {
    (0..3).flat_map(|_| Memcached::items_at(server)).collect()
}

/// Lets everything end so much sooner. A writer's time is up to a second longer than was asked for.
pub(crate) fn age(server: &Memcached, by: Duration) {
    items(server.address())
        .iter()
        .for_each(|item| age_one(server, item, by + Duration::from_secs(item.contains(":w:").into())));
}

pub(crate) fn age_one(server: &Memcached, item: &str, by: Duration) {
    let left = server.command(&format!("mg {item} t"));
    let Some(left) = left.strip_prefix("HD t").and_then(|left| left.parse::<u64>().ok()) else { return };
    server.command(&match left.saturating_sub(by.as_secs()) {
        0 => format!("md {item}"),
        left => format!("mg {item} T{left}"),
    });
}

/// A namespace of its own in a server that others may share.
pub(crate) struct World {
    pub(crate) namespace: String,
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) store: MemcachedStore,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(&[Memcached::shared().address()])
    }

    pub(crate) fn at(servers: &[SocketAddr]) -> Self {
        Self::with(servers, |builder| builder.timeout(PATIENCE))
    }

    pub(crate) fn with(
        servers: &[SocketAddr],
        more: impl FnOnce(MemcachedStoreBuilder) -> MemcachedStoreBuilder,
    ) -> Self {
        Self::named(unique("n"), servers, more)
    }

    fn named(
        namespace: String,
        servers: &[SocketAddr],
        more: impl FnOnce(MemcachedStoreBuilder) -> MemcachedStoreBuilder,
    ) -> Self {
        let builder = MemcachedStore::builder(&namespace);
        let builder = servers.iter().fold(builder, |builder, server| builder.server(server.to_string()));
        Self { namespace, servers: servers.to_vec(), store: more(builder).build().unwrap() }
    }

    /// Another process: nothing is remembered there.
    pub(crate) fn elsewhere(&self) -> Self {
        Self::named(self.namespace.clone(), &self.servers, |builder| builder.timeout(PATIENCE))
    }

    pub(crate) async fn look(&self, known: &[&str]) -> Looked {
        self.store.look(Look::new(KEY, &tags(known))).await.unwrap()
    }

    pub(crate) async fn miss(&self, known: &[&str]) -> Miss {
        match self.look(known).await {
            Looked::Miss(miss) => miss,
            Looked::Hit(hit) => panic!("a hit: {hit:?}"),
        }
    }

    pub(crate) async fn hit(&self, known: &[&str]) -> Hit {
        match self.look(known).await {
            Looked::Hit(hit) => hit,
            Looked::Miss(miss) => panic!("a miss: {miss:?}"),
        }
    }

    pub(crate) async fn fence(&self, known: &[&str]) -> StoreFence {
        self.miss(known).await.fence.unwrap()
    }

    /// Of another key than usual, if the server can say anything about it.
    pub(crate) async fn fence_of(&self, key: &[u8]) -> Option<StoreFence> {
        match self.store.look(Look::new(key, &[])).await.ok()? {
            Looked::Miss(miss) => miss.fence,
            Looked::Hit(hit) => panic!("a hit: {hit:?}"),
        }
    }

    pub(crate) async fn fill(&self, value: &[u8], all: &[&str], fence: &StoreFence) -> Filled {
        let tags = tags(all);
        let mut fill = Fill::new(KEY, value, Some(fence));
        fill.tags = &tags;
        self.store.fill(fill).await.unwrap()
    }

    /// Looks up and fills under these tags, all of which are known.
    pub(crate) async fn warm(&self, all: &[&str]) {
        let fence = self.fence(all).await;
        assert_eq!(self.fill(b"value", all, &fence).await, Filled::Kept);
    }

    pub(crate) async fn invalidate(&self, names: &[&str]) {
        self.store.invalidate(&tags(names), &[]).await.unwrap();
    }

    pub(crate) async fn hold(&self, writer: Version, names: &[&str]) {
        self.store.hold(Mark::new(writer, Some(&tags(names))), WITHIN).await.unwrap();
    }

    pub(crate) async fn release(&self, writer: Version, names: &[&str]) {
        self.store.release(Mark::new(writer, Some(&tags(names)))).await.unwrap();
    }

    /// Loses an item of this namespace.
    pub(crate) fn lose(&self, server: &Memcached, item: &str) {
        let answer = server.command(&format!("md {}:{item}", self.namespace));
        assert_eq!(answer, "HD", "nothing at {item} to lose");
    }
}
