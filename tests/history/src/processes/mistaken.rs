//! Stores that leave out one of their duties: a checker that does not notice them shows nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{
    Asked, Fill, Filled, Following, Leased, Look, Looked, Mark, Mirror, Store, StoreFence, StoreFuture, Version,
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
    /// Writers do not hold, and hits are not what is committed.
    HoldsNothing,
    /// The same, seen by what remains of writers that died.
    LeavesTheDead,
    /// What a server has brought back from the past is used.
    TrustsThePast,
    /// One piece of news in so many does not reach the near cache.
    LosesNews,
    /// A near cache does not hear that it may have missed something.
    HidesGaps,
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
        Self::LeavesTheDead,
        Self::TrustsThePast,
        Self::LosesNews,
        Self::HidesGaps,
    ];

    /// The faults under which it shows, the likeliest first.
    #[must_use]
    pub const fn shown_by(self) -> &'static [&'static str] {
        match self {
            Self::CallsFailuresDone => &["refused"],
            Self::FenceAfterCompute | Self::SeenUncompared => &["delayed", "calm"],
            Self::LeavesTheDead => &["killed"],
            Self::TrustsThePast => &["promoted"],
            Self::HidesGaps => &["cut", "swallowed"],
            _ => &["calm"],
        }
    }

    /// Whether it takes minutes to show, if it shows at all: then it is made only when it is named. `SeenUncompared` has a world of its own
    /// at the explorers.
    #[must_use]
    pub const fn is_rare(self) -> bool {
        matches!(self, Self::SeenUncompared)
    }

    /// Whether a store promises what this breaks.
    #[must_use]
    pub const fn matters_to(self, kind: Kind) -> bool {
        match self {
            Self::HoldsNothing => kind.is_exact(),
            Self::LeavesTheDead => kind.holds_well(),
            Self::TrustsThePast => kind.notices_the_past(),
            // When connections break, writers owe so much, and so soon deliver it, that one failure is hidden; and memcached refuses nothing.
            Self::CallsFailuresDone => !matches!(kind, Kind::Memcached),
            // Only a near cache hands out what was invalidated before the fence of the computation that uses it.
            Self::SeenUncompared | Self::LosesNews | Self::HidesGaps => !kind.bound().is_zero(),
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
            Some(Mistake::HoldsNothing | Mistake::LeavesTheDead) => Box::pin(std::future::ready(Ok(()))),
            _ => self.inner.hold(mark, within),
        }
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        match self.mistake {
            Some(Mistake::HoldsNothing | Mistake::LeavesTheDead) => Box::pin(std::future::ready(Ok(()))),
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
        match self.mistake {
            Some(mistake @ (Mistake::LosesNews | Mistake::HidesGaps)) => {
                self.inner.follow(Arc::new(Deaf { mirror, mistake, news: AtomicU64::new(0) }), bound)
            }
            _ => self.inner.follow(mirror, bound),
        }
    }
}

/// A near cache that does not hear all that it is told.
#[derive(Debug)]
struct Deaf {
    mirror: Arc<dyn Mirror>,
    mistake: Mistake,
    news: AtomicU64,
}

impl Mirror for Deaf {
    fn forget(&self, tags: &[Tag], keys: &[&[u8]]) {
        let number = self.news.fetch_add(1, Ordering::Relaxed);
        if self.mistake != Mistake::LosesNews || !number.is_multiple_of(8) {
            self.mirror.forget(tags, keys);
        }
    }

    fn forget_everything(&self) {
        if self.mistake != Mistake::HidesGaps {
            self.mirror.forget_everything();
        }
    }

    fn ask(&self) -> Asked {
        self.mirror.ask()
    }

    fn proved(&self, asked: Asked) {
        self.mirror.proved(asked);
    }
}
