//! Requests that go straight to the handler, and what an unsafe one drops when it succeeds, or may have.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::{CacheStatus, Forward, Headers, MethodClass, RequestFacts, Target, for_each_invalidated};
use easy_cache_core::{Cache, Error, Tag};
use http::{HeaderMap, HeaderValue};

use super::apart::Place;
use super::common;
use super::incoming::{Address, Incoming};
use super::key;
use super::mark::Mark;
use super::outward::Told;
use super::respond;
use super::settings::Settings;
use super::settle;

/// What is remembered of a request that the cache does not answer.
#[derive(Debug)]
pub struct Passage {
    settings: Arc<Settings>,
    forward: Forward,
    detail: Option<&'static str>,
    change: Option<Box<Change>>,
    told_key: Option<String>,
    watch: Option<Watch>,
}

/// A request that takes this way because responses of its key turned out not to be for keeping: whether that is still so is seen
/// from its response.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) facts: RequestFacts,
    pub(crate) place: Place,
    /// The reading of the clock when the handler was called.
    pub(crate) called: Duration,
}

impl Watch {
    /// Yields why the response was not to be kept. One that was is missed: the next one goes the way of those that are kept.
    fn look<H: Headers + ?Sized>(
        &self,
        settings: &Settings,
        status: u16,
        response: &H,
        mark: Option<&Mark>,
    ) -> &'static str {
        let Self { facts, place, called } = self;
        let now = settings.cache.clock().ticked();
        let took = now.saturating_sub(*called);
        let lasts = settle::unshared_for(took);
        match settle::plan(settings, facts, took, status, response, mark) {
            Ok(_) => {
                settings.apart.missed(*place, now, lasts);
                "not-kept-before"
            }
            Err(why) => {
                if why.is_lasting && status < 500 {
                    settings.apart.refused(*place, now, lasts, true);
                }
                why.word
            }
        }
    }
}

/// An invalidation on its way.
pub type Dropping = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Passage {
    pub(crate) fn new(settings: &Arc<Settings>, forward: Forward, detail: Option<&'static str>) -> Self {
        Self { settings: Arc::clone(settings), forward, detail, change: None, told_key: None, watch: None }
    }

    /// Says in `Cache-Status` under which key an answer was looked for.
    pub(crate) fn telling(mut self, key: Option<String>) -> Self {
        self.told_key = key;
        self
    }

    /// A request whose response is mostly not for keeping.
    pub(crate) fn watched(settings: &Arc<Settings>, forward: Forward, watch: Watch) -> Self {
        Self { watch: Some(watch), ..Self::new(settings, forward, None) }
    }

    /// A request that may change things.
    pub(crate) fn changing<I: Incoming>(settings: &Arc<Settings>, request: &I) -> Self {
        Self { change: Some(Box::new(Change::of(settings, request))), ..Self::new(settings, Forward::Method, None) }
    }

    /// Looks at the handler's response, and at what the handler said of it. Yields what `Cache-Status` says of it, to be added to
    /// what caches behind this one said, and what must be awaited before the response may be sent.
    pub fn finish<H: Headers + ?Sized>(
        &mut self,
        status: u16,
        response: &H,
        mark: Option<&Mark>,
    ) -> (HeaderValue, Option<Dropping>) {
        let tags = self.change.take().map(|change| change.answered(status, response));
        if let Some(watch) = self.watch.take() {
            self.detail = Some(watch.look(&self.settings, status, response, mark));
        }
        let status = CacheStatus::forwarded(&self.settings.name, self.forward).status(status);
        let status = respond::telling(status, self.told_key.as_deref());
        let status = self.detail.map_or(status, |detail| status.detail(detail));
        let dropping = tags.filter(|tags| !tags.is_empty()).map(|tags| self.invalidate(tags));
        (common::status(status), dropping)
    }

    /// What caches in front are told of the handler's response, in place of what it says in these fields: nobody knows on what it
    /// depends, so it is not for them. Nothing, unless the tags of responses are told.
    #[must_use]
    pub fn told(&self) -> HeaderMap {
        let mut fields = HeaderMap::new(); // does not allocate
        if let Some(field) = &self.settings.tag_field {
            field.tell(Told::NotKept, true, &mut fields);
        }
        fields
    }

    /// There will be no response.
    pub fn fail(&mut self) {
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
    path: String,
    query: Option<String>,
    /// More than one if it is not clear which was meant: then all of them changed.
    authorities: Vec<String>,
}

impl Change {
    fn of<I: Incoming>(settings: &Settings, request: &I) -> Self {
        let Address { authority, path, query, .. } = request.address();
        let hosts = request.fields().lines_of("host").filter_map(|host| std::str::from_utf8(host).ok());
        let mut authorities: Vec<_> = authority.into_iter().chain(hosts).map(str::to_ascii_lowercase).collect();
        authorities.dedup();
        if authorities.is_empty() {
            authorities.push(String::new());
        }
        let (path, query) = (path.to_owned(), query.map(str::to_owned));
        Self { cache: settings.cache.clone(), is_answered: false, path, query, authorities }
    }

    fn answered<H: Headers + ?Sized>(mut self, status: u16, response: &H) -> Vec<Tag> {
        self.is_answered = true;
        self.drops(status, response)
    }

    /// The scheme of the client is often not known (HTTP/1 does not say it, and what ends TLS before the application does not
    /// either), and the tags have none: what is named on the same host is dropped under both.
    fn drops<H: Headers + ?Sized>(&self, status: u16, response: &H) -> Vec<Tag> {
        let mut tags = Vec::new();
        for authority in &self.authorities {
            for scheme in ["http", "https"] {
                let target = Target::new(scheme, authority, &self.path, self.query.as_deref());
                for_each_invalidated(MethodClass::Unsafe, status, &target, response, |target| {
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
            let (cache, tags) = (self.cache.clone(), self.drops(200, &[] as &[(&str, &str)]));
            self.cache.see_to(async move { report(cache.invalidate_tags(&tags).await, &tags) });
        }
    }
}
