//! The handle that users hold: read a cache, and invalidate by key, tag and prefix. How one is made is in `builder`, what can be asked of it
//! beside values is in `inspection`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::away::launch;
use crate::engine::compute::{Call, Compute};
use crate::engine::outside::{Landed, Names, Travel, arrived};
use crate::engine::{Engine, Found, Side};
use crate::freshness::Freshness;
use crate::hold::Hold;
use crate::load::Called;
use crate::plan::{Mode, Plan};
use crate::set::{Set, sighted};
use crate::spawn::block_on;
use crate::store::StoreFence;
use crate::value::Portable;
use crate::{CacheBuilder, Operation, Policy, Tag};

/// A cache. Cloning is cheap, and clones share everything.
///
/// # Example: compute once, invalidate by tag
/// ```
/// use std::time::Duration;
/// use easy_cache_core::Cache;
///
/// # #[derive(Debug)] struct DbError;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async fn count() -> Result<u64, std::io::Error> { Ok(7) }
/// let cache = Cache::new();
/// let books = cache.get_or_compute("books:count", count()).ttl(Duration::from_secs(60)).tags(["books"]).await?;
/// assert_eq!(books, 7);
/// cache.invalidate_tags(["books"]).await?;
/// assert_eq!(cache.get::<u64>("books:count").await, None);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Cache {
    engine: Arc<Engine>,
}

