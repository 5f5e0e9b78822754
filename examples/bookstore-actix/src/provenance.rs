//! Tells the page where it came from, in the headers of actix-web. What is told is decided in `bookstore`. [`tell`] belongs
//! outside of every cache, so that the time is the one that this answer took.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use bookstore::provenance::{Provenance, TAGS};
use easy_cache_actix::current_tags;

/// Adds `Server-Timing` to every answer, and tells browsers to ask whether what they have is still current: they cannot be told
/// when it is not.
pub(crate) async fn tell<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let mut res = next.call(req).await?;
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    if let Ok(timing) = HeaderValue::try_from(provenance(res.headers()).server_timing(milliseconds)) {
        res.headers_mut().insert(HeaderName::from_static("server-timing"), timing);
    }
    if !res.headers().contains_key(CACHE_CONTROL) {
        res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    Ok(res)
}

/// Lists in `Bookstore-Tags` what the answer was built from. It belongs inside the cache, so that the list is kept with the
/// answer.
pub(crate) async fn list_tags<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let mut res = next.call(req).await?;
    let tags: Vec<_> = current_tags().iter().map(ToString::to_string).collect();
    if let (false, Ok(tags)) = (tags.is_empty(), HeaderValue::try_from(tags.join(" "))) {
        res.headers_mut().insert(HeaderName::from_static(TAGS), tags);
    }
    Ok(res)
}

fn provenance(headers: &HeaderMap) -> Provenance<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Provenance { cache_status: text("cache-status"), age: text("age"), tags: text(TAGS) }
}
