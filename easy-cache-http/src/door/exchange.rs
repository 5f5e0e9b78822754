//! What is remembered of a request while the cache looks for an answer and while the handler works on one.
//! What is done with the answer is decided in `settle`.

use std::sync::Arc;
use std::time::Duration;

use crate::{CacheStatus, Forward, MethodClass, RequestFacts};
use bytes::Bytes;
use easy_cache_core::{Cache, Computation, Scope, Tag};
use http::{HeaderMap, Response, StatusCode};

use super::apart::Place;
use super::incoming::FieldsMut;
use super::key;
use super::outward::Told;
use super::previous::{self, Previous};
use super::respond;
use super::settings::Settings;
use super::stored::{Hit, Varies};
use crate::view::Copied;

/// A request that the cache may answer.
#[derive(Debug)]
pub struct Exchange {
    pub(crate) settings: Arc<Settings>,
    pub(crate) facts: RequestFacts,
    /// Which variant the request asks for is known only once its response says what it varies by.
    pub(crate) headers: Copied,
    pub(crate) base: Vec<u8>,
    /// That of its path.
    pub(crate) tag: Tag,
    /// What the route says of its address.
    pub(crate) tags: Vec<Tag>,
    pub(crate) forward: Forward,
    /// For `Cache-Status`.
    pub(crate) told_key: Option<String>,
    /// Whether its task may go on behind its answer.
    pub(crate) may_go_on_behind: bool,
    /// How the responses of its URI differ, if that is known from a store outside the process.
    pub(crate) varies: Option<Arc<Varies>>,
    /// Where it is remembered that its responses are not kept, for a request that found nothing.
    pub(crate) place: Option<Place>,
}

impl Exchange {
    pub(crate) fn cache(&self) -> &Cache {
        &self.settings.cache
    }

    /// The reading of the cache's clock, as of its last tick.
    pub(crate) fn now(&self) -> Duration {
        self.settings.cache.clock().ticked()
    }

    /// All tags that follow from its address.
    pub(crate) fn tags_of_the_address(&self) -> impl Iterator<Item = &Tag> {
        std::iter::once(&self.tag).chain(&self.tags)
    }

    /// Tells caches in front of all that a response depends on.
    pub(crate) fn tell_tags(&self, tags: &[Tag], headers: &mut HeaderMap) {
        if self.settings.tag_field.is_some() {
            // A response that was confirmed has the tags of its address already, from when it was kept.
            let of_the_address = self.tags_of_the_address().filter(|tag| !tags.contains(tag));
            let all: Vec<_> = of_the_address.chain(tags).cloned().collect();
            self.tell(Told::Tags(&all), headers);
        }
    }

    /// Tells caches in front of a response whose tags are not known.
    pub(crate) fn tell(&self, told: Told<'_>, headers: &mut HeaderMap) {
        if let Some(field) = &self.settings.tag_field {
            let is_for_all = !self.settings.tells_users_apart && !self.settings.policy.has_key_parts();
            field.tell(told, is_for_all, headers);
        }
    }

    /// The answer from a stored response that was found after waiting.
    #[must_use]
    pub fn answer(&self, hit: &Hit) -> Response<Bytes> {
        let waited_for = hit.waited.then_some(self.forward);
        respond::stored(&self.settings, hit, &self.facts, &self.headers, waited_for, self.told_key.as_deref())
    }

    /// `Cache-Status` for an answer of the handler.
    pub(crate) fn status(&self, status: StatusCode) -> CacheStatus<'_> {
        self.forwarded().status(status.as_u16())
    }

    pub(crate) fn forwarded(&self) -> CacheStatus<'_> {
        respond::telling(CacheStatus::forwarded(&self.settings.name, self.forward), self.told_key.as_deref())
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        key::give_back(std::mem::take(&mut self.base));
    }
}

