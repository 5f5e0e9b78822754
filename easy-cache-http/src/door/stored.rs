//! What the cache holds for a URI: a response, or a note on how its variants differ. Where each is stored is decided in `variants`, how it is sent in `respond`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::cache_control::ResponseDirectives;
use crate::headers::KeptFields;
use crate::{Headers, Policy, RequestFacts, Reuse, Terms, Vary, validate};
use bytes::Bytes;
use easy_cache_core::{Basis, Cache, Stored, Tag};
use http::header::{AGE, CACHE_STATUS, CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::key;
use super::mark::Mark;
use super::portable::Kept;

/// A response as it was recorded. Its body is shared with everybody who is sent it.
#[derive(Debug)]
pub(crate) struct StoredResponse {
    pub(crate) status: StatusCode,
    /// With room for `Age` and `Cache-Status`, so that a hit replaces values and moves nothing.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) terms: Terms,
    pub(crate) tags: Arc<[Tag]>,
    /// What its handler said of it: a 304 that says nothing leaves it at that.
    pub(crate) mark: Option<Mark>,
    /// The time from the response's head to its storing: the store counts from there.
    pub(crate) recorded_for: Duration,
}

/// Memory that a header line takes beside its text.
const PER_FIELD: usize = 96;

impl StoredResponse {
    /// The same response with the fields of a 304 in place of its own, and none that belong to one passing by but the age of
    /// the 304, which is how long ago it was confirmed.
    pub(crate) fn renewed(&self, update: &HeaderMap) -> HeaderMap {
        let mut headers = self.headers.clone();
        [AGE, CACHE_STATUS, DATE].iter().for_each(|name| drop(headers.remove(name)));
        for age in update.get_all(AGE) {
            headers.append(AGE, age.clone());
        }
        let kept = KeptFields::of(update, &ResponseDirectives::parse(update));
        let renewing =
            |name: &HeaderName, is_stored| kept.keeps(name.as_str()) && validate::renews(name.as_str(), is_stored);
        for name in update.keys().filter(|name| renewing(name, self.headers.contains_key(*name))) {
            headers.remove(name);
            for value in update.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        headers
    }

    /// The fields of a 304 that it keeps to its own client by name (`private="set-cookie"`). Those of its connection are not
    /// among them.
    pub(crate) fn fields_for_one(update: &HeaderMap) -> HeaderMap {
        let for_all = KeptFields::of(update, &ResponseDirectives::parse(update));
        let for_this_client = KeptFields::of(update, &ResponseDirectives::default());
        let is_for_one =
            |name: &str| for_this_client.keeps(name) && !for_all.keeps(name) && validate::renews(name, false);
        let fields = update.iter().filter(|(name, _)| is_for_one(name.as_str()));
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The header fields that are kept with a body.
    pub(crate) fn fields(received: &HeaderMap, kept: &KeptFields) -> HeaderMap {
        // A copy of the whole is cheaper than line by line.
        let mut headers = if received.keys().all(|name| kept.keeps(name.as_str())) {
            received.clone()
        } else {
            received
                .iter()
                .filter(|(name, _)| kept.keeps(name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        headers.reserve(3);
        headers.insert(AGE, HeaderValue::from_static("0"));
        headers.insert(CACHE_STATUS, HeaderValue::from_static("easy-cache"));
        headers
    }

    /// A `HEAD` must tell the length of a body that it does not send.
    pub(crate) fn with_length(mut self) -> Self {
        if self.status != StatusCode::NO_CONTENT {
            self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        self
    }

    /// The memory that it takes.
    pub(crate) fn weight(&self) -> u64 {
        let fields: usize =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + PER_FIELD).sum();
        (size_of::<Self>() + self.body.len() + fields) as u64
    }
}

/// Not to be foreseen by who would like to have more variants kept than the limit allows.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A note under the key of a URI: its responses differ by these request fields.
#[derive(Debug, Clone)]
pub(crate) struct Varies {
    pub(crate) fields: Vary,
    generation: u64,
    /// Which variants were stored in this generation, by the hashes of their keys.
    kept: Kept,
}

impl Varies {
    /// Its generation is nobody else's, in no process: by chance.
    pub(crate) fn by(fields: Vary) -> Self {
        static GENERATIONS: AtomicU64 = AtomicU64::new(0);
        let generation = HASHES.hash_one(GENERATIONS.fetch_add(1, Ordering::Relaxed));
        Self { fields, generation, kept: Arc::default() }
    }

    /// One that was stored before.
    pub(crate) fn again(fields: Vary, generation: u64, kept: Kept) -> Self {
        Self { fields, generation, kept }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The note that is stored for a URI now.
    pub(crate) fn of(cache: &Cache, base: &[u8]) -> Option<Arc<Self>> {
        cache.stored(base)?.downcast().ok()
    }

    pub(crate) fn key<H: Headers + ?Sized>(&self, base: &[u8], policy: &Policy, headers: &H) -> Vec<u8> {
        key::variant(base, self.generation, &self.fields, policy, headers)
    }

    pub(crate) fn is_same(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| other.generation == self.generation)
    }

    /// Whether every field that chose a response chooses among these variants.
    pub(crate) fn covers(&self, vary: &Vary) -> bool {
        vary.fields().iter().all(|field| self.fields.fields().contains(field))
    }

    /// All fields that are known to choose. A response may be filed under more fields than chose it, never under fewer.
    pub(crate) fn with(&self, vary: &Vary) -> Vary {
        let mut fields = [self.fields.fields(), vary.fields()].concat();
        fields.sort_unstable();
        fields.dedup();
        Vary::Fields(fields)
    }

    /// Notes a variant, once for all the times that it is stored; `false` if there are too many.
    pub(crate) fn admits(&self, key: &[u8], limit: usize) -> bool {
        let hash = HASHES.hash_one(key);
        let mut kept = self.kept.lock();
        kept.contains(&hash) || kept.len() < limit && kept.insert(hash)
    }
}

/// Whatever was found under a key.
pub(crate) enum Value {
    Response(Hit),
    Varies(Arc<Varies>),
    /// Something that is none of ours, and will be overwritten.
    Foreign,
}

impl Value {
    pub(crate) fn of(stored: Stored) -> Self {
        let Stored { value, age, remaining, waited, basis, .. } = stored;
        match value.downcast::<StoredResponse>() {
            Ok(response) => Self::Response(Hit {
                resident: age.saturating_add(response.recorded_for),
                response,
                remaining,
                waited,
                basis,
            }),
            Err(value) => value.downcast().map_or(Self::Foreign, Self::Varies),
        }
    }
}

/// Whether a response goes out as it is. Whatever else the rules may come to say is no such word.
pub(crate) fn is_served(reuse: Reuse) -> bool {
    matches!(reuse, Reuse::Serve { .. } | Reuse::ServeAndRefresh { .. } | Reuse::ServeStale { .. })
}

/// Whether a request takes what it finds while it waits: a note, or a response that goes out as it is.
pub(crate) fn is_accepted(stored: &Stored, facts: &RequestFacts, policy: &Policy) -> bool {
    stored
        .value
        .downcast_ref::<StoredResponse>()
        .is_none_or(|response| is_served(response.terms.reuse(facts, policy, stored.age + response.recorded_for)))
}

/// A stored response that was found.
#[derive(Debug)]
pub struct Hit {
    pub(crate) response: Arc<StoredResponse>,
    /// How long ago its head was there.
    pub(crate) resident: Duration,
    /// How much longer the store keeps it, which is shorter than it is fresh if something that it was built from ends before.
    remaining: Option<Duration>,
    /// It was recorded for another request while this one waited.
    pub(crate) waited: bool,
    /// What it depends on.
    basis: Basis,
}

impl Hit {
    /// For `Cache-Status`: for how many seconds it may answer others.
    pub(crate) fn ttl_seconds(&self) -> i64 {
        let stated = self.response.terms.freshness.ttl_seconds(self.resident);
        let kept = self.remaining.and_then(|remaining| i64::try_from(remaining.as_secs()).ok());
        kept.map_or(stated, |kept| kept.min(stated))
    }

    /// Whether and how it answers this request.
    pub(crate) fn reuse(&self, facts: &RequestFacts, policy: &Policy) -> Reuse {
        self.response.terms.reuse(facts, policy, self.resident)
    }

    /// Whether it answers this request, as it is.
    pub(crate) fn is_served(&self, facts: &RequestFacts, policy: &Policy) -> bool {
        is_served(self.reuse(facts, policy))
    }

    /// Whether a request may go to the handler with it. What was made for others than its client must not answer it, not even
    /// if the handler confirms it.
    pub(crate) fn may_be_asked_about(&self, facts: &RequestFacts, policy: &Policy) -> bool {
        let reuse = self.reuse(facts, policy);
        is_served(reuse) || matches!(reuse, Reuse::Stale | Reuse::Unwanted)
    }

    /// Whether it is good for nothing any more. The store keeps what may be confirmed for longer than it is of use.
    pub(crate) fn is_over(&self) -> bool {
        self.response.terms.useful_for(self.resident).is_zero()
    }

    /// Whether nothing of it was invalidated here since it was looked up.
    pub(crate) fn is_current(&self) -> bool {
        self.basis.is_current()
    }

    /// Whether it was stale when it was looked up. Who is served it all the same must not pass it on as fresh.
    pub(crate) fn is_stale(&self) -> bool {
        !self.response.terms.freshness.is_fresh(self.resident)
    }
}
