//! A writer's mark on tags, from before its COMMIT until its outcome is known.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::memory::Held;
use crate::clock::Moment;
use crate::engine::outside::{Holding, Marked, Names};
use crate::events::Events;
use crate::mistake::Mistake;
use crate::{Cache, Error, Operation, Tag};

/// Tags that a writer holds. While it exists, nothing that carries them is served.
///
/// End it with [`commit`](Self::commit) or [`rollback`](Self::rollback). Dropping it says that the outcome is unknown:
/// the tags stay held until the deadline, and count as invalidated from then on.
///
/// # Example: around a transaction
/// ```
/// use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
/// # let cache = easy_cache_core::Cache::new();
/// # fn commit() -> Result<(), ()> { Ok(()) }
/// let hold = cache.hold(["books"], Duration::from_secs(30)).await;
/// match commit() {
///     Ok(()) => hold.commit().await?,
///     Err(()) => hold.rollback().await?,
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a hold that is dropped keeps its tags from being served until its deadline"]
pub struct Hold {
    cache: Cache,
    /// Nothing means everything.
    tags: Option<Arc<[Tag]>>,
    held: Held,
    /// The same in the store outside the process.
    marked: Option<Marked>,
    refusal: Option<Error>,
    /// For those who hear of invalidations, if there are any.
    unknown: Option<Unknown>,
}

impl Hold {
    /// Holds here first: what is served by this process stops at once.
    pub(crate) fn on(cache: &Cache, tags: Option<Arc<[Tag]>>, within: Duration) -> Operation<'_, Self> {
        let here = move || {
            let store = &cache.engine().store;
            let held = match &tags {
                Some(tags) => store.hold(tags, within),
                None => store.hold_everything(within),
            };
            let unknown = Unknown::of(cache, &tags, within);
            Self { cache: cache.clone(), tags, held, marked: None, refusal: None, unknown }
        };
        match &cache.engine().outside {
            None => Operation::new(here),
            Some(outside) => Operation::later(async move {
                let hold = here();
                let Holding { marked, refusal } = outside.hold(hold.tags.clone(), within).await;
                Self { marked, refusal, ..hold }
            }),
        }
    }

    /// Why the store outside the process did not take the hold, if it did not: then other processes go on serving what the writer is
    /// about to change, until its invalidation. Who would rather not write looks here **before** the COMMIT.
    ///
    /// # Example: no write without its hold
    /// ```
    /// use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), easy_cache_core::Error> {
    /// # let cache = easy_cache_core::Cache::new();
    /// let hold = cache.hold(["books"], Duration::from_secs(30)).await;
    /// if hold.refusal().is_some() {
    ///     return hold.rollback().await; // and the same in the database
    /// }
    /// // COMMIT
    /// hold.commit().await
    /// # }
    /// ```
    #[must_use]
    pub const fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }

    /// What is held; `None` for everything.
    #[must_use]
    pub fn tags(&self) -> Option<&[Tag]> {
        self.tags.as_deref()
    }

    /// The same, for an error that is passed on.
    #[must_use]
    pub const fn take_refusal(&mut self) -> Option<Error> {
        self.refusal.take()
    }

    /// The write is visible: invalidates the tags, then releases them.
    ///
    /// # Errors
    /// When it is awaited: if a store outside the process could not be reached. The tags stay held there until the invalidation is
    /// delivered, behind the caller, or until the deadline; this process asks the store for nothing else before.
    pub fn commit(mut self) -> Operation<'static> {
        match &self.cache.engine().outside {
            None => Operation::new(move || {
                if Mistake::ReleaseBeforeInvalidate.is_made() {
                    self.held.release();
                }
                self.invalidate_here();
                self.held.release();
                self.is_known();
                let events = &self.cache.engine().events;
                if events.are_heard() {
                    self.names().tell(events);
                }
                Ok(())
            }),
            Some(outside) => {
                let outside = outside.clone();
                Operation::later(async move {
                    self.invalidate_here();
                    let names = self.names();
                    // Made before the invalidation: if all this is dropped, what is owed first is owed before it.
                    let releasing = self.marked.take().map(|marked| outside.releasing(marked));
                    self.is_known(); // from here on, an invalidation that is given up is owed, and told
                    let store = &self.cache.engine().store;
                    let invalidated = outside.invalidate(names, store).await;
                    if let (Ok(()), Some(releasing)) = (&invalidated, releasing) {
                        releasing.now().await;
                    }
                    self.held.release();
                    invalidated
                })
            }
        }
    }

    /// The write did not happen: releases the tags. Entries that carry them are served as before.
    pub fn rollback(mut self) -> Operation<'static> {
        match &self.cache.engine().outside {
            None => Operation::new(move || {
                self.is_known();
                self.held.release();
                Ok(())
            }),
            Some(outside) => {
                let outside = outside.clone();
                Operation::later(async move {
                    self.is_known();
                    if let Some(marked) = self.marked.take() {
                        outside.releasing(marked).now().await;
                    }
                    self.held.release();
                    Ok(())
                })
            }
        }
    }

    fn is_known(&mut self) {
        if let Some(unknown) = &mut self.unknown {
            unknown.ended = true;
        }
    }

    fn invalidate_here(&self) {
        let store = &self.cache.engine().store;
        match &self.tags {
            Some(tags) => store.invalidate_tags(tags),
            None => store.invalidate_everything(),
        }
    }

    fn names(&self) -> Names {
        self.tags.as_deref().map_or_else(Names::of_everything, Names::of_tags)
    }
}

/// Tells those who hear of invalidations of a hold whose outcome nobody learned. The cache itself need not be told: it meets the
/// deadline when it is asked for something that was held. A cache in front of it may never ask.
#[derive(Debug)]
struct Unknown {
    cache: Cache,
    tags: Option<Arc<[Tag]>>,
    until: Moment,
    ended: bool,
}

impl Unknown {
    fn of(cache: &Cache, tags: &Option<Arc<[Tag]>>, within: Duration) -> Option<Self> {
        let until = || cache.engine().store.clock().deadline(within);
        cache.engine().events.are_heard().then(|| Self {
            cache: cache.clone(),
            tags: tags.clone(),
            until: until(),
            ended: false,
        })
    }
}

impl Drop for Unknown {
    /// Now, since the write may be visible; and at the deadline, since it may have become visible after this.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let engine = self.cache.engine();
        let (events, clock) = (Arc::clone(&engine.events), self.cache.clock().clone());
        let (tags, until) = (self.tags.take(), self.until);
        tell(&events, tags.as_deref());
        engine.spawner.run_sleeper(Box::pin(async move {
            clock.sleep_until(until).await;
            tell(&events, tags.as_deref());
        }));
    }
}

/// Nothing means everything.
fn tell(events: &Events, tags: Option<&[Tag]>) {
    events.invalidated(tags.unwrap_or_default(), &[], tags.is_none());
}
