//! A cluster, a store on it, and the steps that stories are made of.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use easy_cache_core::Tag;
use easy_cache_core::store::{Fill, Filled, Hit, Look, Looked, Miss, MissReason, Store};
use easy_cache_redis::{RedisClusterStore, RedisClusterStoreBuilder};
use easy_cache_servers::redis::Reply;
use easy_cache_servers::{Cluster, unique};

pub(crate) const KEY: &[u8] = b"k";

/// One for all tests that break nothing.
static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);

pub(crate) fn shared() -> &'static Cluster {
    &SHARED
}

/// Starts what takes long where it may.
pub(crate) async fn started(start: fn() -> Cluster) -> Cluster {
    tokio::task::spawn_blocking(start).await.unwrap()
}

pub(crate) fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(Tag::new).collect()
}

/// For machines that are busy with something else.
pub(crate) fn patient(builder: RedisClusterStoreBuilder) -> RedisClusterStoreBuilder {
    builder.timeout(Duration::from_secs(10)).connect_timeout(Duration::from_secs(10))
}

/// A namespace of its own in a cluster that others may share.
pub(crate) struct World {
    pub(crate) namespace: String,
    pub(crate) urls: Vec<String>,
    pub(crate) groups: usize,
    pub(crate) store: RedisClusterStore,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(shared().urls(), 1, |builder| builder)
    }

    pub(crate) fn of_groups(groups: usize) -> Self {
        Self::with(shared().urls(), groups, |builder| builder)
    }

    /// Another process, on ways of its own.
    pub(crate) fn of_groups_named(groups: usize, namespace: &str) -> Self {
        let named = Self { namespace: namespace.to_owned(), ..Self::of_groups(groups) };
        named.elsewhere()
    }

    pub(crate) fn with(
        urls: Vec<String>,
        groups: usize,
        more: impl FnOnce(RedisClusterStoreBuilder) -> RedisClusterStoreBuilder,
    ) -> Self {
        let namespace = unique("n");
        let builder = RedisClusterStore::builder(&namespace).urls(&urls).groups(groups);
        let store = more(patient(builder)).build().unwrap();
        Self { namespace, urls, groups, store }
    }

    /// Another process: nothing is remembered there.
    pub(crate) fn elsewhere(&self) -> Self {
        self.elsewhere_with(|builder| builder)
    }

    pub(crate) fn elsewhere_with(
        &self,
        more: impl FnOnce(RedisClusterStoreBuilder) -> RedisClusterStoreBuilder,
    ) -> Self {
        let builder = RedisClusterStore::builder(&self.namespace).urls(&self.urls).groups(self.groups);
        let store = more(patient(builder)).build().unwrap();
        Self { namespace: self.namespace.clone(), urls: self.urls.clone(), groups: self.groups, store }
    }

    /// The slot of a group's records.
    pub(crate) fn slot(&self, cluster: &Cluster, group: usize) -> u16 {
        let group = if self.groups == 1 { String::new() } else { format!(":{group}") };
        cluster.slot_of(&format!("{{ec1:{}{group}}}:o", self.namespace))
    }

    /// The record of the number of groups: that of the namespace, or its repetition in a group.
    pub(crate) fn number(&self, group: Option<usize>) -> String {
        let group = group.map_or(String::new(), |group| format!(":{group}"));
        format!("{{ec1:{}{group}}}:g", self.namespace)
    }

    /// Returns when the number was said in all groups.
    pub(crate) async fn is_witnessed(&self, cluster: &Cluster) {
        let said = Reply::Bytes(self.groups.to_string().into_bytes());
        let begun = Instant::now();
        for record in (0..self.groups).filter(|_| self.groups > 1).map(|group| self.number(Some(group))) {
            while cluster.command_at(&record, &["GET", &record]) != said {
                assert!(begun.elapsed() < Duration::from_secs(60), "a group never hears of the number");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    pub(crate) async fn look_at(&self, key: &[u8], known: &[&str]) -> Looked {
        self.store.look(Look::new(key, &tags(known))).await.unwrap()
    }

    pub(crate) async fn miss(&self, known: &[&str]) -> Miss {
        match self.look_at(KEY, known).await {
            Looked::Miss(miss) => miss,
            Looked::Hit(hit) => panic!("a hit: {hit:?}"),
        }
    }

    pub(crate) async fn hit(&self, known: &[&str]) -> Hit {
        match self.look_at(KEY, known).await {
            Looked::Hit(hit) => hit,
            Looked::Miss(miss) => panic!("a miss: {miss:?}"),
        }
    }

    pub(crate) async fn reason(&self, known: &[&str]) -> Option<MissReason> {
        match self.look_at(KEY, known).await {
            Looked::Miss(miss) => Some(miss.reason),
            Looked::Hit(_) => None,
        }
    }

    pub(crate) async fn fill_at(&self, key: &[u8], miss: &Miss, names: &[&str]) -> Filled {
        let tags = tags(names);
        let mut fill = Fill::new(key, b"value", miss.fence.as_ref());
        fill.tags = &tags;
        self.store.fill(fill).await.unwrap()
    }

    pub(crate) async fn fill(&self, miss: &Miss, names: &[&str]) -> Filled {
        self.fill_at(KEY, miss, names).await
    }

    /// Puts the key in.
    pub(crate) async fn warm(&self, names: &[&str]) {
        let miss = self.miss(names).await;
        assert_eq!(self.fill(&miss, names).await, Filled::Kept);
    }

    pub(crate) async fn invalidate(&self, names: &[&str]) {
        self.store.invalidate(&tags(names), &[]).await.unwrap();
    }
}
