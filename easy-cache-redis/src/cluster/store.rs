//! The store: what each operation of the protocol is on a cluster.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::cluster::Config;
use easy_cache_core::store::{
    Fill, Filled, Following, Inspect, Leased, Look, Looked, Mark, Mirror, Remembered, Store, StoreFuture, Version,
};
use easy_cache_core::{Error, Tag};

use super::agreement::Agreement;
use super::config::RedisClusterStoreBuilder;
use super::epochs::Epochs;
use super::follow::Follows;
use super::group::Group;
use super::nodes::Nodes;
use crate::config::Background;
use crate::failure::Failure;
use crate::layout::Keys;

/// A Redis Cluster as the store of a cache, or of several that share a namespace. Cloning yields the same.
///
/// Entries are spread over all nodes. The records that decide about them (of tags, keys, the namespace) stand together in one slot, or in as
/// many as there are [groups](RedisClusterStoreBuilder::groups). Any names will do; none has to be chosen for its slot.
///
/// | operation | trips, one after the other |
/// |---|---|
/// | a hit, with any number of tags | 1: the entry's node and that of the records are asked at once; 2 if the entry carries tags that this process has never met with this key |
/// | a miss | 2: the lookup, and the fill; 3 if it turns out that somebody else has used one of its tags that this process did not know of |
/// | an invalidation, a hold, a release | 1 |
///
/// **Each node is left alone by itself** when it does not answer: the others go on serving. While the node with the records is down nothing is
/// served from the cache, and invalidations fail, until a replica has taken over; then the namespace is emptied, since the replica may
/// not have heard of the latest invalidations.
///
/// **All programs say the same number of groups.** The number that the first of them said stands in the namespace, and is compared before
/// the first operation of each, once a second from then on, and with the first operation after a silence. With another number nothing is served or
/// kept, and invalidations fail. While the node that has it is down the groups are asked, where it is repeated.
///
/// A pool of cluster connections that the application has cannot be used: it does not tell which node has answered, nor when it
/// has connected anew, and so a replica that has taken over would go unnoticed. [`from_config`](Self::from_config)
/// takes the configuration of one.
///
/// # Example: a cache on a cluster
/// ```no_run
/// use easy_cache_core::Cache;
/// use easy_cache_redis::RedisClusterStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
/// let store = RedisClusterStore::connect(["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"], "shop")?;
/// let cache = Cache::builder().namespace("shop").store(store).build();
/// # let _ = cache; Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisClusterStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Of what stands nowhere in particular: entries, leases.
    pub(crate) keys: Keys,
    pub(crate) groups: Box<[Arc<Group>]>,
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) agreement: Arc<Agreement>,
    pub(crate) remembered: Remembered,
    pub(crate) epochs: Epochs,
    pub(crate) background: Background,
    /// Where the cluster is, for people.
    pub(crate) cluster: String,
}

impl RedisClusterStore {
    /// The cluster that some of its nodes belong to; nothing is dialled before the first operation.
    ///
    /// # Errors
    /// If there is no URL, or one is none.
    pub fn connect<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        namespace: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::builder(namespace).urls(urls).build()
    }

    /// The cluster of a configuration, as the application reads it for its own pool.
    ///
    /// # Errors
    /// If it names no node, or with a URL that is none.
    pub fn from_config(config: &Config, namespace: impl Into<String>) -> Result<Self, Error> {
        Self::builder(namespace).config(config).build()
    }

    /// Chooses how a store is made.
    pub fn builder(namespace: impl Into<String>) -> RedisClusterStoreBuilder {
        RedisClusterStoreBuilder::new(namespace.into())
    }

    /// Over how many groups the programs that use this namespace divide its records; none if nobody has used it yet.
    /// That is the number that [`groups`](RedisClusterStoreBuilder::groups) has to be told, by whatever number this store was made. One trip.
    ///
    /// # Errors
    /// If the cluster cannot be asked.
    pub async fn groups_in_use(&self) -> Result<Option<usize>, Error> {
        self.run("ask for the number of groups", self.inner.agreement.number()).await
    }

    pub(super) fn run<'a, T: 'a>(
        &'a self,
        what: &'static str,
        operation: impl Future<Output = Result<T, Failure>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        self.inner.background.run(what, &self.inner.cluster, operation)
    }
}

impl Store for RedisClusterStore {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.run("look up an entry", self.inner.agreement.beside(self.inner.look_up(look)))
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.run("store a value", self.inner.agreement.beside(self.inner.offer(fill)))
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        self.run("invalidate", self.inner.agreement.with(self.inner.invalidate_names(tags, keys)))
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        self.run("invalidate everything", self.inner.agreement.with(self.inner.flush()))
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        self.run("hold tags", self.inner.agreement.with(self.inner.put_marks(mark, within)))
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        self.run("release tags", self.inner.agreement.with(self.inner.take_marks(mark)))
    }

    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        self.run("take a lease", self.inner.take_lease(key, holder, within))
    }

    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        self.run("end a lease", self.inner.give_lease_back(key, holder))
    }

    fn guards_itself(&self) -> bool {
        true
    }

    fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        Some(Follows { inner: Arc::clone(&self.inner), mirror, bound }.start())
    }

    fn inspector(&self) -> Option<&dyn Inspect> {
        Some(self)
    }
}

impl fmt::Debug for RedisClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClusterStore").field("cluster", &self.inner.cluster).finish_non_exhaustive()
    }
}
