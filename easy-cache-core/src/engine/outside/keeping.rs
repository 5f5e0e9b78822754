//! The end of a computation whose value is on its way to the store: the flight is closed, and lands when the answer is there.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Trip;
use crate::Error;
use crate::backend::memory::{Kept, List};
use crate::engine::flight::Lead;
use crate::engine::{Found, frame};
use crate::events::{Load, LoadOutcome};
use crate::store::Filled;
use crate::value::Shared;

/// Waits for the store. Its caller has its value; dropping this passes leadership on, whatever becomes of the fill.
pub(crate) struct Keeping {
    trip: Trip<Filled>,
    value: Option<(Shared, List)>,
    lead: Option<Lead>,
    /// Ends when the store has answered.
    load: Load,
    /// Those who wait are not given the value: they look elsewhere.
    redirects: bool,
}

impl Keeping {
    pub(crate) fn new(trip: Trip<Filled>, value: Shared, list: List, lead: Option<Lead>, load: Load) -> Self {
        Self { trip, value: Some((value, list)), lead, load, redirects: false }
    }

    /// The same, for a value that is not the one for which others wait there.
    pub(crate) fn redirecting(mut self, lead: Lead) -> Self {
        (self.lead, self.redirects) = (Some(lead), true);
        self
    }

    /// The flight lands, and what the value depends on flows outward. A value that may be outdated taints what is around.
    fn land(&mut self, filled: Result<Filled, Error>) -> bool {
        let Some((value, list)) = self.value.take() else { return false };
        let kept = match filled {
            Ok(Filled::Kept) => true,
            Ok(filled) => {
                tracing::debug!(
                    ?filled,
                    "a value was not kept: something it depends on was, or may have been, invalidated"
                );
                false
            }
            Err(error) => {
                tracing::warn!(%error, "a value was not kept");
                false
            }
        };
        self.load.end(if kept { LoadOutcome::Stored } else { LoadOutcome::Refused });
        if kept {
            frame::collect_list(&list);
        } else {
            frame::taint();
        }
        if let Some(lead) = self.lead.take() {
            let mut found: Found = Kept { value, list }.into();
            if !kept {
                found.tags = None;
            }
            if self.redirects { lead.redirect() } else { lead.land_kept(found) }
        }
        kept
    }
}

impl Future for Keeping {
    /// Whether it was kept.
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.trip.as_mut().poll(cx).map(|filled| self.land(filled))
    }
}
