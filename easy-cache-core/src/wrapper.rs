//! The plain wrapper: `get_or_compute` with its options, for callers without the macro. What is set by hand is in `set`, loads that
//! look back are in `refresh`, many keys at once in `batch`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::engine::Side;
use crate::engine::away::{Launch, launch};
use crate::engine::compute::{Call, Compute};
use crate::load::{Called, Immediate};
use crate::plan::{
    Anywhere, EndsInTime, Kept, Mode, OnlyIf, Outcome, Plan, SaysLate, Stores, StoresErr, StoresNone, StoresPart,
    StoresWhole, TagsOf, TtlOf, WeightOf,
};
use crate::spawn::block_on;
use crate::{Cache, Policy, Tag};

impl Cache {
    /// The value under the key, or what the future yields: `Ok` and `Some` are stored, anything else is only returned.
    ///
    /// Callers that miss together wait for one computation. The value is not kept if one of its tags, or its key, was
    /// invalidated after the computation began. The future is not polled on a hit.
    ///
    /// # Errors
    /// The future's own error, unchanged. The cache adds none.
    ///
    /// # Example: computed once
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::Cache;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::new();
    /// for _ in 0..2 {
    ///     let load = async { "7".parse::<u32>() }; // your query
    ///     let stock = cache.get_or_compute("stock:1", load).ttl(Duration::from_secs(60)).tags(["stock"]).await?;
    ///     assert_eq!(stock, 7);
    /// }
    /// cache.invalidate_tags(["stock"]).await?;
    /// # Ok(()) }
    /// ```
    pub fn get_or_compute<F>(&self, key: impl Into<String>, load: F) -> GetOrCompute<'_, F, StoresPart<Anywhere>>
    where
        F: Future<Output: Outcome>,
    {
        GetOrCompute::new(self, key.into(), load, StoresPart::PLAN)
    }

    /// The same for a future whose result is stored whatever it is.
    ///
    /// # Example
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = easy_cache_core::Cache::new();
    /// assert_eq!(cache.get_or_compute_value("answer", async { 42 }).await, 42);
    /// # }
    /// ```
    pub fn get_or_compute_value<F>(&self, key: impl Into<String>, load: F) -> GetOrCompute<'_, F, StoresWhole<Anywhere>>
    where
        F: Future,
    {
        GetOrCompute::new(self, key.into(), load, StoresWhole::PLAN)
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
    ) -> GetOrCompute<'_, Called<L>, StoresPart<Anywhere>>
    where
        R: Outcome,
        L: FnOnce() -> R,
    {
        GetOrCompute::new(self, key.into(), Called::new(load), StoresPart::PLAN)
    }
}

/// A prepared [`Cache::get_or_compute`]: add options, then `.await` it (or `.wait()` for it, if the loader is a closure).
///
/// Bounded as a struct: how a load is sent away is said by the type of its output.
#[must_use = "nothing happens before it is awaited, or run with `.wait()`"]
pub struct GetOrCompute<'a, F: Future, S> {
    cache: &'a Cache,
    key: String,
    policy: Policy,
    mode: Mode,
    load: F,
    plan: S,
    launch: Option<Launch<S, F, F::Output>>,
    /// The load wants to see what was there before.
    looks_back: bool,
}

impl<'a, F: Future, S> GetOrCompute<'a, F, S> {
    pub(crate) const fn new(cache: &'a Cache, key: String, load: F, plan: S) -> Self {
        Self { cache, key, policy: Policy::new(), mode: Mode::Lookup, load, plan, launch: None, looks_back: false }
    }

    pub(crate) const fn looking_back(mut self) -> Self {
        self.looks_back = true;
        self
    }

