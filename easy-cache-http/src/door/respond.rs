//! Writes answers: from a stored response, 304, 504, and `Cache-Status` on what others wrote.

use std::sync::Arc;

use crate::conditional::Validators;
use crate::range::{Part, PartOf};
use crate::{ByteRange, CacheStatus, Conditional, Forward, Headers, MethodClass, RequestFacts, age, headers};
use bytes::Bytes;
use easy_cache_core::{Tag, scope};
use http::header::{AGE, CACHE_STATUS, CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::exchange::Exchange;
use super::settings::Settings;
use super::stored::{Hit, StoredResponse};

/// The tags that a response depends on: an extension of each response that was stored, or came from the store.
///
/// A response whose body is still being produced has none yet: ask [`current_tags`](easy_cache_core::scope::current_tags) in the handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseTags(pub(crate) Arc<[Tag]>);

impl ResponseTags {
    /// The tags, each once, in order.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        &self.0
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
    let status = match waited_for {
        None => CacheStatus::hit(&settings.name),
        Some(forward) => CacheStatus::forwarded(&settings.name, forward).collapsed(),
    };
    from_store(hit, facts, request, telling(status, told_key))
}

/// Answers from the store in place of a handler that failed: with this status, or with an error.
pub(crate) fn stand_in(exchange: &Exchange, hit: &Hit, failure: Option<u16>) -> Response<Bytes> {
    let status = exchange.forwarded().detail("stale-if-error");
    let status = failure.map_or(status, |failure| status.status(failure));
    from_store(hit, &exchange.facts, &exchange.headers, status)
}

fn from_store<H: Headers + ?Sized>(
    hit: &Hit,
    facts: &RequestFacts,
    request: &H,
    status: CacheStatus<'_>,
) -> Response<Bytes> {
    if hit.is_stale() {
        scope::taint(); // whatever is made of it is not fresh either
    }
    let stored = &*hit.response;
    let terms = &stored.terms;
    let mut response = if has_it(facts, request, &terms.validators, stored.status) {
        not_modified(stored)
    } else if let Some(range) = range_of(stored, facts, request) {
        part(stored, range)
    } else {
        whole(stored, facts.method)
    };
    let age = age::field_value(terms.freshness.age(hit.resident));
    response.headers_mut().insert(AGE, HeaderValue::from(age));
    response.headers_mut().insert(CACHE_STATUS, value(status.ttl(hit.ttl_seconds())));
    response.extensions_mut().insert(ResponseTags(Arc::clone(&stored.tags)));
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

fn whole(stored: &StoredResponse, method: MethodClass) -> Response<Bytes> {
    let mut response = Response::new(if method == MethodClass::Head { Bytes::new() } else { stored.body.clone() });
    (*response.status_mut(), *response.headers_mut()) = (stored.status, stored.headers.clone());
    response
}

fn not_modified(stored: &StoredResponse) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    (*response.status_mut(), *response.headers_mut()) =
        (StatusCode::NOT_MODIFIED, fields_of_not_modified(&stored.headers));
    response
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
fn part(stored: &StoredResponse, range: ByteRange) -> Response<Bytes> {
    let total = stored.terms.part.map_or(stored.body.len() as u64, PartOf::total);
    let part = match stored.terms.part {
        Some(held) if held.was_sent_for(range) => held.part(),
        _ => range.within(total),
    };
    let (status, body, mut headers) = match cut(stored, part) {
        Some(body) => (StatusCode::PARTIAL_CONTENT, body, stored.headers.clone()),
        None => (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), HeaderMap::new()),
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Ok(range) = HeaderValue::try_from(part.content_range(total)) {
        headers.insert(CONTENT_RANGE, range);
    }
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
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
    headers.append(CACHE_STATUS, value(status));
}

/// A structured field has no byte that a header must not have.
pub(crate) fn value(status: CacheStatus<'_>) -> HeaderValue {
    let mut line = String::with_capacity(96);
    status.write(&mut line);
    HeaderValue::try_from(line).unwrap_or_else(|_| HeaderValue::from_static("easy-cache"))
}