impl Cache {
    /// A memory cache with the defaults of [`Cache::builder`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Chooses capacity, clock and namespace.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// The stored value, if it is there, fresh, valid and of this type. Asks the store, wherever that is.
    ///
    /// # Example: a default for a missing value, which is not stored
    /// ```
    /// # let cache = easy_cache_core::Cache::new();
    /// assert_eq!(cache.get("answer").wait().unwrap_or(42), 42);
    /// assert_eq!(cache.get::<i32>("answer").wait(), None);
    /// ```
    pub fn get<'a, T: Portable + Clone + Send + Sync + 'static>(
        &'a self,
        key: impl AsRef<[u8]> + Send + 'a,
    ) -> Operation<'a, Option<T>> {
        if self.engine.outside.is_none() {
            return self.get_local(key);
        }
        Operation::later(async move {
            let (key, engine) = (key.as_ref(), &self.engine);
            if !engine.is_usable() {
                return None;
            }
            let near = engine.near_hit(key, |value| value.downcast_ref::<T>().cloned());
            if near.is_some() {
                return near;
            }
            let mut travel =
                arrived::of_type::<T, _>(engine, &[], &Freshness::PLAIN, |errand| Travel::alone(engine, key, errand));
            let landed = std::future::poll_fn(|cx| {
                arrived::of_type::<T, _>(engine, &[], &Freshness::PLAIN, |errand| travel.poll(engine, key, errand, cx))
            });
            match landed.await {
                Landed::Found(found) => found.value.downcast_ref::<T>().cloned(),
                Landed::Compute(_) => None,
            }
        })
    }

    /// The same for values that never leave the process (`local`): asks nothing of their type, and no store outside.
    ///
    /// # Example: a value that is not serialisable
    /// ```
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Connection(u8);
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set_local("connection", Connection(7)).wait();
    /// assert_eq!(cache.get_local("connection").wait(), Some(Connection(7)));
    /// ```
    pub fn get_local<'a, T: Clone + Send + Sync + 'static>(
        &'a self,
        key: impl AsRef<[u8]> + Send + 'a,
    ) -> Operation<'a, Option<T>> {
        Operation::new(move || {
            let found = self.engine.hit_value(key.as_ref());
            #[cfg(feature = "testing")]
            let found = found.or_else(|| self.engine.hit_without_load(key.as_ref()));
            if found.is_none() {
                self.engine.tell_nothing_found(key.as_ref());
            }
            found?.downcast_ref::<T>().cloned()
        })
    }

    /// Whatever is stored under this key, also when its ttl is over. What is outdated or held is never given: there is no read
    /// for that.
    ///
    /// A stale value taints the scope around: nothing that is built from it is kept.
    ///
    /// # Example: better an old answer than none
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::{Cache, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let cache = Cache::builder().clock(clock.clock()).build();
    /// cache.set("answer", 42).ttl(Duration::from_secs(1)).wait();
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(cache.get::<i32>("answer").wait(), None);
    /// assert_eq!(cache.get_stale("answer").wait(), Some(42));
    /// ```
    ///
    /// A store outside the process keeps a value past its ttl only for as long as the policy that stored it says that it may be served, or
    /// confirmed.
    pub fn get_stale<'a, T: Portable + Clone + Send + Sync + 'static>(
        &'a self,
        key: impl AsRef<[u8]> + Send + 'a,
    ) -> Operation<'a, Option<T>> {
        let taken = |found: Found| found.value.downcast_ref::<T>().cloned();
        if self.engine.outside.is_none() {
            return Operation::new(move || taken(self.engine.stale(key.as_ref())?));
        }
        Operation::later(async move {
            let kept = arrived::inspect::<T>(&self.engine, key.as_ref()).await?;
            taken(self.engine.serve_stale(key.as_ref(), kept)?)
        })
    }

    /// Stores a value that was computed without the cache's help.
    ///
    /// Prefer [`get_or_compute`](Self::get_or_compute): it knows when the computation began. If you must do it by hand,
    /// take a [`fence`](Self::fence) **before** you read the data and pass it to [`Set::fence`]; otherwise an invalidation
    /// that came between your read and this call is lost. A ttl of zero removes the key.
    ///
    /// Over a store outside the process this takes two trips, and a fence says what was invalidated in this process only, unless it is
    /// one [for the key](Self::fence_for).
    ///
    /// # Example: a value that was read behind a fence
    /// ```
    /// use easy_cache_core::Cache;
    ///
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = Cache::new();
    /// let fence = cache.fence();
    /// let stock = 7; // read from the database
    /// cache.invalidate_tags(["stock"]).wait()?; // meanwhile, by somebody else
    /// assert!(!cache.set("stock:1", stock).tags(["stock"]).fence(fence).wait(), "it may be outdated, and is not kept");
    /// # Ok(()) }
    /// ```
    pub fn set<'a, T, K>(&'a self, key: K, value: T) -> Set<'a, K, T>
    where
        T: Portable + Clone + Send + Sync + 'static,
        K: AsRef<[u8]> + Send + 'a,
    {
        Set::new(self, key, value)
    }

    /// The same for a value that never leaves the process, and asks nothing of its type. Beside a store outside nothing is kept (the answer is
    /// `false`): this process would not hear what others invalidate.
    ///
    /// # Example
    /// ```
    /// #[derive(Clone)]
    /// struct Connection(u8);
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// assert!(cache.set_local("connection", Connection(7)).wait());
    /// ```
    pub fn set_local<'a, T, K>(&'a self, key: K, value: T) -> Set<'a, K, T>
    where
        T: Clone + Send + Sync + 'static,
        K: AsRef<[u8]> + Send + 'a,
    {
        Set::local(self, key, value)
    }

    /// The point in the order of invalidations before which a value set by hand must not have been read.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence { here: self.engine.store.domain().fence(), outside: None }
    }

    /// The same for one key and values of one type, also in the store outside the process: one trip to it. Without such a store, it is
    /// [`fence`](Self::fence).
    ///
    /// # Example: what other processes invalidate meanwhile counts as well
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// # let cache = easy_cache_core::Cache::new();
    /// let fence = cache.fence_for::<i32>("stock:1", ["stock"]).wait();
    /// let stock = 7; // read from the database
    /// cache.set("stock:1", stock).tags(["stock"]).fence(fence).wait();
    /// # Ok(()) }
    /// ```
    pub fn fence_for<'a, T: Portable>(
        &'a self,
        key: impl AsRef<[u8]> + Send + 'a,
        tags: impl IntoIterator<Item: Into<Tag>>,
    ) -> Operation<'a, Fence> {
        let tags: Vec<Tag> = tags.into_iter().map(Into::into).collect();
        let fence = self.fence();
        if self.engine.outside.is_none() {
            return Operation::new(move || fence);
        }
        Operation::later(async move {
            let kind = T::kind(self.engine.format());
            Fence { outside: Some(sighted(&self.engine, key.as_ref(), kind, &tags).await), ..fence }
        })
    }

    /// Drops the entry of a key, and refuses whatever is being computed for it.
    ///
    /// # Example: in sync code; in async code it is awaited
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("answer", 42).wait();
    /// cache.invalidate_key("answer").wait()?;
    /// assert!(!cache.contains("answer").wait());
    /// # Ok(()) }
    /// ```
    pub fn invalidate_key<'a>(&'a self, key: impl AsRef<[u8]> + Send + 'a) -> Operation<'a> {
        self.invalidating(move || {
            self.engine.store.invalidate_key(key.as_ref());
            Names::of_key(key.as_ref())
        })
    }

    /// Drops every entry that carries one of the tags, and refuses whatever is being computed with them.
    ///
    /// Costs the same whether one entry or ten million carry the tag. No tags: nothing happens.
    ///
    /// # Example: all that was built from one author's books
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("books:sold", 7).tags(["books", "author:1"]).wait();
    /// cache.set("books:new", 8).tags(["books", "author:2"]).wait();
    /// cache.invalidate_tags(["author:1"]).wait()?;
    /// assert!(!cache.contains("books:sold").wait() && cache.contains("books:new").wait());
    /// # Ok(()) }
    /// ```
    pub fn invalidate_tags<'a>(&'a self, tags: impl IntoIterator<Item: Into<Tag>>) -> Operation<'a> {
        let tags: Vec<Tag> = tags.into_iter().map(Into::into).collect();
        if tags.is_empty() {
            return Operation::new(|| Ok(()));
        }
        self.invalidating(move || {
            self.engine.store.invalidate_tags(&tags);
            Names::of_tags(&tags)
        })
    }

    /// Drops every entry whose key was built with this prefix.
    ///
    /// # Example
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = easy_cache_core::Cache::new();
    /// cache.get_or_compute_sync("goods", || Some(7)).prefix("shop:1").wait();
    /// assert!(cache.contains("shop:1:goods").wait());
    /// cache.invalidate_prefix("shop:1").wait()?;
    /// assert!(!cache.contains("shop:1:goods").wait());
    /// # Ok(()) }
    /// ```
    pub fn invalidate_prefix(&self, prefix: impl AsRef<str>) -> Operation<'_> {
        self.invalidate_tags([Tag::prefix(prefix)])
    }

    /// Drops everything in this cache's namespace.
    ///
    /// # Example
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("answer", 42).wait();
    /// cache.invalidate_all().wait()?;
    /// assert!(!cache.contains("answer").wait());
    /// # Ok(()) }
    /// ```
    pub fn invalidate_all(&self) -> Operation<'_> {
        self.invalidating(|| {
            self.engine.store.invalidate_everything();
            Names::of_everything()
        })
    }

    /// Marks tags from before a COMMIT until its outcome is known: entries that carry them are not served meanwhile.
    ///
    /// If `within` passes without an outcome (the writer was dropped, the connection lost), the tags count as invalidated.
    pub fn hold<'a>(&'a self, tags: impl IntoIterator<Item: Into<Tag>>, within: Duration) -> Operation<'a, Hold> {
        let tags: Vec<Tag> = tags.into_iter().map(Into::into).collect();
        Hold::on(self, Some(tags.into()), within)
    }

    /// Marks the whole namespace: for a write of which nobody can say what it changes.
    pub fn hold_all(&self, within: Duration) -> Operation<'_, Hold> {
        Hold::on(self, None, within)
    }

    pub(crate) const fn over(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Invalidates here, then in the store outside the process. If that cannot be reached, the names stay invalidated for this
    /// process: they are delivered before the store is asked for anything again.
    fn invalidating<'a>(&'a self, here: impl FnOnce() -> Names + Send + 'a) -> Operation<'a> {
        match &self.engine.outside {
            None => Operation::new(move || {
                here().tell(&self.engine.events);
                Ok(())
            }),
            Some(outside) => Operation::later(async move {
                let store = &self.engine.store;
                outside.invalidate(here(), store).await
            }),
        }
    }

    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.engine, &other.engine)
    }

    /// Whether nobody else has a handle, and nothing is being computed for it.
    pub(crate) fn is_last_handle(&self) -> bool {
        Arc::strong_count(&self.engine) == 1
    }
}

