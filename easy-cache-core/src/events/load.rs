//! One computation, from its start to whatever end it takes.

use std::sync::Arc;

use super::{Events, LoadOutcome};
use crate::clock::Moment;

/// A computation under way. Dropping it tells that it was abandoned.
#[derive(Debug)]
pub(crate) struct Load {
    events: Arc<Events>,
    began: Moment,
    ended: bool,
}

impl Load {
    pub(crate) fn begin(events: &Arc<Events>) -> Self {
        Self { events: Arc::clone(events), began: events.now(), ended: false }
    }

    /// When it began.
    pub(crate) const fn began(&self) -> Moment {
        self.began
    }

    /// It has ended.
    pub(crate) fn end(&mut self, outcome: LoadOutcome) {
        self.ended = true;
        self.events.loaded(self.began, outcome);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !self.ended {
            self.events.loaded(self.began, LoadOutcome::Abandoned);
        }
    }
}
