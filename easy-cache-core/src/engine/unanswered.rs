//! What remains of a call that is dropped while it waits: the tags that are known beforehand. Those that its load has used are
//! the business of `frame`.

use super::ticket::observe;
use super::{Engine, frame};
use crate::Policy;
use crate::backend::memory::Seen;

/// What a call that waits would have depended on. If it is dropped without an answer, whatever goes on without one depends on
/// that as well.
pub(crate) struct Unanswered(Vec<Seen>);

impl Unanswered {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes the tags that are known beforehand, if anybody collects.
    pub(crate) fn note(&mut self, engine: &Engine, policy: &Policy) {
        if self.0.is_empty() && !policy.named_tags().is_empty() {
            self.0 = observe(engine, policy.named_tags().iter().cloned());
        }
    }

    /// There is an answer, with tags of its own.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            frame::collect_seen(std::mem::take(&mut self.0));
        }
    }
}
