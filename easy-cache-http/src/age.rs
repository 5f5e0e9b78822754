//! How old a response is when it arrives, and the `Age` that a stored one is sent with (RFC 9111 §4.2.3, §5.1).
//! Whether that is too old is left to [`freshness`](crate::freshness).

use std::time::{Duration, SystemTime};

use crate::grammar::{self, MAX_DELTA};
use crate::view::Headers;

/// When a response came, as the cache that received it saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The time of day at which its head was there.
    pub at: SystemTime,
    /// How long it took, from asking to that moment.
    pub delay: Duration,
}

/// Reads the `Age` that a response already had when it came (RFC 9111 §5.1): the first member of the first line
/// counts, and what is not a number of seconds is passed over.
#[must_use]
pub fn received<H: Headers + ?Sized>(headers: &H) -> Duration {
    let first = headers.lines_of("age").next().and_then(|line| line.split(|byte| *byte == b',').next());
    first.and_then(|value| grammar::delta_seconds(grammar::trim(value))).unwrap_or_default()
}

/// The `corrected_initial_age` of RFC 9111 §4.2.3: the larger of what the clocks say and what was said plus the way
/// here.
#[must_use]
pub fn initial(received: Duration, date: Option<SystemTime>, arrival: Arrival) -> Duration {
    let apparent = date.and_then(|date| arrival.at.duration_since(date).ok()).unwrap_or_default();
    received.saturating_add(arrival.delay).max(apparent).min(MAX_DELTA)
}

/// The value of the `Age` field for a response of this age: whole seconds, at most 2^31 (RFC 9111 §1.2.2).
#[must_use]
pub fn field_value(age: Duration) -> u64 {
    age.min(MAX_DELTA).as_secs()
}