    /// Lets the load go on behind its caller: it survives it, stores its value, and serves those who wait for it. Who has
    /// something older to serve ([`stale_while_revalidate`](Self::stale_while_revalidate),
    /// [`early_refresh`](Self::early_refresh)) does not wait for it at all.
    ///
    /// An async load runs where [`CacheBuilder::spawner`](crate::CacheBuilder::spawner) says, a closure on a thread of its
    /// own. It must own all that it uses. To be said last: options that change what is stored (such as `ttl_of`, `cache_none`,
    /// `local`, `hard_timeout`) take it back.
    ///
    /// If what runs it drops it (a runtime that shuts down) and the result cannot say so ([`hard_timeout`](Self::hard_timeout)),
    /// a caller that waits for it panics, as if it had been running it itself.
    ///
    /// # Example: an old report at once, and the new one behind it
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::Cache;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// # async fn report() -> Result<String, std::io::Error> { Ok("all is well".into()) }
    /// # let cache = Cache::new();
    /// let call = cache.get_or_compute("report", report()).ttl(Duration::from_secs(60));
    /// let report = call.stale_while_revalidate(Duration::from_secs(600)).detach().await?;
    /// # let _ = report;
    /// # Ok(()) }
    /// ```
    pub fn detach(mut self) -> Self
    where
        F: Send + 'static,
        F::Output: Send + 'static,
        S: Plan<F::Output> + Clone + Send + 'static,
    {
        self.launch = Some(launch);
        self
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
    ///
    /// # Example
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// cache.get_or_compute_sync("goods", || Some(7)).prefix("shop:1").wait();
    /// assert!(cache.contains("shop:1:goods").wait());
    /// ```
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

    /// Nobody waits longer than this: a caller for whom nothing is there in time gets an answer made from an error instead, of
    /// kind [`TimedOut`](crate::ErrorKind::TimedOut). The load goes on if it is [detached](Self::detach), otherwise it is
    /// dropped; a closure that is not detached cannot be interrupted.
    ///
    /// # Example: half a second, then an error
    /// ```
    /// use std::time::Duration;
    /// use easy_cache_core::{Cache, Error};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let cache = Cache::new();
    /// let load = async { Ok::<_, Error>(std::future::pending::<u32>().await) };
    /// let answer = cache.get_or_compute("k", load).hard_timeout(Duration::from_millis(5)).await;
    /// assert!(answer.is_err());
    /// # }
    /// ```
    pub fn hard_timeout(mut self, wait: Duration) -> GetOrCompute<'a, F, EndsInTime<S>>
    where
        F::Output: SaysLate,
    {
        self.freshness_mut().hard_timeout = Some(wait);
        self.planned(EndsInTime)
    }

    fn freshness_mut(&mut self) -> &mut crate::Freshness {
        self.policy.freshness_mut()
    }

    /// Computes although a value is there, stores the new one and returns it.
    ///
    /// # Example
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// cache.set("n", 1).wait();
    /// assert_eq!(cache.get_or_compute_sync("n", || Some(2)).refresh().wait(), Some(2));
    /// ```
    pub const fn refresh(mut self) -> Self {
        self.mode = Mode::Refresh;
        self
    }

    /// Takes the ttl from the value.
    ///
    /// # Example: a token is good for as long as it says
    /// ```
    /// # use std::time::Duration;
    /// # let cache = easy_cache_core::Cache::new();
    /// # fn fetch() -> Option<(String, u64)> { Some(("secret".into(), 3600)) }
    /// let token = cache.get_or_compute_sync("token", fetch).ttl_of(|token| Duration::from_secs(token.1)).wait();
    /// # let _ = token;
    /// ```
    pub fn ttl_of<C>(self, ttl: C) -> GetOrCompute<'a, F, TtlOf<S, C>>
    where
        S: Stores<F::Output>,
        C: Fn(&S::Value) -> Duration,
    {
        self.planned(|plan| TtlOf(plan, ttl))
    }

    /// Takes the weight from the value, in bytes, unless [`weight`](Self::weight) has said it.
    ///
    /// # Example: a value that is not measured, being local
    /// ```
    /// use std::sync::Arc;
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// let page = cache.get_or_compute_sync("page", || Some(Arc::new(vec![0_u8; 4_000]))).local();
    /// page.weight_of(|page| page.len() as u64).wait();
    /// assert!(cache.weight() >= 4_000);
    /// ```
    pub fn weight_of<C>(self, weight: C) -> GetOrCompute<'a, F, WeightOf<S, C>>
    where
        S: Stores<F::Output>,
        C: Fn(&S::Value) -> u64,
    {
        self.planned(|plan| WeightOf(plan, weight))
    }

    /// Adds tags that are known only from the value. They are as safe as those that are known before.
    ///
    /// # Example: a list goes with each of its members
    /// ```
    /// # fn main() -> Result<(), easy_cache_core::Error> {
    /// let cache = easy_cache_core::Cache::new();
    /// let list = cache.get_or_compute_sync("best", || Some(vec![7, 8]));
    /// list.tags_of(|books| books.iter().map(|id| format!("book:{id}")).collect::<Vec<_>>()).wait();
    /// cache.invalidate_tags(["book:8"]).wait()?;
    /// assert!(!cache.contains("best").wait());
    /// # Ok(()) }
    /// ```
    pub fn tags_of<C, I>(self, tags: C) -> GetOrCompute<'a, F, TagsOf<S, C>>
    where
        S: Stores<F::Output>,
        C: Fn(&S::Value) -> I,
        I: IntoIterator<Item: Into<Tag>>,
    {
        self.planned(|plan| TagsOf(plan, tags))
    }

    /// Stores the value only if it passes the test; it is returned in any case.
    ///
    /// # Example
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// let found = cache.get_or_compute_sync("found", || Some(Vec::<u64>::new())).only_if(|found| !found.is_empty()).wait();
    /// assert!(found.is_some() && !cache.contains("found").wait());
    /// ```
    pub fn only_if<C>(self, keep: C) -> GetOrCompute<'a, F, OnlyIf<S, C>>
    where
        S: Stores<F::Output>,
        C: Fn(&S::Value) -> bool,
    {
        self.planned(|plan| OnlyIf(plan, keep))
    }

    /// Stores `None` as well, for so long: what does not exist is not looked for again and again.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// let nobody = || cache.get_or_compute_sync("user:7", || None::<String>).cache_none(Duration::from_secs(10)).wait();
    /// assert_eq!((nobody(), cache.contains("user:7").wait()), (None, true));
    /// ```
    pub fn cache_none(self, ttl: Duration) -> GetOrCompute<'a, F, StoresNone<S>>
    where
        StoresNone<S>: Plan<F::Output>,
    {
        self.planned(|plan| StoresNone(plan, ttl))
    }

    /// Stores errors as well, for so long; a value that may stand in for the failure comes first.
    ///
    /// # Example
    /// ```
    /// use std::time::Duration;
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// let rate = || cache.get_or_compute_sync("rate", || "x".parse::<u64>()).local().cache_err(Duration::from_secs(1)).wait();
    /// assert!(rate().is_err() && cache.contains("rate").wait());
    /// ```
    pub fn cache_err(self, ttl: Duration) -> GetOrCompute<'a, F, StoresErr<S>>
    where
        StoresErr<S>: Plan<F::Output>,
    {
        self.planned(|plan| StoresErr(plan, ttl))
    }

    /// Keeps the value in this process, and asks nothing of its type.
    ///
    /// # Example: a value that cannot be serialised
    /// ```
    /// use std::sync::Arc;
    ///
    /// #[derive(Debug)]
    /// struct Compiled;
    ///
    /// let cache = easy_cache_core::Cache::new();
    /// let compiled = cache.get_or_compute_sync("rule", || Some(Arc::new(Compiled))).local().weight(1_000).wait();
    /// assert!(compiled.is_some());
    /// ```
    pub fn local(self) -> GetOrCompute<'a, F, S::Local>
    where
        S: Kept,
    {
        self.planned(S::local)
    }

    /// The opposite, where an integration has said `local`: the value may be kept in a store outside of this process.
    ///
    /// What comes back must be what was serialised. A type that leaves fields out on one of the two ways, such as
    /// `#[serde(skip_deserializing)]` on an id, comes back without them, or not at all.
    ///
    /// # Example
    /// ```
    /// let cache = easy_cache_core::Cache::new();
    /// let stock = cache.get_or_compute_sync("stock", || Some(7)).local().shared().wait();
    /// assert_eq!(stock, Some(7));
    /// ```
    pub fn shared(self) -> GetOrCompute<'a, F, S::Shared>
    where
        S: Kept,
    {
        self.planned(S::shared)
    }

    /// The same with another plan. Whether it may be sent away has to be said anew: that depends on the plan.
    pub(crate) fn planned<P>(self, change: impl FnOnce(S) -> P) -> GetOrCompute<'a, F, P> {
        let Self { cache, key, policy, mode, load, plan, launch, looks_back } = self;
        if launch.is_some() {
            tracing::warn!(
                "a call is no longer detached: say `.detach()` after the options that change what is stored"
            );
        }
        GetOrCompute { cache, key, policy, mode, load, plan: change(plan), launch: None, looks_back }
    }

