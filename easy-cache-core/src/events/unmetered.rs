//! In place of `meter` where the feature `metrics` is off: nothing is counted.

use std::sync::Arc;
use std::time::Duration;

use super::Tier;
use crate::clock::Moment;

/// Counts nothing.
#[derive(Debug)]
pub(crate) struct Meter;

impl Meter {
    /// Whether somebody wants to know of hits.
    pub(crate) const COUNTS_HITS: bool = false;
    /// Whether anybody wants to know how long something took.
    pub(super) const MEASURES: bool = false;

    pub(super) const fn new(_: &Arc<str>) -> Self {
        Self
    }

    #[inline]
    pub(super) const fn hit(&self) {}

    #[inline]
    pub(super) const fn count(&self, _: &'static str, _: Option<(&'static str, &'static str)>) {}

    #[inline]
    pub(super) fn is_due(&self, _: impl FnOnce() -> Moment) -> bool {
        false
    }

    #[inline]
    pub(super) fn publish(&self, _: Tier, _: impl FnOnce() -> (usize, u64)) {}

    #[inline]
    pub(super) const fn measure(&self, _: &'static str, _: Duration) {}
}
