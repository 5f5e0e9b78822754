//! A writer's mark on tags, from before its COMMIT until its outcome is known.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::memory::Held;
use crate::engine::outside::{Marked, Names};
use crate::mistake::Mistake;
use crate::{Cache, Operation, Tag};

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
            Self { cache: cache.clone(), tags, held, marked: None }
        };
        match &cache.engine().outside {
            None => Operation::new(here),
            Some(outside) => Operation::later(async move {
                let mut hold = here();
                hold.marked = outside.hold(hold.tags.clone(), within).await;
                hold
            }),
        }
    }

    /// The write is visible: invalidates the tags, then releases them.
    ///
    /// # Errors
    /// When it is awaited: if a store outside the process could not be reached. The tags stay held there until the deadline,
    /// and are invalidated before anything else is asked of the store by this process.
    pub fn commit(self) -> Operation<'static> {
        match &self.cache.engine().outside {
            None => Operation::new(move || {
                if Mistake::ReleaseBeforeInvalidate.is_made() {
                    self.held.release();
                }
                self.invalidate_here();
                self.held.release();
                Ok(())
            }),
            Some(outside) => {
                let outside = outside.clone();
                Operation::later(async move {
                    let names = self.invalidate_here();
                    let invalidated = outside.invalidate(names).await;
                    if let (Ok(()), Some(marked)) = (&invalidated, &self.marked) {
                        outside.release(marked).await;
                    }
                    self.held.release();
                    invalidated
                })
            }
        }
    }

    /// The write did not happen: releases the tags. Entries that carry them are served as before.
    pub fn rollback(self) -> Operation<'static> {
        match &self.cache.engine().outside {
            None => Operation::new(move || {
                self.held.release();
                Ok(())
            }),
            Some(outside) => {
                let outside = outside.clone();
                Operation::later(async move {
                    if let Some(marked) = &self.marked {
                        outside.release(marked).await;
                    }
                    self.held.release();
                    Ok(())
                })
            }
        }
    }

    fn invalidate_here(&self) -> Names {
        let store = &self.cache.engine().store;
        match &self.tags {
            Some(tags) => {
                store.invalidate_tags(tags);
                Names::of_tags(tags)
            }
            None => {
                store.invalidate_everything();
                Names::of_everything()
            }
        }
    }
}
