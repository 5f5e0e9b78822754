//! What an application may want to do when something was invalidated: tell caches in front of it. How these are told is left to others.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::Tag;

/// An invalidation that is in force; see [`CacheBuilder::on_invalidated`](crate::CacheBuilder::on_invalidated).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalidated<'a> {
    /// The tags that were invalidated. A prefix is one.
    pub tags: &'a [Tag],
    /// The keys. What was built from their values stays in place, here as elsewhere.
    pub keys: &'a [&'a [u8]],
    /// Whether all of the namespace was.
    pub everything: bool,
}

type Call = Arc<dyn Fn(&Invalidated<'_>) + Send + Sync>;

/// What is called then, in order.
#[derive(Clone, Default)]
pub(crate) struct OnInvalidated(Vec<Call>);

impl OnInvalidated {
    pub(crate) fn push(&mut self, call: impl Fn(&Invalidated<'_>) + Send + Sync + 'static) {
        self.0.push(Arc::new(call));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It may be called where something is dropped: a panic of one goes no further, and keeps nothing from the others.
    pub(super) fn tell(&self, invalidated: &Invalidated<'_>) {
        for call in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| call(invalidated))).is_err() {
                tracing::error!("what was to hear of an invalidation panicked");
            }
        }
    }
}

impl fmt::Debug for OnInvalidated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnInvalidated").field(&self.0.len()).finish()
    }
}
