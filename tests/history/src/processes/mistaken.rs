//! Stores that leave out one of their duties: a checker that does not notice them shows nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{
    Fill, Filled, Following, Leased, Look, Looked, Mark, Mirror, Store, StoreFence, StoreFuture, Version,
};

use super::stores::Kind;

/// A duty left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// One invalidation in so many is not sent.
    ForgetsSome,
    /// One by key, neither.
    ForgetsKeys,
    /// One of everything, neither.
    ForgetsEverything,
    /// The fence is taken when the computation is done.
    FenceAfterCompute,
    /// The versions that were seen on the way are not compared.
    SeenUncompared,
    /// An invalidation that failed is called delivered.
    CallsFailuresDone,
    /// Writers do not hold.
    HoldsNothing,
}

impl Mistake {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::ForgetsSome,
        Self::ForgetsKeys,
        Self::ForgetsEverything,
        Self::FenceAfterCompute,
        Self::SeenUncompared,
        Self::CallsFailuresDone,
        Self::HoldsNothing,
    ];

    /// The faults under which it shows, the likeliest first.
    #[must_use]
    pub const fn shown_by(self) -> &'static [&'static str] {
        match self {
            Self::CallsFailuresDone => &["swallowed", "cut"],
            Self::FenceAfterCompute | Self::SeenUncompared => &["delayed", "calm"],
            _ => &["calm"],
        }
    }

    /// Whether a store promises what this breaks.
    #[must_use]
    pub const fn matters_to(self, kind: Kind) -> bool {
        match self {
            Self::HoldsNothing => kind.holds_well(),
            _ => true,
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mistake| format!("{mistake:?}") == name)
    }
}

/// A store that makes a mistake, or none.
#[derive(Debug)]
pub struct Mistaken {
    inner: Arc<dyn Store>,
    mistake: Option<Mistake>,
    invalidations: AtomicU64,
}

impl Mistaken {
    /// Makes this mistake with that store.
    #[must_use]
    pub const fn new(inner: Arc<dyn Store>, mistake: Option<Mistake>) -> Self {
        Self { inner, mistake, invalidations: AtomicU64::new(0) }
    }

    async fn fence_of_now(&self, fill: &Fill<'_>) -> Option<StoreFence> {
        let looked = self.inner.look(Look::new(fill.key, fill.tags)).await;
        match looked.ok()? {
            Looked::Hit(hit) => hit.fence,
            Looked::Miss(miss) => miss.fence,
        }
    }
}

impl Store for Mistaken {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.inner.look(look)
    }

    fn fill<'a>(&'a self, mut fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        match self.mistake {
            Some(Mistake::FenceAfterCompute) => Box::pin(async move {
                let fence = self.fence_of_now(&fill).await;
                let mut late: Fill<'_> = fill;
                late.fence = fence.as_ref();
                self.inner.fill(late).await
            }),
            Some(Mistake::SeenUncompared) => {
                (fill.seen, fill.epoch) = (&[], None);
                self.inner.fill(fill)
            }
            _ => self.inner.fill(fill),
        }
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        let number = self.invalidations.fetch_add(1, Ordering::Relaxed);
        match self.mistake {
            Some(Mistake::ForgetsSome) if number.is_multiple_of(8) => Box::pin(std::future::ready(Ok(()))),
            Some(Mistake::ForgetsKeys) if !keys.is_empty() => Box::pin(std::future::ready(Ok(()))),
            Some(Mistake::CallsFailuresDone) => Box::pin(async move {
                let _called_done = self.inner.invalidate(tags, keys).await;
                Ok(())
            }),
            _ => self.inner.invalidate(tags, keys),
        }
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        match self.mistake {
            Some(Mistake::ForgetsEverything) => Box::pin(std::future::ready(Ok(()))),
            _ => self.inner.invalidate_all(),
        }
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        match self.mistake {
            Some(Mistake::HoldsNothing) => Box::pin(std::future::ready(Ok(()))),
            _ => self.inner.hold(mark, within),
        }
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        match self.mistake {
            Some(Mistake::HoldsNothing) => Box::pin(std::future::ready(Ok(()))),
            _ => self.inner.release(mark),
        }
    }

    fn lease<'a>(&'a self, key: &'a [u8], holder: Version, within: Duration) -> StoreFuture<'a, Leased> {
        self.inner.lease(key, holder, within)
    }

    fn end_lease<'a>(&'a self, key: &'a [u8], holder: Version) -> StoreFuture<'a, ()> {
        self.inner.end_lease(key, holder)
    }

    fn follow(&self, mirror: Arc<dyn Mirror>, bound: Duration) -> Option<Following> {
        self.inner.follow(mirror, bound)
    }
}
