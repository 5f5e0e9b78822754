//! How a store on a cluster is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::cluster::Config;
use deadpool_redis::redis::{ConnectionInfo, IntoConnectionInfo};
use easy_cache_core::Error;
use easy_cache_core::store::Remembered;

use super::RedisClusterStore;
use super::agreement::Agreement;
use super::epochs::Epochs;
use super::group::Group;
use super::nodes::{Nodes, Plan, Translate, address_of};
use super::store::Inner;
use crate::config::Background;
use crate::lane::Limits;
use crate::layout::Keys;

/// Chooses how a [`RedisClusterStore`] is made.
///
/// # Example: short patience
/// ```
/// use std::time::Duration;
/// use easy_cache_redis::RedisClusterStore;
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let urls = ["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"];
/// let store = RedisClusterStore::builder("shop").urls(urls).timeout(Duration::from_millis(100)).build()?;
/// # let _ = store; Ok(()) }
/// ```
#[must_use]
pub struct RedisClusterStoreBuilder {
    namespace: String,
    urls: Vec<String>,
    infos: Vec<ConnectionInfo>,
    translate: Option<Translate>,
    limits: Limits,
    groups: usize,
    combines: bool,
    keeps_across_restarts: bool,
}

impl RedisClusterStoreBuilder {
    pub(crate) const fn new(namespace: String) -> Self {
        Self {
            namespace,
            urls: Vec::new(),
            infos: Vec::new(),
            translate: None,
            limits: Limits {
                operation: Duration::from_millis(500),
                dial: Duration::from_secs(2),
                // Its nodes say themselves to whom a slot belongs.
                master: Duration::MAX,
            },
            groups: 1,
            combines: true,
            keeps_across_restarts: false,
        }
    }

    /// Some nodes of the cluster, the more the better: one that answers is enough. User, password and TLS are those of the first.
    pub fn urls<U: AsRef<str>>(mut self, urls: impl IntoIterator<Item = U>) -> Self {
        self.urls.extend(urls.into_iter().map(|url| url.as_ref().to_owned()));
        self
    }

    /// The nodes of a configuration, as an application reads it for its own pool.
    pub fn config(mut self, config: &Config) -> Self {
        self.urls.extend(config.urls.iter().flatten().cloned());
        self.infos.extend(config.connections.iter().flatten().cloned().map(Into::into));
        self
    }

    /// Where a node is reached that names itself by this host and port: behind a tunnel, or out of a container.
    pub fn reached_at(mut self, translate: impl Fn(&str, u16) -> (String, u16) + Send + Sync + 'static) -> Self {
        self.translate = Some(Arc::new(translate));
        self
    }

    /// How long an operation may take, connecting and all detours included. Default: 500 ms.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.operation = timeout;
        self
    }

    /// How long connecting to a node may take. Default: 2 s.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.dial = timeout;
        self
    }

    /// Over how many slots the records of the namespace are spread. Default: 1, which is the fastest up to what one node can do;
    /// then 16, for example. All programs that share the namespace say the same: the number that was said first is in force, and who says another one
    /// is refused by every operation ([`groups_in_use`](RedisClusterStore::groups_in_use) has it). To change it, stop all of them first; the error says how.
    ///
    /// # Panics
    /// If it is 0.
    pub const fn groups(mut self, groups: usize) -> Self {
        assert!(groups > 0, "records need a place");
        self.groups = groups;
        self
    }

    /// Sends every lookup by itself. By default the records that are waited for together travel together.
    pub const fn separate_lookups(mut self) -> Self {
        self.combines = false;
        self
    }

    /// Uses what a node still has when it was started anew, or has taken another one's place. By default the namespace is emptied
    /// when that happens to the node with its records, since they may lack the latest invalidations.
    pub const fn keep_across_restarts(mut self) -> Self {
        self.keeps_across_restarts = true;
        self
    }

    /// Makes the store.
    ///
    /// # Errors
    /// If no node was named, or a URL is none.
    pub fn build(self) -> Result<RedisClusterStore, Error> {
        let mut seeds = self.infos;
        for url in &self.urls {
            seeds.push(url.as_str().into_connection_info().map_err(|error| Error::store(ATTEMPTED, error))?);
        }
        if seeds.is_empty() {
            return Err(Error::store(ATTEMPTED, "no node was named"));
        }
        #[cfg(feature = "tls")]
        crate::tls::prepare(&seeds);
        let cluster = seeds.iter().map(|seed| address_of(seed).to_string()).collect::<Vec<_>>().join(", ");
        let keys = |group| Keys::of_group(&self.namespace, group, self.groups);
        let groups: Vec<Keys> = (0..self.groups).map(keys).collect();
        let background = Background::find()?;
        let plan = Plan {
            seeds,
            translate: self.translate,
            limits: self.limits,
            groups: groups.clone(),
            combines: self.combines,
            keeps_across_restarts: self.keeps_across_restarts,
        };
        let nodes = Arc::new(Nodes::new(plan).map_err(|failure| Error::store(ATTEMPTED, failure))?);
        let keys = Keys::new(&self.namespace);
        let agreement = Arc::new(Agreement::new(Arc::clone(&nodes), &keys, groups.clone().into()));
        let groups = groups.into_iter().enumerate().map(|(index, keys)| Arc::new(Group::new(index, keys)));
        let groups = groups.collect();
        let (remembered, epochs) = (Remembered::new(), Epochs::default());
        Ok(RedisClusterStore {
            inner: Arc::new(Inner { keys, groups, nodes, agreement, remembered, epochs, background, cluster }),
        })
    }
}

const ATTEMPTED: &str = "failed to make a store on a redis cluster";

impl fmt::Debug for RedisClusterStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClusterStoreBuilder").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
