//! Purges on request: who may is decided by a closure of the application. What is dropped is gone when the request is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use easy_cache_core::{Cache, Tag};
use http::header::CACHE_STATUS;
use http::{Response, StatusCode};

use super::common;
use super::incoming::Incoming;
use super::key;
use super::outward::{ANY, read_name};
use super::settings::Settings;
use crate::target::Hosts;
use crate::{CacheStatus, Headers};

/// The method, as Varnish, Fastly and nginx have it.
const METHOD: &str = "PURGE";

/// The fields that name tags, as a response names them (see [`TagField`](super::TagField)).
const NAMING: [&str; 2] = ["surrogate-key", "cache-tag"];

/// A purge on its way to its answer.
pub type Purging = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// What is to be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Order {
    Tags(Vec<Tag>),
    Everything,
}

/// Purges what a request names, if it asks for that and may: the tags in its `Surrogate-Key` or `Cache-Tag`, everything if that is
/// `*`, or else the responses of its path.
pub(crate) fn purging<I: Incoming>(settings: &Arc<Settings>, request: &I) -> Option<Purging> {
    let is_at_route = is_at_route(settings, request);
    if !(is_at_route || request.method() == METHOD) || !request.may_purge() {
        return None;
    }
    let order = match NAMING.iter().any(|name| request.fields().has(name)) {
        true => named(request),
        false if is_at_route => of_query(request),
        false => of_path(request),
    };
    let settings = Arc::clone(settings);
    Some(Box::pin(async move {
        let status = match order {
            Some(order) => purge(&settings.cache, &order).await,
            None => StatusCode::BAD_REQUEST,
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        let told = common::status(CacheStatus::generated(&settings.name).detail("purge"));
        response.headers_mut().insert(CACHE_STATUS, told);
        response
    }))
}

/// Whether it is a `POST` to where those purge whose clients have no other method.
fn is_at_route<I: Incoming>(settings: &Settings, request: &I) -> bool {
    request.method() == "POST" && settings.purge_at.as_deref().is_some_and(|path| path == request.address().path)
}

async fn purge(cache: &Cache, order: &Order) -> StatusCode {
    let purged = match order {
        Order::Tags(tags) => cache.invalidate_tags(tags).await,
        Order::Everything => cache.invalidate_all().await,
    };
    match purged {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, ?order, "failed to purge on request");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn of_path<I: Incoming>(request: &I) -> Option<Order> {
    let target = key::target(request.address(), Hosts::of(request.fields())).ok()?;
    Some(Order::Tags(vec![key::tag_of(&target)]))
}

/// The paths that a query names, on the host that was asked: `path=/books/7`. `None` if there is none, or one cannot be read.
fn of_query<I: Incoming>(request: &I) -> Option<Order> {
    let target = key::target(request.address(), Hosts::of(request.fields())).ok()?;
    let mut tags = Vec::new();
    for pair in target.query?.split('&') {
        let path = read_name(pair.strip_prefix("path=")?).filter(|path| path.starts_with('/'))?;
        tags.push(key::path_tag(target.origin_authority(), &path));
    }
    Some(Order::Tags(tags))
}

/// A name outside does not tell what kind of tag it is: all of that name go. `None` if there is none, or one cannot be read.
fn named<I: Incoming>(request: &I) -> Option<Order> {
    let (mut tags, mut is_everything) = (Vec::new(), false);
    for line in NAMING.iter().flat_map(|name| request.fields().lines_of(name)) {
        let line = std::str::from_utf8(line).ok()?;
        for name in line.split([' ', ',', '\t']).filter(|name| !name.is_empty()) {
            is_everything |= name == ANY;
            tags.extend(of_every_kind(&read_name(name)?));
        }
    }
    if is_everything {
        return Some(Order::Everything);
    }
    (!tags.is_empty()).then_some(Order::Tags(tags))
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
