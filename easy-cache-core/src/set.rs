//! `set`: a value that was computed without the cache's help, behind a fence that its caller took.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::memory::{Fill, Used};
use crate::cache::Fence;
use crate::engine::Engine;
use crate::engine::frame::{self, Frame};
use crate::engine::outside::Sight;
use crate::engine::ticket::Ticket;
use crate::operation::OperationFuture;
use crate::store::{Looked, StoreFence};
use crate::value::Portable;
use crate::{Cache, CodecError, Format, Operation, Policy, Tag};

/// A prepared [`Cache::set`]: add options, then `.await` it or `.wait()` for it.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// let cache = easy_cache_core::Cache::new();
/// let is_kept = cache.set("answer", 42).ttl(Duration::from_secs(60)).tags(["answers"]).wait();
/// assert!(is_kept);
/// ```
#[derive(Debug)]
#[must_use = "nothing happens before it is awaited, or run with `.wait()`"]
pub struct Set<'a, K, T> {
    cache: &'a Cache,
    key: K,
    value: T,
    policy: Policy,
    fence: Fence,
    travels: Option<Travels<T>>,
}

/// How a value leaves the process.
#[derive(Debug)]
struct Travels<T> {
    kind: fn(Format) -> u64,
    encode: fn(&T, Format) -> Result<Vec<u8>, CodecError>,
}

impl<'a, K, T> Set<'a, K, T>
where
    K: AsRef<[u8]> + Send + 'a,
    T: Clone + Send + Sync + 'static,
{
    /// The value is to leave the process, if there is a store outside of it.
    pub(crate) fn new(cache: &'a Cache, key: K, value: T) -> Self
    where
        T: Portable,
    {
        let travels = Travels { kind: T::kind, encode: T::encode };
        Self { travels: Some(travels), ..Self::local(cache, key, value) }
    }

    pub(crate) fn local(cache: &'a Cache, key: K, value: T) -> Self {
        Self { cache, key, value, policy: Policy::new(), fence: cache.fence(), travels: None }
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

    /// The fence that was taken before the value's data was read. That of another cache lets nothing in.
    pub fn fence(mut self, fence: Fence) -> Self {
        self.fence = fence;
        self
    }

    /// Stores the value; `false` if it was refused because something it depends on was invalidated since its fence.
    pub fn wait(self) -> bool {
        self.operation().wait()
    }

    fn operation(mut self) -> Operation<'a, bool> {
        self.cache.engine().complete(&mut self.policy);
        match (&self.cache.engine().outside, self.travels.take()) {
            (None, _) => Operation::new(move || self.fill()),
            // In this process nobody would hear what other processes invalidate.
            (Some(_), None) => Operation::new(|| false),
            (Some(_), Some(travels)) => Operation::later(self.send(travels)),
        }
    }

    fn fill(self) -> bool {
        let engine = self.cache.engine();
        let weight = self.policy.known_weight().max(size_of::<T>() as u64);
        let filled = engine.is_usable().then(|| {
            engine.store.fill(Fill {
                key: self.key.as_ref(),
                fence: &self.fence.here,
                value: Arc::new(self.value),
                policy: &self.policy,
                used: Used::NOTHING,
                began: engine.store.clock().precise(),
                weight,
                random: engine.random(),
                renews: None,
            })
        });
        filled.is_some_and(|filled| {
            engine.tell_fill(self.key.as_ref(), &filled);
            filled.is_valid()
        })
    }

    /// The same for a store outside: behind the fence that it gave before the data was read, or else gives now.
    async fn send(self, travels: Travels<T>) -> bool {
        let (engine, key) = (self.cache.engine(), self.key.as_ref());
        if !engine.is_usable() {
            return false;
        }
        if self.policy.time_to_live() == Some(Duration::ZERO) {
            return self.cache.invalidate_key(key).await.is_ok();
        }
        let format = engine.format();
        let payload = match (travels.encode)(&self.value, format) {
            Ok(payload) => payload,
            Err(error) => {
                engine.events.unwritable(key, &error);
                return false;
            }
        };
        let fence = match self.fence.outside {
            Some(fence) => fence,
            None => sighted(engine, key, (travels.kind)(format), self.policy.named_tags()).await,
        };
        let Some(fence) = fence else { return false };
        let sight = Sight::of(Some(fence), (travels.kind)(format));
        let ticket = Ticket::behind(engine, key, self.fence.here, None, Some(sight));
        // In a frame of its own: whether it is kept says nothing of what is computed around it.
        let mut frame = Some(Box::default());
        let (value, policy) = (Arc::new(self.value), &self.policy);
        let sent = frame::within(&mut frame, || ticket.send(value, Some(payload), policy, Frame::default()));
        let Some(mut keeping) = sent else { return false };
        std::future::poll_fn(|cx| frame::within(&mut frame, || Pin::new(&mut keeping).poll(cx))).await
    }
}

/// What the store outside wants to see again at a fill.
pub(crate) async fn sighted(engine: &Arc<Engine>, key: &[u8], kind: u64, tags: &[Tag]) -> Option<StoreFence> {
    match engine.outside.as_ref()?.look(key, kind, tags).await {
        Ok(Looked::Hit(hit)) => hit.fence,
        Ok(Looked::Miss(miss)) => miss.fence,
        Err(error) => {
            tracing::warn!(%error, key = %engine.events.show(key), "the cache is not used for this call");
            None
        }
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
