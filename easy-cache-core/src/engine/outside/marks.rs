//! What writers hold in the store, and how it is released: if not at once, then in the background, and never before their invalidation.

use std::sync::Arc;
use std::time::Duration;

use super::{Asking, Outside};
use crate::clock::Moment;
use crate::store::{Mark, Version};
use crate::{Error, Tag};

/// What a writer holds.
#[derive(Debug, Clone)]
pub(crate) struct Marked {
    writer: Version,
    tags: Option<Arc<[Tag]>>,
    /// From then on there is nothing to release, by this process's clock; the store's own may say so earlier.
    pub(super) until: Moment,
}

impl Marked {
    #[cfg(test)]
    pub(super) const fn everything(writer: Version, until: Moment) -> Self {
        Self { writer, tags: None, until }
    }

    fn mark(&self) -> Mark<'_> {
        Mark::new(self.writer, self.tags.as_deref())
    }
}

/// How a hold went: what may be held, which is to be released in any case, and why it may not be.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) marked: Option<Marked>,
    pub(crate) refusal: Option<Error>,
}

impl Outside {
    /// Marks the tags, or everything, for a new writer. What failed may have been done all the same; what was not sent was not.
    pub(crate) async fn hold(&self, tags: Option<Arc<[Tag]>>, within: Duration) -> Holding {
        let writer = match Version::random() {
            Ok(writer) => writer,
            Err(error) => return Holding { marked: None, refusal: Some(error) },
        };
        let marked = Marked { writer, tags, until: self.clock.deadline(within) };
        let held = self.ask("hold tags", None, Asking::Usual, self.store.hold(marked.mark(), within)).await;
        let Err(error) = held else { return Holding { marked: Some(marked), refusal: None } };
        tracing::warn!(%error, "a writer's tags are held in this process only");
        let is_sent = error.kind() != crate::ErrorKind::Unavailable;
        Holding { marked: is_sent.then_some(marked), refusal: Some(error) }
    }

    /// Takes the marks away: now, or when this is dropped, in the background.
    pub(crate) fn releasing(&self, marked: Marked) -> Releasing {
        Releasing { outside: self.clone(), marked: Some(marked) }
    }

    pub(super) async fn release_now(&self, marked: &Marked, asking: Asking) -> Result<(), Error> {
        self.ask("release tags", None, asking, self.store.release(marked.mark())).await
    }
}

/// A release that is due.
#[derive(Debug)]
pub(crate) struct Releasing {
    outside: Outside,
    marked: Option<Marked>,
}

impl Releasing {
    /// At once. If that fails, it is tried again until the hold's deadline, behind the caller.
    pub(crate) async fn now(mut self) {
        let Some(marked) = &self.marked else { return };
        match self.outside.release_now(marked, Asking::Usual).await {
            Ok(()) => self.marked = None,
            Err(error) => {
                tracing::warn!(%error, "held tags are not served before they are released, or their deadline");
            }
        }
    }
}

impl Drop for Releasing {
    fn drop(&mut self) {
        if let Some(marked) = self.marked.take() {
            self.outside.undelivered.release_later(marked);
            self.outside.send_courier();
        }
    }
}
