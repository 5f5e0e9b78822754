//! What a response whose lifetime is over is still good for: to be validated, to be served while it is refreshed or
//! because refreshing failed, to be served to a client that accepts it (RFC 9111 §4.2.4, RFC 5861). How long it is
//! fresh is left to [`freshness`](crate::freshness).
//!
//! Choices:
//! - `no-cache`, `must-revalidate` and `proxy-revalidate` forbid every use without validation, whatever else is said.
//! - `s-maxage` forbids what a route allows, and what a client accepts (RFC 9111 §5.2.2.10). An explicit
//!   `stale-while-revalidate` or `stale-if-error` beside it counts: whoever writes both means both.
//! - What the response states wins over what the route gives, also where it is shorter.
//! - What was never fresh (`max-age=0`) gets nothing from the route: its handler wants to be asked.

use std::time::Duration;

use crate::cache_control::{Extent, ResponseDirectives};
use crate::freshness::Freshness;
use crate::grammar::MAX_DELTA;
use crate::policy::Policy;

/// What a stored response may be used for once it is stale. Keep it beside the stored response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
pub struct StaleUse {
    /// Never to be used without asking, not even while it is fresh (`no-cache`).
    always_ask: bool,
    /// Nobody may be served it stale, unless the response itself gives a time for it.
    forbidden: bool,
    while_revalidate: Duration,
    if_error: Duration,
    validation: Duration,
}

/// A status with which an origin says that it failed (RFC 5861 §4).
#[must_use]
pub fn is_failure(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

impl StaleUse {
    /// What the response says, and what the route gives to it, if anything.
    pub(crate) fn of(directives: &ResponseDirectives, route: Option<&Policy>) -> Self {
        let always_ask = directives.no_cache == Extent::Everything;
        let strictly = always_ask || directives.must_revalidate || directives.proxy_revalidate;
        let forbidden = strictly || directives.s_maxage.is_some();
        let window = |stated: Option<Duration>, given: Option<Duration>| {
            let allowed = if forbidden { stated } else { stated.or(given) };
            allowed.filter(|_| !strictly).unwrap_or_default().min(MAX_DELTA)
        };
        let while_revalidate = window(directives.stale_while_revalidate, route.and_then(Policy::while_revalidate));
        let if_error = window(directives.stale_if_error, route.and_then(Policy::if_error));
        Self { always_ask, forbidden, while_revalidate, if_error, validation: Duration::ZERO }
    }

    /// Whether these are spans that a response can state: what comes from outside the process may be anything.
    #[cfg(feature = "door")]
    pub(crate) fn is_sensible(self) -> bool {
        [self.while_revalidate, self.if_error, self.validation].iter().all(|window| *window <= MAX_DELTA)
    }

    /// The same, kept for so long past its lifetime to be asked about.
    pub(crate) fn kept_for_validation(self, window: Duration) -> Self {
        Self { validation: window.min(MAX_DELTA), ..self }
    }

    /// The same for a part, which nobody asks about and which is not served stale.
    pub(crate) fn without_windows(self) -> Self {
        Self { while_revalidate: Duration::ZERO, if_error: Duration::ZERO, validation: Duration::ZERO, ..self }
    }

    /// Says whether it may not be used without asking the origin, even while it is fresh (RFC 9111 §5.2.2.4).
    #[must_use]
    pub fn always_asks(&self) -> bool {
        self.always_ask
    }

    /// Says whether it may be served now and refreshed behind (RFC 5861 §3).
    #[must_use]
    pub fn serves_while_refreshed(&self, staleness: Duration) -> bool {
        staleness < self.while_revalidate
    }

    /// Says whether it may be served because the origin failed (RFC 5861 §4).
    #[must_use]
    pub fn serves_on_error(&self, staleness: Duration) -> bool {
        staleness < self.if_error
    }

    /// Says whether a client's own `max-stale` is heard (RFC 9111 §5.2.1.2).
    #[must_use]
    pub fn serves_who_accepts(&self, staleness: Duration, accepted: Option<Duration>) -> bool {
        !self.forbidden && accepted.is_some_and(|accepted| staleness <= accepted)
    }

    /// How much longer it is fresh or good for anything stale, `resident` after it was stored.
    pub(crate) fn useful_for(&self, freshness: Freshness, resident: Duration) -> Duration {
        let window = self.while_revalidate.max(self.if_error).max(self.validation);
        freshness.time_left(resident) + window.saturating_sub(freshness.staleness(resident))
    }
}
