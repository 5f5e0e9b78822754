//! Writes answers: from a stored response, 304, 504, and `Cache-Status` on what others wrote.

use std::sync::Arc;

use crate::conditional::Validators;
use crate::range::{Part, PartOf};
use crate::{ByteRange, CacheStatus, Conditional, Forward, Headers, MethodClass, RequestFacts, headers};
use bytes::Bytes;
use easy_cache_core::{Tag, scope};
use http::header::{CACHE_STATUS, CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::block;
use super::common::{self, line as value};
use super::exchange::Exchange;
use super::settings::Settings;
use super::stored::{Hit, StoredResponse};

/// The tags that a response depends on: an extension of each response that was stored, or came from the store.
///
/// A response whose body is still being produced has none yet: ask [`current_tags`](easy_cache_core::scope::current_tags) in the handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseTags(Option<Arc<[Tag]>>);

impl ResponseTags {
    pub(crate) fn of(tags: Vec<Tag>) -> Self {
        Self((!tags.is_empty()).then(|| tags.into()))
    }

    /// The tags, each once, in order.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Answers from the store. A request that waited for another one's answer went on together with that one: `waited_for`
/// says why.
pub(crate) fn stored<H: Headers + ?Sized>(
    settings: &Settings,
    hit: &Hit,
    facts: &RequestFacts,
    request: &H,
    waited_for: Option<Forward>,
    told_key: Option<&str>,
) -> Response<Bytes> {
    if hit.is_stale() {
        scope::taint(); // whatever is made of it is not fresh either
    }
    let status = match waited_for {
        None => CacheStatus::hit(&settings.name),
        Some(forward) => CacheStatus::forwarded(&settings.name, forward).collapsed(),
    };
    let status = telling(status, told_key).ttl(hit.ttl_seconds());
    let is_like_others = waited_for.is_none() && told_key.is_none();
    match shape(hit, facts, request) {
        Shape::Whole if is_like_others => {
            let stored = &*hit.response;
            let said = (&*settings.name, hit.age_seconds(), hit.ttl_seconds());
            let fields = stored.last_hit.fields(said, || stored.headers(), || value(status));
            with_tags(hit, whole(stored, facts.method), fields)
        }
        shape => shaped(hit, facts, shape, value(status)),
    }
}

/// Answers from the store in place of a handler that failed: with this status, or with an error.
pub(crate) fn stand_in(exchange: &Exchange, hit: &Hit, failure: Option<u16>) -> Response<Bytes> {
    if hit.is_stale() {
        scope::taint();
    }
    let status = exchange.forwarded().detail("stale-if-error").ttl(hit.ttl_seconds());
    let status = failure.map_or(status, |failure| status.status(failure));
    let shape = shape(hit, &exchange.facts, &exchange.headers);
    shaped(hit, &exchange.facts, shape, value(status))
}

/// What a client is sent of a stored response.
enum Shape {
    Whole,
    Part(ByteRange),
    NotModified,
}

fn shape<H: Headers + ?Sized>(hit: &Hit, facts: &RequestFacts, request: &H) -> Shape {
    let stored = &*hit.response;
    if has_it(facts, request, &stored.terms.validators, stored.status) {
        return Shape::NotModified;
    }
    range_of(stored, facts, request).map_or(Shape::Whole, Shape::Part)
}

fn shaped(hit: &Hit, facts: &RequestFacts, shape: Shape, status: HeaderValue) -> Response<Bytes> {
    let stored = &*hit.response;
    let (response, mut fields) = match shape {
        Shape::Whole => (whole(stored, facts.method), stored.headers()),
        Shape::Part(range) => part(stored, range),
        Shape::NotModified => ((StatusCode::NOT_MODIFIED, Bytes::new()), stored.headers_of_not_modified()),
    };
    block::say(&mut fields, hit.age_seconds(), status);
    with_tags(hit, response, fields)
}

fn with_tags(hit: &Hit, (status, body): (StatusCode, Bytes), fields: HeaderMap) -> Response<Bytes> {
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, fields);
    response.extensions_mut().insert(hit.response.tags.clone());
    response
}

/// Whether a client has this very response already.
pub(crate) fn has_it<H: Headers + ?Sized>(
    facts: &RequestFacts,
    request: &H,
    validators: &Validators,
    status: StatusCode,
) -> bool {
    facts.conditional && validators.evaluate(status.as_u16(), request) == Conditional::NotModified
}

fn whole(stored: &StoredResponse, method: MethodClass) -> (StatusCode, Bytes) {
    (stored.status, if method == MethodClass::Head { Bytes::new() } else { stored.body.clone() })
}

/// The part that is asked for, and may be cut from this response.
fn range_of<H: Headers + ?Sized>(stored: &StoredResponse, facts: &RequestFacts, request: &H) -> Option<ByteRange> {
    let has_bytes = stored.status == StatusCode::OK || stored.terms.part.is_some();
    if !facts.range || !has_bytes {
        return None;
    }
    ByteRange::of(request).filter(|_| stored.terms.validators.allow_range(request))
}

/// Shares the bytes of the stored body.
fn part(stored: &StoredResponse, range: ByteRange) -> ((StatusCode, Bytes), HeaderMap) {
    let total = stored.terms.part.map_or(stored.body.len() as u64, PartOf::total);
    let part = match stored.terms.part {
        Some(held) if held.was_sent_for(range) => held.part(),
        _ => range.within(total),
    };
    let (status, body, mut headers) = match cut(stored, part) {
        Some(body) => (StatusCode::PARTIAL_CONTENT, body, stored.headers()),
        None => (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), HeaderMap::new()),
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Ok(range) = HeaderValue::try_from(part.content_range(total)) {
        headers.insert(CONTENT_RANGE, range);
    }
    ((status, body), headers)
}

fn cut(stored: &StoredResponse, part: Part) -> Option<Bytes> {
    let Part::Bytes { first, last } = part else { return None };
    let start = stored.terms.part.map_or(Some(first), |held| held.offset_of(part))?;
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(start + (last - first) + 1).ok()?);
    (end <= stored.body.len()).then(|| stored.body.slice(start..end))
}

/// What a 304 says of the response that the client has.
pub(crate) fn fields_of_not_modified(whole: &HeaderMap) -> HeaderMap {
    let mut fields = HeaderMap::with_capacity(whole.len());
    for (name, value) in whole.iter().filter(|(name, _)| headers::belongs_to_not_modified(name.as_str())) {
        fields.append(name, value.clone());
    }
    fields
}

/// The client wanted a stored response or none.
pub(crate) fn only_if_cached(settings: &Settings, status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
    add_status(response.headers_mut(), CacheStatus::generated(&settings.name).detail("only-if-cached"));
    response
}

/// With the key, where it is to be told.
pub(crate) fn telling<'a>(status: CacheStatus<'a>, key: Option<&'a str>) -> CacheStatus<'a> {
    key.map_or(status, |key| status.key(key))
}

/// Adds what this cache did to what caches behind it said.
pub(crate) fn add_status(headers: &mut HeaderMap, status: CacheStatus<'_>) {
    headers.append(CACHE_STATUS, common::status(status));
}
