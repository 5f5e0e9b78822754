//! What is kept beside a stored response so that a hit parses nothing, and whether that response will do for a request
//! (RFC 9111 §4). Finding the stored response is left to its owner; validators are compared in
//! [`conditional`](crate::conditional).

use std::time::Duration;

use crate::conditional::Validators;
use crate::freshness::Freshness;
use crate::policy::{ClientRefresh, Policy};
use crate::request::RequestFacts;
use crate::vary::Vary;

/// The terms under which one stored response is reused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// How long it is fresh.
    pub freshness: Freshness,
    /// Which request fields chose it.
    pub vary: Vary,
    /// What conditional requests are compared with.
    pub validators: Validators,
    /// Its status.
    pub status: u16,
    /// It says of itself that it may answer requests with `Authorization` (RFC 9111 §3.5).
    pub open_to_authorized: bool,
    /// It may answer requests with `Cookie`: its handler said that it is for others too, or its key holds the cookies.
    pub open_to_cookies: bool,
}

/// Whether a stored response answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// It does: send it with this age.
    Serve {
        /// For the `Age` field: see [`age::field_value`](crate::age::field_value).
        age: Duration,
    },
    /// It does not, because it is stale (RFC 9111 §4.2).
    Stale,
    /// It would, but this request does not want it: a client that asks for better, or credentials that a response for
    /// everybody was not made for.
    Declined,
}

impl Terms {
    /// Decides for a request, `resident` after the response was stored. Whether its variant fits was decided by its
    /// key.
    #[must_use]
    pub fn reuse(&self, request: &RequestFacts, policy: &Policy, resident: Duration) -> Reuse {
        if !self.freshness.is_fresh(resident) {
            Reuse::Stale
        } else if self.is_declined(request, policy, resident) {
            Reuse::Declined
        } else {
            Reuse::Serve { age: self.freshness.age(resident) }
        }
    }

    fn is_declined(&self, request: &RequestFacts, policy: &Policy, resident: Duration) -> bool {
        // What was made for the anonymous is right to share (RFC 9111 §3.5 is about storing), yet a handler that forgot
        // `Vary` would show signed-in users the page of a stranger: both directions need the same permission.
        if request.authorized && !self.open_to_authorized || request.cookies && !self.open_to_cookies {
            return true;
        }
        let wishes = &request.directives;
        policy.refresh() == ClientRefresh::Honoured
            && (wishes.no_cache
                || wishes.max_age.is_some_and(|limit| self.freshness.age(resident) > limit)
                || wishes.min_fresh.is_some_and(|wanted| self.freshness.time_left(resident) < wanted))
    }
}
