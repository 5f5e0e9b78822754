//! One request and its response, put together in a line, and asked what becomes of them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use easy_cache_http::{Arrival, Decision, Plan, Policy, Refusal, RequestFacts, Reuse, date, decide};

pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// The moment at which every response arrives: a fixed one, so that no test depends on when it runs.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_704_067_200)
}

/// The date so many seconds after that moment.
pub(crate) fn date_at(offset: i64) -> String {
    let distance = seconds(offset.unsigned_abs());
    date::format(if offset < 0 { now() - distance } else { now() + distance })
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Owned, so that a test can build the fields in place.
type Owned = Vec<(String, String)>;

fn owned(fields: Fields<'_>) -> Owned {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[derive(Clone)]
pub(crate) struct Exchange {
    method: String,
    request: Owned,
    status: u16,
    response: Owned,
    delay: Duration,
    policy: Policy,
}

/// A `GET` that is answered with 200 and these fields at once.
pub(crate) fn response(response: Fields<'_>) -> Exchange {
    let (method, request, response) = ("GET".to_owned(), Vec::new(), owned(response));
    Exchange { method, request, status: 200, response, delay: Duration::ZERO, policy: Policy::new() }
}

/// The same with only `Cache-Control`.
pub(crate) fn cache_control(value: &str) -> Exchange {
    response(&[("cache-control", value)])
}

impl Exchange {
    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn asked_with(mut self, request: Fields<'_>) -> Self {
        self.request = owned(request);
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    fn facts(&self) -> RequestFacts {
        RequestFacts::of(&self.method, &self.request[..])
    }

    pub(crate) fn decision(&self) -> Decision {
        let arrival = Arrival { at: now(), delay: self.delay };
        decide(&self.facts(), self.status, &self.response[..], arrival, &self.policy)
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self.decision() {
            Decision::Store(_) => None,
            Decision::Refuse(refusal) => Some(refusal),
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        match self.decision() {
            Decision::Store(plan) => *plan,
            Decision::Refuse(refusal) => panic!("not stored: {refusal:?}"),
        }
    }

    /// What a later request with these fields gets.
    pub(crate) fn reuse(&self, later: Fields<'_>, after: u64) -> Reuse {
        self.plan().terms.reuse(&RequestFacts::of("GET", later), &self.policy, seconds(after))
    }

    /// Whether an equal request is answered from the store so many seconds later.
    pub(crate) fn is_reused_after(&self, after: u64) -> bool {
        let Decision::Store(plan) = self.decision() else { return false };
        matches!(plan.terms.reuse(&self.facts(), &self.policy, seconds(after)), Reuse::Serve { .. })
    }
}
