//! What is kept beside a stored response so that a hit parses nothing, and whether that response will do for a request
//! (RFC 9111 §4). Finding the stored response is left to its owner; validators are compared in
//! [`conditional`](crate::conditional).

use std::time::Duration;

use crate::conditional::Validators;
use crate::freshness::Freshness;
use crate::policy::{ClientRefresh, Policy};
use crate::range::PartOf;
use crate::request::RequestFacts;
use crate::stale::StaleUse;
use crate::vary::Vary;

/// The terms under which one stored response is reused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "door", derive(serde::Serialize, serde::Deserialize))]
pub struct Terms {
    /// How long it is fresh.
    pub freshness: Freshness,
    /// What it is good for once it is stale.
    pub stale: StaleUse,
    /// Which request fields chose it.
    pub vary: Vary,
    /// What conditional requests are compared with.
    pub validators: Validators,
    /// Its status.
    pub status: u16,
    /// Which bytes it has, if not all of them.
    pub part: Option<PartOf>,
    /// It says of itself that it may answer requests with `Authorization` (RFC 9111 §3.5).
    pub open_to_authorized: bool,
    /// It may answer requests with `Cookie`: its handler said that it is for others too, or its key holds the cookies.
    pub open_to_cookies: bool,
}

/// Whether a stored response answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reuse {
    /// It does: send it with this age.
    Serve {
        /// For the `Age` field: see [`age::field_value`](crate::age::field_value).
        age: Duration,
    },
    /// It is stale, and does all the same: send it with this age, and refresh it behind (RFC 5861 §3).
    ServeAndRefresh {
        /// For the `Age` field.
        age: Duration,
    },
    /// It is stale, and the client accepts that (RFC 9111 §5.2.1.2).
    ServeStale {
        /// For the `Age` field.
        age: Duration,
    },
    /// It does not without the handler's word, because it is stale or asks for it: validate it (RFC 9111 §4.3).
    Stale,
    /// It would, but this request asks for better. It may be validated.
    Unwanted,
    /// It may not be used for this request in any way: it was not made for requests with credentials.
    Declined,
}

impl Terms {
    /// Decides for a request, `resident` after the response was stored. Whether its variant fits was decided by its
    /// key.
    #[must_use]
    pub fn reuse(&self, request: &RequestFacts, policy: &Policy, resident: Duration) -> Reuse {
        let age = self.freshness.age(resident);
        let honoured = policy.refresh() == ClientRefresh::Honoured;
        let wants_better = honoured && self.is_too_old_for(request, resident);
        if self.is_declined(request) {
            Reuse::Declined
        } else if self.stale.always_asks() {
            Reuse::Stale
        } else if self.freshness.is_fresh(resident) {
            if wants_better { Reuse::Unwanted } else { Reuse::Serve { age } }
        } else if wants_better {
            Reuse::Stale
        } else {
            self.reuse_stale(request.directives.max_stale.filter(|_| honoured), resident)
        }
    }

    fn reuse_stale(&self, accepted: Option<Duration>, resident: Duration) -> Reuse {
        let (age, staleness) = (self.freshness.age(resident), self.freshness.staleness(resident));
        if self.stale.serves_while_refreshed(staleness) {
            Reuse::ServeAndRefresh { age }
        } else if self.stale.serves_who_accepts(staleness, accepted) {
            Reuse::ServeStale { age }
        } else {
            Reuse::Stale
        }
    }

    /// Says whether it may answer in place of a handler that failed (RFC 5861 §4), `resident` after it was stored.
    #[must_use]
    pub fn may_answer_for_failure(&self, request: &RequestFacts, resident: Duration) -> bool {
        let within = self.freshness.is_fresh(resident) && !self.stale.always_asks()
            || self.stale.serves_on_error(self.freshness.staleness(resident));
        within && !self.is_declined(request)
    }

    /// How much longer it is worth keeping, `resident` after it was stored: until it is neither fresh nor good for
    /// anything stale.
    #[must_use]
    pub fn useful_for(&self, resident: Duration) -> Duration {
        self.stale.useful_for(self.freshness, resident)
    }

    /// What was made for the anonymous is right to share (RFC 9111 §3.5 is about storing), yet a handler that forgot
    /// `Vary` would show signed-in users the page of a stranger: both directions need the same permission.
    fn is_declined(&self, request: &RequestFacts) -> bool {
        request.authorized && !self.open_to_authorized || request.cookies && !self.open_to_cookies
    }

    /// `max-stale` gives up some of what `max-age` and being fresh ask for, never what `no-cache` does.
    fn is_too_old_for(&self, request: &RequestFacts, resident: Duration) -> bool {
        let wishes = &request.directives;
        wishes.no_cache
            || wishes.max_age.is_some_and(|limit| self.freshness.age(resident) > limit)
            || wishes.min_fresh.is_some_and(|wanted| self.freshness.time_left(resident) < wanted)
    }
}
