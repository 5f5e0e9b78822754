//! Tells the page where it came from, in the headers of axum. What is told is decided in `bookstore`. [`tell`] belongs outside of
//! every cache, so that the time is the one that this answer took.

use std::time::Instant;

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue,
        header::{AGE, CACHE_CONTROL},
    },
    middleware::Next,
    response::Response,
};
use bookstore::provenance::{Provenance, TAGS};
use easy_cache_tower::current_tags;

/// Adds `Server-Timing` to every answer, and tells browsers to ask whether what they have is still current: they cannot be told
/// when it is not.
pub(crate) async fn tell(req: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut res = next.run(req).await;
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    if let Ok(timing) = HeaderValue::try_from(provenance(res.headers()).server_timing(milliseconds)) {
        res.headers_mut().insert("server-timing", timing);
    }
    res.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    res
}

/// Lists in `Bookstore-Tags` what the answer was built from. It belongs inside the cache, so that the list is kept with the
/// answer.
pub(crate) async fn list_tags(req: Request, next: Next) -> Response {
    let mut res = next.run(req).await;
    let tags: Vec<_> = current_tags().iter().map(ToString::to_string).collect();
    if let (false, Ok(tags)) = (tags.is_empty(), HeaderValue::try_from(tags.join(" "))) {
        res.headers_mut().insert(TAGS, tags);
    }
    res
}

fn provenance(headers: &HeaderMap) -> Provenance<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Provenance { cache_status: text("cache-status"), age: text(AGE.as_str()), tags: text(TAGS) }
}
