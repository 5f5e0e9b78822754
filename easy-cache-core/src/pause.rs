//! Places in the engine where a thread waits if a test says so: what comes between two steps can then be tested without luck.
//! Without the feature `testing` there is nothing to wait for, and every call of [`Pauses::reach`] is compiled to nothing.

#[cfg(feature = "testing")]
mod armed;

#[cfg(feature = "testing")]
pub(crate) use armed::Pauses;
#[cfg(feature = "testing")]
pub use armed::{Pause, pause_at};

/// A step of the engine before which a thread can be made to wait: see [`pause_at`](crate::testing::pause_at).
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests alone name it"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Point {
    /// A call has found nothing that it may serve, and is about to lead a flight, or to join one. (In this process: on its way
    /// through a store outside, a call does not come here.)
    Lead,
    /// A computation has its value and takes no more callers along; the value is not offered to the store yet.
    Fill,
    /// A fill has seen that nothing of what the value depends on was invalidated; the entry is not in place yet.
    Insert,
    /// An invalidation of tags or of a key has its place in the order; nothing says yet what it invalidates.
    Note,
    /// An invalidation of tags or of a key is noted, so that fills from before it are refused; entries do not know of it yet.
    Outdate,
}

/// What makes threads wait: nothing.
#[cfg(not(feature = "testing"))]
#[derive(Debug, Default)]
pub(crate) struct Pauses {}

#[cfg(not(feature = "testing"))]
impl Pauses {
    #[inline(always)]
    pub(crate) const fn reach(&self, point: Point) {
        let _ = point;
    }
}