    fn compute<C>(
        self,
        side: Side,
        make: impl FnOnce(Call<'a, String, S>, F, Option<Launch<S, F, F::Output>>) -> C,
    ) -> C {
        let Self { cache, key, policy, mode, load, plan, launch, looks_back } = self;
        make(Call { engine: cache.engine(), side, key, mode, policy, plan, looks_back }, load, launch)
    }
}

impl<F: Immediate, S: Plan<F::Output>> GetOrCompute<'_, F, S> {
    /// Runs it, blocking this thread while another sync caller computes the same key.
    pub fn wait(self) -> F::Output {
        block_on(self.compute(Side::Sync, Compute::in_place))
    }
}

impl<'a, F, S> IntoFuture for GetOrCompute<'a, F, S>
where
    F: Future,
    S: Plan<F::Output>,
{
    type Output = F::Output;
    type IntoFuture = GetOrComputeFuture<'a, F, S>;

    fn into_future(self) -> Self::IntoFuture {
        GetOrComputeFuture(self.compute(Side::Async, Compute::new))
    }
}

impl<F: Future, S> fmt::Debug for GetOrCompute<'_, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrCompute").field("key", &self.key).field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The future of [`GetOrCompute`].
#[must_use = "futures do nothing unless polled"]
pub struct GetOrComputeFuture<'a, F: Future, S>(Compute<'a, String, S, F>);

impl<F: Future, S: Plan<F::Output>> Future for GetOrComputeFuture<'_, F, S> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<F: Future, S> fmt::Debug for GetOrComputeFuture<'_, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetOrComputeFuture")
    }
}
