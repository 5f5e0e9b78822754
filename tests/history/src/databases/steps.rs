//! A store between the cache and Redis that ends the process at a step of a write, or leaves out a duty of writers.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use easy_cache_core::store::{Fill, Filled, Leased, Look, Looked, Mark, Store, StoreFuture, Version};
use easy_cache_core::{Error, Tag};

use crate::random::Random;

/// A step of a write, as the store sees it. The COMMIT is between the second and the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A duty left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Writers do not hold.
    HoldsNothing,
    /// They invalidate when they hold, and not after the COMMIT.
    InvalidatesBeforeCommit,
    /// They release, and invalidate then.
    ReleasesBeforeInvalidating,
    /// Their holds end long before the COMMIT.
    HoldsTooShortly,
    /// What is read in a transaction is kept. Made by the readers, and not by the store.
    KeepsSnapshots,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::HoldsNothing,
        Self::InvalidatesBeforeCommit,
        Self::ReleasesBeforeInvalidating,
        Self::HoldsTooShortly,
        Self::KeepsSnapshots,
    ];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mistake| format!("{mistake:?}") == name)
    }
}

/// The store of a worker.
#[derive(Debug)]
pub struct Steps<S> {
    inner: S,
    death: Death,
    mistake: Option<Mistake>,
    turns: AtomicU64,
    /// Whose holds are in place, for who releases them too early.
    held: Mutex<Vec<(Version, Option<Vec<Tag>>)>>,
}

impl<S: Store> Steps<S> {
    /// In front of this store.
    pub const fn new(inner: S, seed: u64, death: Death, mistake: Option<Mistake>) -> Self {
        Self { inner, death, mistake, turns: AtomicU64::new(seed), held: Mutex::new(Vec::new()) }
    }

    fn reach(&self, step: Step) {
        let dies = match self.death {
            Death::Elsewhere => false,
            Death::At(place) => place == step,
            Death::Anywhere => Random::new(self.turns.fetch_add(1, Ordering::Relaxed)).one_in(60),
        };
        if dies {
            die();
        }
    }

    fn remember(&self, mark: Mark<'_>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push((mark.writer, mark.tags.map(<[Tag]>::to_vec)));
    }

    async fn release_early(&self, tags: &[Tag]) -> Result<(), Error> {
        let mut held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        held.retain(|(_, held)| held.as_ref().is_some_and(|held| held.iter().all(|tag| tags.contains(tag))));
        for (writer, tags) in held {
            self.inner.release(Mark::new(writer, tags.as_deref())).await?;
        }
        Ok(())
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
            match self.mistake {
                Some(Mistake::InvalidatesBeforeCommit) => return Ok(()),
                Some(Mistake::ReleasesBeforeInvalidating) => {
                    self.release_early(tags).await?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                // The time that a COMMIT takes on a busy server, until its writer hears of it.
                Some(Mistake::HoldsNothing | Mistake::HoldsTooShortly) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                _ => {}
            }
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
            match self.mistake {
                Some(Mistake::HoldsNothing) => return Ok(()),
                Some(Mistake::HoldsTooShortly) => {
                    self.inner.hold(mark, Duration::from_millis(1)).await?;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                Some(Mistake::InvalidatesBeforeCommit) => {
                    self.inner.hold(mark, within).await?;
                    self.inner.invalidate(mark.tags.unwrap_or_default(), &[]).await?;
                }
                Some(Mistake::ReleasesBeforeInvalidating) => {
                    self.remember(mark);
                    self.inner.hold(mark, within).await?;
                }
                _ => self.inner.hold(mark, within).await?,
            }
            self.reach(Step::Held);
            Ok(())
        })
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if self.mistake != Some(Mistake::HoldsNothing) {
                self.inner.release(mark).await?;
            }
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
}
