//! Writes answers: from a stored response, 304, 504, and `Cache-Status` on what others wrote.

use std::sync::Arc;

use bytes::Bytes;
use easy_cache_core::{Tag, scope};
use easy_cache_http::{CacheStatus, Conditional, Forward, MethodClass, RequestFacts, age, headers};
use http::header::{AGE, CACHE_STATUS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::exchange::Exchange;
use crate::layer::Settings;
use crate::stored::Hit;

/// The tags that a response depends on: an extension of each response that was stored, or came from the store.
///
/// A response whose body is still being produced has none yet: ask [`current_tags`](crate::current_tags) in the handler.
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
pub(crate) fn stored(
    settings: &Settings,
    hit: &Hit,
    facts: &RequestFacts,
    request: &HeaderMap,
    waited_for: Option<Forward>,
) -> Response<Bytes> {
    let status = match waited_for {
        None => CacheStatus::hit(&settings.name),
        Some(forward) => CacheStatus::forwarded(&settings.name, forward).collapsed(),
    };
    from_store(hit, facts, request, status)
}

/// Answers from the store in place of a handler that failed: with this status, or with an error.
pub(crate) fn stand_in(exchange: &Exchange, hit: &Hit, failure: Option<u16>) -> Response<Bytes> {
    let status = CacheStatus::forwarded(&exchange.settings.name, exchange.forward).detail("stale-if-error");
    let status = failure.map_or(status, |failure| status.status(failure));
    from_store(hit, &exchange.facts, &exchange.headers, status)
}

fn from_store(hit: &Hit, facts: &RequestFacts, request: &HeaderMap, status: CacheStatus<'_>) -> Response<Bytes> {
    if hit.is_stale() {
        scope::taint(); // whatever is made of it is not fresh either
    }
    let stored = &*hit.response;
    let terms = &stored.terms;
    let whole = !facts.conditional || terms.validators.evaluate(stored.status.as_u16(), request) == Conditional::Full;
    let body = if whole && facts.method != MethodClass::Head { stored.body.clone() } else { Bytes::new() };
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = if whole {
        (stored.status, stored.headers.clone())
    } else {
        (StatusCode::NOT_MODIFIED, fields_of_not_modified(&stored.headers))
    };
    let age = age::field_value(terms.freshness.age(hit.resident));
    response.headers_mut().insert(AGE, HeaderValue::from(age));
    response.headers_mut().insert(CACHE_STATUS, value(status.ttl(terms.freshness.ttl_seconds(hit.resident))));
    response.extensions_mut().insert(ResponseTags(Arc::clone(&stored.tags)));
    response
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

/// Adds what this cache did to what caches behind it said.
pub(crate) fn add_status(headers: &mut HeaderMap, status: CacheStatus<'_>) {
    headers.append(CACHE_STATUS, value(status));
}

/// A structured field has no byte that a header must not have.
fn value(status: CacheStatus<'_>) -> HeaderValue {
    let mut line = String::with_capacity(96);
    status.write(&mut line);
    HeaderValue::try_from(line).unwrap_or_else(|_| HeaderValue::from_static("easy-cache"))
}
