//! A writer's mark on tags, from before its COMMIT until its outcome is known.

use std::time::Duration;

use crate::backend::memory::Held;
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
    scope: Scope,
    held: Held,
}

#[derive(Debug)]
enum Scope {
    Tags(Vec<Tag>),
    Everything,
}

impl Hold {
    pub(crate) fn on_tags(cache: Cache, tags: Vec<Tag>, within: Duration) -> Self {
        let held = cache.engine().store.hold(&tags, within);
        Self { cache, scope: Scope::Tags(tags), held }
    }

    pub(crate) fn on_everything(cache: Cache, within: Duration) -> Self {
        let held = cache.engine().store.hold_everything(within);
        Self { cache, scope: Scope::Everything, held }
    }

    /// The write is visible: invalidates the tags, then releases them.
    pub fn commit(self) -> Operation<'static> {
        Operation::new(move || {
            let store = &self.cache.engine().store;
            if Mistake::ReleaseBeforeInvalidate.is_made() {
                self.held.release();
            }
            match &self.scope {
                Scope::Tags(tags) => store.invalidate_tags(tags),
                Scope::Everything => store.invalidate_everything(),
            }
            self.held.release();
            Ok(())
        })
    }

    /// The write did not happen: releases the tags. Entries that carry them are served as before.
    pub fn rollback(self) -> Operation<'static> {
        Operation::new(move || {
            self.held.release();
            Ok(())
        })
    }
}
