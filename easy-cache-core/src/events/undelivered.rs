//! What an application may want to do when an invalidation does not reach the store at once.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{Error, Tag};

/// An invalidation that a store outside the process did not acknowledge; see
/// [`CacheBuilder::on_undelivered`](crate::CacheBuilder::on_undelivered).
#[derive(Debug)]
#[non_exhaustive]
pub struct Undelivered<'a> {
    /// The tags that were to be invalidated.
    pub tags: &'a [Tag],
    /// The keys.
    pub keys: &'a [&'a [u8]],
    /// Whether all of the namespace was.
    pub everything: bool,
    /// What went wrong; nothing if nobody waited for the answer.
    pub error: Option<&'a Error>,
}

/// What is called then.
#[derive(Clone)]
pub(crate) struct OnUndelivered(pub(crate) Arc<dyn Fn(&Undelivered<'_>) + Send + Sync>);

impl OnUndelivered {
    /// It may be called where something is dropped: a panic of it goes no further.
    pub(super) fn tell(&self, undelivered: &Undelivered<'_>) {
        if catch_unwind(AssertUnwindSafe(|| (self.0)(undelivered))).is_err() {
            tracing::error!("what was to hear of an undelivered invalidation panicked");
        }
    }
}

impl fmt::Debug for OnUndelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnUndelivered")
    }
}
