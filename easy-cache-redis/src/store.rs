//! The store: what each operation of the protocol is on one server.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Config, Pool};
use easy_cache_core::store::{
    Fill, Filled, Following, Inspect, Leased, Look, Looked, Mark, Mirror, OwnedLook, Store, StoreFuture, Version,
};
use easy_cache_core::{Error, Tag};

use crate::combine::Combiner;
use crate::config::{Background, RedisStoreBuilder};
use crate::failure::Failure;
use crate::follow::{Follower, Origin};
use crate::lane::{Lane, Limits};
use crate::layout::{Keys, bucket};
use crate::recent::Recent;
use crate::recipe::Recipes;

/// A Redis or Valkey server as the store of a cache, or of several that share a namespace. Cloning yields the same.
///
/// | operation | trips |
/// |---|---|
/// | a hit, with any number of tags | 1; 2 if the entry carries tags that this process has never met with this key |
/// | a miss | 2: the lookup, and the fill |
/// | an invalidation, a hold, a release | 1, in scripts of up to 200 names each |
///
/// # Example: over the pool that the application has
/// ```no_run
/// use easy_cache_redis::RedisStore;
/// use easy_cache_redis::deadpool_redis::{Config, Runtime};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "redis://127.0.0.1:6379";
/// let pool = Config::from_url(url).create_pool(Some(Runtime::Tokio1))?;
/// let store = RedisStore::builder("shop").pool(pool.clone()).news_from(url).build()?;
/// # let _ = store; Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) keys: Keys,
    pub(crate) lanes: Box<[Arc<Combiner>]>,
    pub(crate) recipes: Recipes,
    pub(crate) recent: Arc<Recent>,
    pub(crate) background: Background,
    /// Where the server is, for people.
    pub(crate) server: String,
    /// For near caches, if it is known where the server is.
    pub(crate) news: Option<Origin>,
    pub(crate) limits: Limits,
}

impl RedisStore {
    /// The server at a URL such as `redis://127.0.0.1:6379`; nothing is dialled before the first operation.
    ///
    /// # Errors
    /// If the URL is none.
    pub fn connect(url: impl AsRef<str>, namespace: impl Into<String>) -> Result<Self, Error> {
        Self::builder(namespace).url(url).build()
    }

    /// The server of a configuration, as the application reads it for its own pool.
    ///
    /// # Errors
    /// If it names no server, or with a URL that is none.
    pub fn from_config(config: &Config, namespace: impl Into<String>) -> Result<Self, Error> {
        Self::builder(namespace).config(config).build()
    }

    /// A pool that the application has. Where its server is cannot be learned from a pool, so nothing is kept near without a URL
    /// beside it.
    ///
    /// # Errors
    /// If there is no runtime around, and none can be started.
    pub fn from_pool(pool: Pool, namespace: impl Into<String>) -> Result<Self, Error> {
        Self::builder(namespace).pool(pool).build()
    }

    /// Chooses how a store is made.
    pub fn builder(namespace: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(namespace.into())
    }

    pub(crate) fn run<'a, T: 'a>(
        &'a self,
        what: &'static str,
        operation: impl Future<Output = Result<T, Failure>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        self.inner.background.run(what, &self.inner.server, operation)
    }
}

impl Inner {
    /// The lane of a key: the same for its lookup and its fill.
    pub(crate) fn lookups_of(&self, key: &[u8]) -> &Arc<Combiner> {
        &self.lanes[usize::from(bucket(key)) % self.lanes.len()]
    }

    /// The same for what is not a lookup.
    pub(crate) fn lane_of(&self, key: &[u8]) -> &Arc<Lane> {
        self.lookups_of(key).lane()
    }

    /// The lane of operations that are not about one key.
    pub(crate) fn lane(&self) -> &Arc<Lane> {
        self.lanes[0].lane()
    }
}

impl Store for RedisStore {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.run("look up an entry", self.inner.look_up(look))
    }

    fn look_owned(self: Arc<Self>, look: OwnedLook) -> StoreFuture<'static, Looked> {
        Box::pin(async move {
            let Inner { background, server, .. } = &*self.inner;
            background.running("look up an entry", server, self.inner.look_up(look.borrowed())).await
        })
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.run("store a value", self.inner.offer(fill))
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        self.run("invalidate", self.inner.invalidate_names(tags, keys))
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        self.run("invalidate everything", self.inner.flush())
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        self.run("hold tags", self.inner.put_marks(mark, within))
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        self.run("release tags", self.inner.take_marks(mark))
    }

    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        self.run("take a lease", self.inner.take_lease(key, holder, within))
    }

    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        self.run("end a lease", self.inner.give_lease_back(key, holder))
    }

    fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        let Inner { news, keys, limits, background, .. } = &*self.inner;
        let lanes = self.inner.lanes.iter().map(|lookups| Arc::clone(lookups.lane())).collect();
        let follower = Follower { origin: news.clone()?, keys: keys.clone(), limits: *limits, mirror, bound, lanes };
        Some(follower.start(background.handle()))
    }

    fn inspector(&self) -> Option<&dyn Inspect> {
        Some(self)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("server", &self.inner.server).finish_non_exhaustive()
    }
}