/// A request in the hands of the handler, and the duty to make something of its response.
///
/// Dropping it passes the duty to a request that waits.
#[derive(Debug)]
pub struct Task {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) computation: Computation,
    pub(crate) scope: Scope,
    /// The key that others wait at, if that is not the one of the URI.
    pub(crate) place: Option<Vec<u8>>,
    /// The reading of the clock when the handler was called.
    pub(crate) called: Duration,
    /// The reading of it when the head of the response was there.
    pub(crate) arrived: Duration,
    /// What is stored, and stale.
    pub(crate) previous: Option<Previous>,
    /// The request is a `HEAD`: its response is never stored, and may only say something about what is.
    pub(crate) is_head: bool,
}

impl Task {
    pub(crate) fn new(exchange: Exchange, computation: Computation, place: Option<Vec<u8>>) -> Box<Self> {
        let (called, scope) = (exchange.now(), computation.scope());
        let exchange = Arc::new(exchange);
        Box::new(Self { scope, exchange, computation, place, called, arrived: called, previous: None, is_head: false })
    }

    /// The key that others wait at.
    pub(crate) fn key(&self) -> &[u8] {
        self.place.as_deref().unwrap_or(&self.exchange.base)
    }

    /// A request for a part, which nobody waits for.
    pub(crate) fn of_part(exchange: Exchange) -> Box<Self> {
        let place = key::part(&exchange.base);
        Self::alone(exchange, Some(place))
    }

    /// A `HEAD` that goes to the handler because what is stored at a place is stale.
    pub(crate) fn of_head(mut exchange: Exchange, place: Vec<u8>) -> Box<Self> {
        exchange.facts.method = MethodClass::Get; // what it says is about the stored `GET`
        let mut task = Self::at_base(exchange).with_previous(place);
        task.is_head = true;
        task
    }

    /// Goes to the handler with what is stored at a place, if there is something that may be asked about.
    pub(crate) fn with_previous(mut self: Box<Self>, place: Vec<u8>) -> Box<Self> {
        self.previous = Previous::at(&self.exchange, place);
        self
    }

    /// A task that nobody waits for.
    pub(crate) fn alone(exchange: Exchange, place: Option<Vec<u8>>) -> Box<Self> {
        let computation = exchange.cache().begin(place.as_ref().unwrap_or(&exchange.base));
        Self::new(exchange, computation, place)
    }

    /// The same at the key of the URI.
    pub(crate) fn at_base(exchange: Exchange) -> Box<Self> {
        Self::alone(exchange, None)
    }

    /// Takes the conditions off the request: only a whole response can be recorded. They are evaluated afterwards. What is
    /// stored and stale has conditions of its own. A `HEAD` goes on as it is.
    pub fn prepare<F: FieldsMut>(&self, request: &mut F) {
        if self.is_head {
            return;
        }
        if self.exchange.facts.conditional {
            previous::take_conditions_off(request);
        }
        if let Some(previous) = &self.previous {
            previous.ask(request);
        }
    }

    /// Runs a part of the handler's work: what it uses is collected for the response.
    pub fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.scope.run(work)
    }

    /// Whether something is stored that may stand in for a handler that fails.
    #[must_use]
    pub fn has_previous(&self) -> bool {
        self.previous.is_some()
    }

    /// What caches in front are told of an error that is answered elsewhere, like [`Passage::told`](super::Passage::told).
    #[must_use]
    pub fn told(&self) -> HeaderMap {
        let mut fields = HeaderMap::new(); // does not allocate
        self.exchange.tell(Told::NotKept, &mut fields);
        fields
    }

    /// What all requests of this cache share.
    #[must_use]
    pub fn settings(&self) -> &Arc<Settings> {
        &self.exchange.settings
    }

    /// Ends the task of a response that is not to be shared: who waits goes on alone, at once.
    pub(crate) fn release(self) {
        self.computation.scatter();
        self.scope.close();
    }

    /// There will be no response. One of those who wait tries once more, then everybody is on their own.
    pub fn fail(self) {
        self.computation.decline(&easy_cache_core::Policy::new(), self.scope);
    }
}
