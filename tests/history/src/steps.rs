//! The steps of a write, as a store sees them, and a store that ends its process at one of them.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{
    Fill, Filled, Following, Leased, Look, Looked, Mark, Mirror, Store, StoreFuture, Version,
};

use crate::random::Random;

/// A step of a write. The COMMIT is between the second and the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The hold is about to be placed.
    BeforeHold,
    /// It is in place.
    Held,
    /// The database has committed, and the cache does not know.
    Committed,
    /// The invalidation is done, the hold still in place.
    Invalidated,
    /// All is done, and the writer does not know.
    Released,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::BeforeHold, Self::Held, Self::Committed, Self::Invalidated, Self::Released];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| format!("{step:?}") == name)
    }

    /// How often a writer comes here until it dies, if it dies anywhere: most often where only its hold is left to speak.
    const fn times(self) -> u64 {
        match self {
            Self::Committed => 30,
            Self::BeforeHold | Self::Held | Self::Invalidated | Self::Released => 120,
        }
    }
}

/// When a writer dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// When it is killed by somebody else.
    Elsewhere,
    /// The first time it comes to this step.
    At(Step),
    /// At any step, now and then.
    Anywhere,
}

/// The store of a writer that dies.
#[derive(Debug)]
pub struct Steps<S> {
    inner: S,
    death: Death,
    turns: AtomicU64,
}

impl<S> Steps<S> {
    /// In front of this store.
    pub const fn new(inner: S, seed: u64, death: Death) -> Self {
        Self { inner, death, turns: AtomicU64::new(seed) }
    }

    fn reach(&self, step: Step) {
        let dies = match self.death {
            Death::Elsewhere => false,
            Death::At(place) => place == step,
            Death::Anywhere => Random::new(self.turns.fetch_add(1, Ordering::Relaxed)).one_in(step.times()),
        };
        if dies {
            die();
        }
    }
}

/// Ends this process as `kill -9` does.
pub fn die() -> ! {
    // What comes of it is told to nobody.
    let _killed = Command::new("sh").args(["-c", "kill -s KILL $PPID"]).status();
    std::process::abort()
}

impl<S: Store> Store for Steps<S> {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.inner.look(look)
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.inner.fill(fill)
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.reach(Step::Committed);
            self.inner.invalidate(tags, keys).await?;
            self.reach(Step::Invalidated);
            Ok(())
        })
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        self.inner.invalidate_all()
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.reach(Step::BeforeHold);
            self.inner.hold(mark, within).await?;
            self.reach(Step::Held);
            Ok(())
        })
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.inner.release(mark).await?;
            self.reach(Step::Released);
            Ok(())
        })
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
