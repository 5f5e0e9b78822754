//! Purges on request: who may is decided by a closure of the application. What is dropped is gone when the request is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use easy_cache_core::{Cache, Tag};
use http::header::CACHE_STATUS;
use http::{Response, StatusCode};

use super::incoming::Incoming;
use super::key;
use super::outward::read_name;
use super::respond;
use super::settings::Settings;
use crate::{Bypass, CacheStatus, Headers};

/// The method, as Varnish, Fastly and nginx have it.
const METHOD: &str = "PURGE";

/// The fields that name tags, as a response names them (see [`TagField`](super::TagField)).
const NAMING: [&str; 2] = ["surrogate-key", "cache-tag"];

/// A purge on its way to its answer.
pub type Purging = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// Purges what a request names, if it asks for that and may: the tags in its `Surrogate-Key` or `Cache-Tag`, or the responses
/// of its path.
pub(crate) fn purging<I: Incoming>(settings: &Arc<Settings>, request: &I) -> Option<Purging> {
    if request.method() != METHOD || !request.may_purge() {
        return None;
    }
    let tags =
        if NAMING.iter().any(|name| request.fields().has(name)) { named(request) } else { of_path(request).ok() };
    let settings = Arc::clone(settings);
    Some(Box::pin(async move {
        let status = match tags {
            Some(tags) => purge(&settings.cache, &tags).await,
            None => StatusCode::BAD_REQUEST,
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        let told = respond::value(CacheStatus::generated(&settings.name).detail("purge"));
        response.headers_mut().insert(CACHE_STATUS, told);
        response
    }))
}

async fn purge(cache: &Cache, tags: &[Tag]) -> StatusCode {
    match cache.invalidate_tags(tags).await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, ?tags, "failed to purge on request");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn of_path<I: Incoming>(request: &I) -> Result<Vec<Tag>, Bypass> {
    Ok(vec![key::tag_of(&key::target(request)?)])
}

/// A name outside does not tell what kind of tag it is: all of that name go. `None` if one of them cannot be read.
fn named<I: Incoming>(request: &I) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    for line in NAMING.iter().flat_map(|name| request.fields().lines_of(name)) {
        let line = std::str::from_utf8(line).ok()?;
        for name in line.split([' ', ',', '\t']).filter(|name| !name.is_empty()) {
            tags.extend(of_every_kind(&read_name(name)?));
        }
    }
    Some(tags)
}

fn of_every_kind(name: &str) -> impl Iterator<Item = Tag> {
    let kinds = [Tag::new(""), Tag::prefix(""), Tag::table("")];
    kinds.into_iter().filter_map(move |kind| Tag::decode(&[kind.encoded(), name.as_bytes()].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_every_tag_that_is_called_so() {
        let tags: Vec<_> = of_every_kind("books:42").collect();
        assert_eq!(tags, [Tag::new("books:42"), Tag::prefix("books:42"), Tag::row("books", 42)]);
    }
}
