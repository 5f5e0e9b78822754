//! The store: what each operation of the protocol is on memcached.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::store::{
    Fill, Filled, Inspect, Leased, Look, Looked, Mark, Remembered, Store, StoreFuture, Version,
};
use easy_cache_core::{Error, Tag};
use tokio::time::Instant;

use crate::config::{Background, MemcachedStoreBuilder};
use crate::failure::Failure;
use crate::lane::Limits;
use crate::layout::{Keys, bucket};
use crate::servers::Servers;

/// One or several memcached servers as the store of a cache. Cloning yields the same.
///
/// | operation | round trips |
/// |---|---|
/// | hit | 1; 2 if the entry has tags that this process has not met with this key |
/// | miss | 1, and 1 for the value; 2 for the value if it has tags that this process has not met with this key |
/// | invalidation, of however many names | 1 |
/// | hold, release | 1 each |
/// | lease | 1, and 2 to give it back |
///
/// # Example: two servers
/// ```
/// use std::time::Duration;
/// use easy_cache_memcached::MemcachedStore;
///
/// # fn main() -> Result<(), easy_cache_core::Error> {
/// let store = MemcachedStore::builder("shop")
///     .server("cache-1:11211")
///     .server("cache-2:11211")
///     .timeout(Duration::from_millis(200))
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MemcachedStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) keys: Keys,
    pub(crate) servers: Servers,
    pub(crate) remembered: Remembered,
    pub(crate) background: Background,
    pub(crate) limits: Limits,
    pub(crate) max_value: usize,
    /// The servers, for people.
    pub(crate) shown: String,
}

impl MemcachedStore {
    /// The server at `host:port`; nothing is dialled before the first operation.
    ///
    /// # Errors
    /// If the address is none, or there is no runtime around and none can be started.
    pub fn connect(server: impl Into<String>, namespace: impl Into<String>) -> Result<Self, Error> {
        Self::builder(namespace).server(server).build()
    }

    /// Chooses how a store is made.
    pub fn builder(namespace: impl Into<String>) -> MemcachedStoreBuilder {
        MemcachedStoreBuilder::new(namespace.into())
    }

    /// Runs a future where timers and sockets work, whoever polls it.
    pub(crate) fn run<'a, T>(
        &'a self,
        what: &'static str,
        operation: impl Future<Output = Result<T, Failure>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let mut operation = pin!(operation);
            let runtime = self.inner.background.handle();
            let entered = std::future::poll_fn(|cx| {
                let _entered = runtime.enter();
                operation.as_mut().poll(cx)
            });
            entered.await.map_err(|failure| failure.told(what, &self.inner.shown))
        })
    }
}

impl Inner {
    /// Until when an operation that begins now may take.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.operation
    }

    pub(crate) fn place_of_epoch(&self) -> usize {
        self.servers.place(&self.keys.epoch())
    }

    /// Where the record of a key is, its entries, and its lease.
    pub(crate) fn place_of_key(&self, key: &[u8]) -> usize {
        if self.servers.len() == 1 { 0 } else { self.servers.place(&self.keys.key(key)) }
    }

    /// Where a tag's record is: with its bucket, since their numbers are compared.
    pub(crate) fn place_of_tag(&self, tag: &Tag) -> usize {
        if self.servers.len() == 1 { 0 } else { self.servers.place(&self.keys.bucket(bucket(tag))) }
    }
}

impl Store for MemcachedStore {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.run("look up an entry", self.inner.look_up(look))
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

    fn inspector(&self) -> Option<&dyn Inspect> {
        Some(self)
    }
}

impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore").field("servers", &self.inner.shown).finish_non_exhaustive()
    }
}