/// For generated code and integrations, which bring their own [`Plan`].
impl Cache {
    /// The answer, if it can be given at once. Does not allocate. In a cache that verifies its hits it never can: [`compute`](Self::compute)
    /// is to be asked next, as after any miss.
    #[inline]
    pub fn hit<R>(&self, key: &[u8], plan: &impl Plan<R>) -> Option<R> {
        plan.restore(self.engine.hit_value(key)?)
    }

    /// The answer, from the cache, from a flight under way, or computed.
    pub fn compute<'a, P, F>(
        &'a self,
        key: impl AsRef<[u8]> + Send + 'a,
        mode: Mode,
        policy: Policy,
        plan: P,
        load: F,
    ) -> impl Future<Output = F::Output>
    where
        F: Future,
        P: Plan<F::Output>,
    {
        Compute::new(self.call(Side::Async, key, mode, policy, plan), load, None)
    }

    /// The same for a computation that may go on behind its caller: it survives it, and stores its value.
    pub fn compute_detached<'a, P, F>(
        &'a self,
        key: impl AsRef<[u8]> + Send + 'a,
        mode: Mode,
        policy: Policy,
        plan: P,
        load: F,
    ) -> impl Future<Output = F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
        P: Plan<F::Output> + Clone + Send + 'static,
    {
        Compute::new(self.call(Side::Async, key, mode, policy, plan), load, Some(launch))
    }

    /// The same for callers without a runtime; blocks the thread while another sync caller computes.
    ///
    /// Not inlined: its journey would take room on the stack of every hit of the function around it.
    #[inline(never)]
    pub fn compute_sync<R>(
        &self,
        key: impl AsRef<[u8]>,
        mode: Mode,
        policy: Policy,
        plan: impl Plan<R>,
        load: impl FnOnce() -> R,
    ) -> R {
        block_on(Compute::in_place(self.call(Side::Sync, key, mode, policy, plan), Called::new(load), None))
    }

    /// The same for a closure that may go on behind its caller, on a thread of its own.
    #[inline(never)]
    pub fn compute_sync_detached<P, R, L>(
        &self,
        key: impl AsRef<[u8]>,
        mode: Mode,
        policy: Policy,
        plan: P,
        load: L,
    ) -> R
    where
        R: Send + 'static,
        L: FnOnce() -> R + Send + 'static,
        P: Plan<R> + Clone + Send + 'static,
    {
        block_on(Compute::in_place(self.call(Side::Sync, key, mode, policy, plan), Called::new(load), Some(launch)))
    }

    fn call<K, P>(&self, side: Side, key: K, mode: Mode, policy: Policy, plan: P) -> Call<'_, K, P> {
        Call { engine: &self.engine, side, key, mode, policy, plan, looks_back: false }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("namespace", &self.engine.namespace)
            .field("entries", &self.len())
            .field("weight", &self.weight())
            .finish_non_exhaustive()
    }
}

/// A point in the order of invalidations of one cache, from [`Cache::fence`].
#[derive(Debug, Clone)]
pub struct Fence {
    pub(crate) here: crate::backend::memory::Fence,
    /// What the store outside has said, if it was asked.
    pub(crate) outside: Option<Option<StoreFence>>,
}
