//! What the cache holds for a URI: a response, or a note on how its variants differ. Where each is stored is decided in `variants`, how it is sent in `respond`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::cache_control::ResponseDirectives;
use crate::headers::KeptFields;
use crate::{Headers, Policy, RequestFacts, Reuse, Terms, Vary, age, headers, validate};
use bytes::Bytes;
use easy_cache_core::{Basis, Cache, Stored};
use http::header::{AGE, CACHE_STATUS, CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::block::{Block, LastHit};
use super::key;
use super::mark::Mark;
use super::portable::Kept;
use super::respond::ResponseTags;

/// A response as it was recorded. Its body is shared with everybody who is sent it.
#[derive(Debug)]
pub(crate) struct StoredResponse {
    pub(crate) status: StatusCode,
    /// But for `Age`, `Cache-Status` and the length, which are written.
    pub(crate) fields: Block,
    pub(crate) body: Bytes,
    pub(crate) terms: Terms,
    pub(crate) tags: ResponseTags,
    /// What its handler said of it: a 304 that says nothing leaves it at that.
    pub(crate) mark: Option<Mark>,
    /// The time from the response's head to its storing: the store counts from there.
    pub(crate) recorded_for: Duration,
    pub(crate) last_hit: LastHit,
}

/// Memory that a header line takes beside its text, once there was a hit.
const PER_FIELD: usize = 136;
/// The lines that are written: `Age`, `Cache-Status` and the length.
const WRITTEN: usize = 3;

impl StoredResponse {
    /// The same response with the fields of a 304 in place of its own, and none that belong to one passing by but the age of
    /// the 304, which is how long ago it was confirmed.
    pub(crate) fn renewed(&self, update: &HeaderMap) -> HeaderMap {
        let mut headers = self.headers();
        [AGE, CACHE_STATUS, DATE].iter().for_each(|name| drop(headers.remove(name)));
        for age in update.get_all(AGE) {
            headers.append(AGE, age.clone());
        }
        let kept = KeptFields::of(update, &ResponseDirectives::parse(update));
        let renewing =
            |name: &HeaderName, is_stored| kept.keeps(name.as_str()) && validate::renews(name.as_str(), is_stored);
        for name in update.keys().filter(|name| renewing(name, self.fields.has(name))) {
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

    /// The header fields that are kept with a body. The length is that of the body, if there can be one.
    pub(crate) fn kept_fields(received: &HeaderMap, status: StatusCode, kept: &KeptFields) -> Block {
        let says_length = status == StatusCode::NO_CONTENT;
        Block::of(received, |name| kept.keeps(name) && (says_length || name != CONTENT_LENGTH.as_str()))
    }

    /// Its fields, without what is true of one hit alone. A `HEAD` must tell the length of a body that it does not send.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.with_length(self.fields.to_map(|_| true))
    }

    /// The fields of a 304 about it.
    pub(crate) fn headers_of_not_modified(&self) -> HeaderMap {
        self.fields.to_map(headers::belongs_to_not_modified)
    }

    fn with_length(&self, mut headers: HeaderMap) -> HeaderMap {
        if self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        headers
    }

    /// The memory that it takes.
    pub(crate) fn weight(&self) -> u64 {
        let fields = self.fields.size() + (self.fields.len() + WRITTEN) * PER_FIELD;
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

    /// Whether it is still the note of its URI.
    pub(crate) fn is_in_place(&self, cache: &Cache, base: &[u8]) -> bool {
        self.is_same(Self::of(cache, base).as_deref())
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

    /// For `Age`.
    pub(crate) fn age_seconds(&self) -> u64 {
        age::field_value(self.response.terms.freshness.age(self.resident))
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
