//! The plain wrappers: `get_or_compute` and `set`, with their options, for callers without the macro.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::backend::memory::Fill;
use crate::cache::Fence;
use crate::engine::compute::{Call, Compute};
use crate::operation::OperationFuture;
use crate::plan::{Anywhere, InProcess, Mode, Outcome, Plan, StoresPart, StoresWhole};
use crate::{Cache, Operation, Policy, Tag};

impl Cache {
    /// The value under the key, or what the future yields: `Ok` and `Some` are stored, anything else is only returned.
    ///
    /// Callers that miss together wait for one computation. The value is not kept if one of its tags, or its key, was
    /// invalidated after the computation began. The future is not polled on a hit.
    ///
    /// # Errors
    /// The future's own error, unchanged. The cache adds none.
    pub fn get_or_compute<F>(&self, key: impl Into<String>, load: F) -> GetOrCompute<'_, F, StoresPart<Anywhere>>
    where
        F: Future<Output: Outcome>,
    {
        GetOrCompute::new(self, key.into(), load)
    }

    /// The same for a future whose result is stored whatever it is.
    pub fn get_or_compute_value<F>(&self, key: impl Into<String>, load: F) -> GetOrCompute<'_, F, StoresWhole<Anywhere>>
    where
        F: Future,
    {
        GetOrCompute::new(self, key.into(), load)
    }

    /// [`get_or_compute`](Self::get_or_compute) for callers without a runtime: options, then `.wait()`.
    ///
    /// # Example: in a plain thread
    /// ```
    /// # fn main() -> Result<(), std::num::ParseIntError> {
    /// let cache = easy_cache_core::Cache::new();
    /// let seven = cache.get_or_compute_sync("seven", || "7".parse::<u32>()).tags(["numbers"]).wait()?;
    /// assert_eq!(seven, 7);
    /// # Ok(()) }
    /// ```
    pub fn get_or_compute_sync<R, L>(
        &self,
        key: impl Into<String>,
        load: L,
    ) -> GetOrCompute<'_, L, StoresPart<Anywhere>>
    where
        R: Outcome,
        L: FnOnce() -> R,
    {
        GetOrCompute::new(self, key.into(), load)
    }
}

/// A prepared [`Cache::get_or_compute`]: add options, then `.await` it (or `.wait()` for it, if the loader is a closure).
#[must_use = "nothing happens before it is awaited, or run with `.wait()`"]
pub struct GetOrCompute<'a, L, S> {
    cache: &'a Cache,
    key: String,
    policy: Policy,
    mode: Mode,
    load: L,
    stored: PhantomData<fn() -> S>,
}

/// What an option of the wrappers may say about the place of the value.
pub trait Kept {
    /// The same, in this process only.
    type Local;
    #[doc(hidden)]
    fn plan() -> Self;
}

impl<M> Kept for StoresPart<M> {
    type Local = StoresPart<InProcess>;

    fn plan() -> Self {
        Self::PLAN
    }
}

impl<M> Kept for StoresWhole<M> {
    type Local = StoresWhole<InProcess>;

    fn plan() -> Self {
        Self::PLAN
    }
}

impl<'a, L, S> GetOrCompute<'a, L, S> {
    const fn new(cache: &'a Cache, key: String, load: L) -> Self {
        Self { cache, key, policy: Policy::new(), mode: Mode::Lookup, load, stored: PhantomData }
    }

