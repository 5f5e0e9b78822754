//! Requests that go straight to the handler, and what an unsafe one drops when it succeeds, or may have.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use easy_cache_core::{Cache, Error, Tag};
use easy_cache_http::{CacheStatus, Forward, MethodClass, Target, for_each_invalidated};
use http::header::HOST;
use http::{HeaderMap, Request, StatusCode, Uri, response};

use crate::key;
use crate::layer::Settings;
use crate::respond;

/// What is remembered of a request that the cache does not answer.
#[derive(Debug)]
pub(crate) struct Passage {
    settings: Arc<Settings>,
    forward: Forward,
    detail: Option<&'static str>,
    change: Option<Change>,
    told_key: Option<String>,
}

/// An invalidation on its way.
pub(crate) type Dropping = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Passage {
    pub(crate) fn new(settings: &Arc<Settings>, forward: Forward, detail: Option<&'static str>) -> Self {
        Self { settings: Arc::clone(settings), forward, detail, change: None, told_key: None }
    }

    /// Says in `Cache-Status` under which key an answer was looked for.
    pub(crate) fn telling(mut self, key: Option<String>) -> Self {
        self.told_key = key;
        self
    }

    /// A request that may change things.
    pub(crate) fn changing<R>(settings: &Arc<Settings>, request: &Request<R>) -> Self {
        Self { change: Some(Change::of(settings, request)), ..Self::new(settings, Forward::Method, None) }
    }

    /// Marks the response. What comes back must be awaited before the response may be sent.
    pub(crate) fn finish(&mut self, response: &mut response::Parts) -> Option<Dropping> {
        let status = CacheStatus::forwarded(&self.settings.name, self.forward).status(response.status.as_u16());
        let status = respond::telling(status, self.told_key.as_deref());
        let status = self.detail.map_or(status, |detail| status.detail(detail));
        let tags = self.change.take().map(|change| change.answered(response.status, &response.headers));
        respond::add_status(&mut response.headers, status);
        tags.filter(|tags| !tags.is_empty()).map(|tags| self.invalidate(tags))
    }

    /// There will be no response.
    pub(crate) fn fail(&mut self) {
        self.change = None;
    }

    fn invalidate(&self, tags: Vec<Tag>) -> Dropping {
        let cache = self.settings.cache.clone();
        Box::pin(async move { report(cache.invalidate_tags(&tags).await, &tags) })
    }
}

fn report<T>(result: Result<T, Error>, tags: &[Tag]) {
    if let Err(error) = result {
        tracing::error!(%error, ?tags, "failed to drop the responses that an unsafe request made invalid");
    }
}

/// An unsafe request, and its target. Without an answer (its client went away, its handler panicked or was given up) nobody
/// knows whether it changed something: then it drops the page of its target when it is dropped.
#[derive(Debug)]
struct Change {
    cache: Cache,
    is_answered: bool,
    uri: Uri,
    /// More than one if it is not clear which was meant: then all of them changed.
    authorities: Vec<String>,
}

impl Change {
    fn of<R>(settings: &Settings, request: &Request<R>) -> Self {
        let uri = key::uri(request).clone();
        let named = uri.authority().map(|authority| authority.as_str().to_owned());
        let hosts = request.headers().get_all(HOST).into_iter();
        let hosts = hosts.filter_map(|host| host.to_str().ok().map(str::to_ascii_lowercase));
        let mut authorities: Vec<_> = named.map(|name| name.to_ascii_lowercase()).into_iter().chain(hosts).collect();
        authorities.dedup();
        if authorities.is_empty() {
            authorities.push(String::new());
        }
        Self { cache: settings.cache.clone(), is_answered: false, uri, authorities }
    }

    fn answered(mut self, status: StatusCode, response: &HeaderMap) -> Vec<Tag> {
        self.is_answered = true;
        self.drops(status, response)
    }

    /// The scheme of the client is often not known (HTTP/1 does not say it, and what ends TLS before the application does not
    /// either), and the tags have none: what is named on the same host is dropped under both.
    fn drops(&self, status: StatusCode, response: &HeaderMap) -> Vec<Tag> {
        let mut tags = Vec::new();
        for authority in &self.authorities {
            for scheme in ["http", "https"] {
                let target = Target { scheme, ..key::target_at(&self.uri, authority) };
                for_each_invalidated(MethodClass::Unsafe, status.as_u16(), &target, response, |target| {
                    tags.push(key::tag_of(target));
                });
            }
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if !self.is_answered {
            let tags = self.drops(StatusCode::OK, &HeaderMap::new());
            report(self.cache.invalidate_tags(&tags).wait(), &tags);
        }
    }
}
