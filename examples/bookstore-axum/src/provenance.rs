//! Tells the page where it came from. A script cannot read the headers of the document it is in, except for
//! `Server-Timing`: so that one repeats, for this very answer, what `Cache-Status`, `Age` and `Bookstore-Tags` say.
//! Nothing here decides anything. [`tell`] belongs outside of every cache, so that the time is the one that this answer took.

use std::time::Instant;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header::AGE},
    middleware::Next,
    response::Response,
};
use easy_cache_tower::current_tags;

/// The tags that an answer depends on, separated by spaces.
const TAGS: &str = "bookstore-tags";

const CACHE_STATUS: &str = "cache-status";
const SERVER_TIMING: &str = "server-timing";

/// Adds `Server-Timing` to every answer.
pub(crate) async fn tell(req: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut res = next.run(req).await;
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    if let Ok(timing) = HeaderValue::try_from(server_timing(res.headers(), milliseconds)) {
        res.headers_mut().insert(SERVER_TIMING, timing);
    }
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

fn server_timing(headers: &HeaderMap, milliseconds: f64) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let source = if text(CACHE_STATUS).is_some_and(is_hit) { "hit" } else { "computed" };
    let mut timing = format!("total;dur={milliseconds:.3}, cache;desc={source}");
    if let Some(seconds) = text(AGE.as_str()).and_then(|age| age.parse::<u64>().ok()) {
        timing.push_str(&format!(", age;dur={}", seconds.saturating_mul(1000)));
    }
    if let Some(tags) = text(TAGS) {
        timing.push_str(&format!(r#", tags;desc="{}""#, tags.replace('\\', r"\\").replace('"', "\\\"")));
    }
    timing
}

/// Whether the last cache of the list, the one that is nearest to the client, answered from its store.
fn is_hit(cache_status: &str) -> bool {
    let nearest = cache_status.rsplit(',').next().unwrap_or_default();
    nearest.split(';').skip(1).any(|parameter| parameter.trim() == "hit")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn an_answer_without_a_cache_was_computed() {
        assert_eq!(server_timing(&headers(&[]), 1.5), "total;dur=1.500, cache;desc=computed");
    }

    #[test]
    fn a_hit_is_told_with_its_age_and_its_tags() {
        let hit =
            headers(&[("cache-status", "easy-cache; hit; ttl=3"), ("age", "7"), (TAGS, r#"books:42 authors "x""#)]);
        assert_eq!(
            server_timing(&hit, 0.25),
            r#"total;dur=0.250, cache;desc=hit, age;dur=7000, tags;desc="books:42 authors \"x\"""#
        );
    }

    #[test]
    fn a_miss_is_not_mistaken_for_a_hit() {
        for miss in ["easy-cache; fwd=uri-miss; stored", "hit; fwd=miss", "far; hit, easy-cache; fwd=stale"] {
            assert!(!is_hit(miss), "{miss}");
        }
    }
}