    /// How long the value is fresh. Default: until it is invalidated or evicted.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy.set_ttl(ttl);
        self
    }

    /// Adds tags.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.policy.add_tags(tags);
        self
    }

    /// Puts a prefix before the key, and tags the value with it.
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        let prefix = prefix.as_ref();
        self.key = format!("{prefix}:{}", self.key);
        self.policy.add_tags([Tag::prefix(prefix)]);
        self
    }

    /// The weight of the value in bytes, where its serialised size would not say it.
    pub fn weight(mut self, bytes: u64) -> Self {
        self.policy = self.policy.weight(bytes);
        self
    }

    crate::freshness::options!(freshness_mut);

    /// Nobody waits longer than this: a caller for whom nothing is there in time gets an error instead, if its result can
    /// say one.
    pub fn hard_timeout(mut self, wait: Duration) -> Self {
        self.freshness_mut().hard_timeout = Some(wait);
        self
    }

    fn freshness_mut(&mut self) -> &mut crate::Freshness {
        self.policy.freshness_mut()
    }

    /// Computes although a value is there, stores the new one and returns it.
    pub const fn refresh(mut self) -> Self {
        self.mode = Mode::Refresh;
        self
    }

    /// Keeps the value in this process, and asks nothing of its type.
    pub fn local(self) -> GetOrCompute<'a, L, S::Local>
    where
        S: Kept,
    {
        let Self { cache, key, policy, mode, load, .. } = self;
        GetOrCompute { cache, key, policy, mode, load, stored: PhantomData }
    }

    fn call(self) -> (Call<'a, String, S>, L)
    where
        S: Kept,
    {
        let Self { cache, key, policy, mode, load, .. } = self;
        (Call { engine: cache.engine(), key, mode, policy, plan: S::plan() }, load)
    }

    /// Runs it, blocking this thread while another sync caller computes the same key.
    pub fn wait<R>(self) -> R
    where
        L: FnOnce() -> R,
        S: Kept + Plan<R>,
    {
        let (call, load) = self.call();
        call.run(load)
    }
}

impl<'a, F, S> IntoFuture for GetOrCompute<'a, F, S>
where
    F: Future,
    S: Kept + Plan<F::Output>,
{
    type Output = F::Output;
    type IntoFuture = GetOrComputeFuture<'a, F, S>;

    fn into_future(self) -> Self::IntoFuture {
        let (call, load) = self.call();
        GetOrComputeFuture(Compute::new(call, load))
    }
}

impl<L, S> fmt::Debug for GetOrCompute<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrCompute").field("key", &self.key).field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The future of [`GetOrCompute`].
#[must_use = "futures do nothing unless polled"]
pub struct GetOrComputeFuture<'a, F, S>(Compute<'a, String, S, F>);

impl<F: Future, S: Plan<F::Output>> Future for GetOrComputeFuture<'_, F, S> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<F, S> fmt::Debug for GetOrComputeFuture<'_, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetOrComputeFuture")
    }
}

/// A prepared [`Cache::set`]: add options, then `.await` it or `.wait()` for it.
#[derive(Debug)]
#[must_use = "nothing happens before it is awaited, or run with `.wait()`"]
pub struct Set<'a, K, T> {
    cache: &'a Cache,
    key: K,
    value: T,
    policy: Policy,
    fence: Fence,
}

impl<'a, K, T> Set<'a, K, T>
where
    K: AsRef<[u8]> + Send + 'a,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(cache: &'a Cache, key: K, value: T) -> Self {
        Self { cache, key, value, policy: Policy::new(), fence: cache.fence() }
    }

    /// How long the value is fresh; zero removes the key.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy.set_ttl(ttl);
        self
    }

    /// Adds tags.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.policy.add_tags(tags);
        self
    }

    /// The weight of the value in bytes. Default: the size of its type, without what it owns on the heap.
    pub fn weight(mut self, bytes: u64) -> Self {
        self.policy = self.policy.weight(bytes);
        self
    }

    /// The fence that was taken before the value's data was read.
    pub fn fence(mut self, fence: Fence) -> Self {
        self.fence = fence;
        self
    }

    /// Stores the value; `false` if it was refused because something it depends on was invalidated since its fence.
    pub fn wait(self) -> bool {
        self.operation().wait()
    }

    fn operation(mut self) -> Operation<'a, bool> {
        Operation::new(move || {
            let engine = self.cache.engine();
            engine.complete(&mut self.policy);
            let weight = self.policy.known_weight().max(size_of::<T>() as u64);
            let filled = engine.is_usable().then(|| {
                engine.store.fill(Fill {
                    key: self.key.as_ref(),
                    fence: &self.fence.0,
                    value: Arc::new(self.value),
                    tags: self.policy.named_tags(),
                    collected: Vec::new(),
                    ttl: self.policy.time_to_live(),
                    weight,
                })
            });
            filled.is_some_and(|filled| {
                engine.tell_set(self.key.as_ref(), &filled);
                filled.is_valid()
            })
        })
    }
}

impl<'a, K, T> IntoFuture for Set<'a, K, T>
where
    K: AsRef<[u8]> + Send + 'a,
    T: Clone + Send + Sync + 'static,
{
    type Output = bool;
    type IntoFuture = OperationFuture<'a, bool>;

    fn into_future(self) -> Self::IntoFuture {
        self.operation().into_future()
    }
}
