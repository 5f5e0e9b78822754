//! A store between the cache and Redis that leaves out a duty of writers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use easy_cache_core::store::{Fill, Filled, Leased, Look, Looked, Mark, Store, StoreFuture, Version};
use easy_cache_core::{Error, Tag};

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
pub struct Negligent<S> {
    inner: S,
    mistake: Option<Mistake>,
    /// Whose holds are in place, for who releases them too early.
    held: Mutex<Vec<(Version, Option<Vec<Tag>>)>>,
}

impl<S: Store> Negligent<S> {
    /// In front of this store.
    pub const fn new(inner: S, mistake: Option<Mistake>) -> Self {
        Self { inner, mistake, held: Mutex::new(Vec::new()) }
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

impl<S: Store> Store for Negligent<S> {
    fn look<'a>(&'a self, look: Look<'a>) -> StoreFuture<'a, Looked> {
        self.inner.look(look)
    }

    fn fill<'a>(&'a self, fill: Fill<'a>) -> StoreFuture<'a, Filled> {
        self.inner.fill(fill)
    }

    fn invalidate<'a>(&'a self, tags: &'a [Tag], keys: &'a [&'a [u8]]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
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
            self.inner.invalidate(tags, keys).await
        })
    }

    fn invalidate_all(&self) -> StoreFuture<'_, ()> {
        self.inner.invalidate_all()
    }

    fn hold<'a>(&'a self, mark: Mark<'a>, within: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
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
            Ok(())
        })
    }

    fn release<'a>(&'a self, mark: Mark<'a>) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            if self.mistake != Some(Mistake::HoldsNothing) {
                self.inner.release(mark).await?;
            }
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
