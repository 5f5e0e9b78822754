//! The stale response that a request goes to the handler with: to be confirmed by a 304, replaced, or to stand in for a
//! handler that fails. What may be done with it is decided in `easy-cache-http`.

use std::sync::Arc;

use crate::Validation;
use crate::validate::CONDITIONS;
use bytes::Bytes;
use easy_cache_core::Scope;
use http::{HeaderMap, Response, response};
use http_body::Body;

use super::exchange::{Exchange, Task};
use super::incoming::FieldsMut;
use super::mark::Mark;
use super::outward::Told;
use super::record::{Recorder, announced_length};
use super::respond;
use super::settle::{self, Outgoing};
use super::stored::{Hit, StoredResponse, Value};

/// What is stored, and cannot answer as it is.
#[derive(Debug)]
pub(crate) struct Previous {
    hit: Hit,
    place: Vec<u8>,
    /// The tags that it depends on, as they were behind the fence of the request that asks about it. A response that is
    /// confirmed keeps them; one that is replaced does not.
    seen: Scope,
}

impl Previous {
    /// Looks again, behind the fence: what was invalidated by now is not asked about.
    pub(crate) fn at(exchange: &Exchange, place: Vec<u8>) -> Option<Self> {
        let mut seen = Scope::new();
        let stored = seen.run(|| exchange.cache().look(&place))?;
        match Value::of(stored) {
            Value::Response(hit) => Self::of(exchange, hit, place, seen),
            Value::Varies(_) | Value::Foreign => None,
        }
    }

    /// The same for what was found already, with what it depends on.
    pub(crate) fn of(exchange: &Exchange, hit: Hit, place: Vec<u8>, seen: Scope) -> Option<Self> {
        let asked = !hit.is_over() && hit.may_be_asked_about(&exchange.facts, &exchange.settings.policy);
        asked.then_some(Self { hit, place, seen })
    }

    /// Puts the conditions of the stored response in place of the client's.
    pub(crate) fn ask<F: FieldsMut>(&self, request: &mut F) {
        for (name, value) in self.hit.response.terms.validators.conditions() {
            request.insert(name, value);
        }
    }

    pub(crate) fn verdict(&self, response: &response::Parts) -> Validation {
        Validation::of(&self.hit.response.terms.validators, response.status.as_u16(), &response.headers)
    }

    fn verdict_of_head(&self, head: &response::Parts) -> Option<Validation> {
        let stored = &self.hit.response;
        let length = stored.body.len() as u64;
        Validation::of_head(
            &stored.terms.validators,
            stored.status.as_u16(),
            length,
            head.status.as_u16(),
            &head.headers,
        )
    }

    /// The handler answered with something that is not kept: what is stored is known to be over.
    pub(crate) fn forget_if_stale(&self, exchange: &Exchange) {
        if self.hit.is_stale() {
            self.forget(exchange);
        }
    }

    /// In a store outside, which knows all places by the key of the URI, behind the answer if need be: what is stored there is stale, and asked
    /// about if this fails.
    fn forget(&self, exchange: &Exchange) {
        let own = exchange.cache().clone();
        let key = if own.is_shared() { exchange.base.clone() } else { self.place.clone() };
        exchange.cache().see_to(async move {
            let _ = own.invalidate_key(&key).await;
        });
    }

    /// The stored response in place of a failure, if it may stand in and was not invalidated meanwhile.
    pub(crate) fn stand_in(&self, exchange: &Exchange, failure: Option<u16>) -> Option<Response<Bytes>> {
        if exchange.cache().is_shared() {
            // It was found after this request came, and nobody else is answered with it.
            let terms = &self.hit.response.terms;
            let allowed = self.hit.is_current() && terms.may_answer_for_failure(&exchange.facts, self.hit.resident);
            return allowed.then(|| respond::stand_in(exchange, &self.hit, failure));
        }
        let hit = match Value::of(exchange.cache().look(&self.place)?) {
            Value::Response(hit) => hit,
            Value::Varies(_) | Value::Foreign => return None,
        };
        let allowed = hit.response.terms.may_answer_for_failure(&exchange.facts, hit.resident);
        allowed.then(|| respond::stand_in(exchange, &hit, failure))
    }
}

/// Takes the client's conditions off a request.
pub(crate) fn take_conditions_off<F: FieldsMut>(request: &mut F) {
    CONDITIONS.iter().for_each(|name| request.remove(name));
}

/// For how many seconds a response is fresh again, or why it is not kept.
type Renewed = Result<i64, &'static str>;

impl Task {
    /// The 304 is about the stored response: this client gets it with renewed fields, and so will others.
    pub(crate) fn confirm<B>(self: Box<Self>, previous: Previous, update: response::Parts) -> Response<Outgoing<B>>
    where
        B: Body,
    {
        let (exchange, body) = (Arc::clone(&self.exchange), previous.hit.response.body.clone());
        let status = exchange.status(update.status);
        let own = StoredResponse::fields_for_one(&update.headers);
        let (mut parts, renewed) = self.renew(previous, update);
        let status = match renewed {
            Ok(seconds) => status.stored().ttl(seconds),
            Err(why) => {
                exchange.tell(Told::NotKept, &mut parts.headers);
                status.detail(why)
            }
        };
        own.keys().for_each(|name| drop(parts.headers.remove(name)));
        parts.headers.extend(own);
        respond::add_status(&mut parts.headers, status);
        settle::answer(&exchange, parts, Outgoing::Whole(body))
    }

    /// Keeps the stored response on, with renewed fields, this request's fence, and the tags of both. Yields its head as it
    /// is now, and how many seconds it is fresh, or why it is not kept.
    fn renew(mut self: Box<Self>, mut previous: Previous, update: response::Parts) -> (response::Parts, Renewed) {
        let (stored, mut parts) = (Arc::clone(&previous.hit.response), update);
        (parts.status, parts.headers) = (stored.status, stored.renewed(&parts.headers));
        if let (None, Some(mark)) = (parts.extensions.get::<Mark>(), &stored.mark) {
            parts.extensions.insert(mark.clone());
        }
        self.scope.run(|| std::mem::take(&mut previous.seen).close());
        let plan = match self.decide(&parts, stored.body.len() as u64) {
            Ok(plan) => plan,
            Err(why) => {
                if why.is_lasting {
                    previous.forget_if_stale(&self.exchange);
                }
                self.release();
                return (parts, Err(why.word));
            }
        };
        settle::add_date(&mut parts, &plan);
        let seconds = self.promised(&plan);
        let exchange = Arc::clone(&self.exchange);
        let kept = Recorder::new(self, plan, &parts, announced_length(&parts.headers)).keep(stored.body.clone());
        let renewed = kept.map(|stored| {
            exchange.tell_tags(stored.tags.tags(), &mut parts.headers);
            parts.extensions.insert(stored.tags.clone());
            seconds
        });
        (parts, renewed)
    }

    /// The response to a `HEAD` goes to its client as it is. It may confirm what is stored, or show that it is over.
    pub(crate) fn respond_to_head<B>(mut self: Box<Self>, mut parts: response::Parts, body: B) -> Response<Outgoing<B>>
    where
        B: Body,
    {
        let (exchange, mut head) = (Arc::clone(&self.exchange), Response::new(()).into_parts().0);
        (head.status, head.headers) = (parts.status, parts.headers.clone());
        let status = exchange.status(parts.status);
        let said = self.previous.take().and_then(|previous| Some((previous.verdict_of_head(&head)?, previous)));
        let status = match said {
            Some((Validation::Confirmed, previous)) => match self.renew(previous, head).1 {
                Ok(seconds) => status.stored().ttl(seconds),
                Err(why) => status.detail(why),
            },
            said => {
                if let Some((_, previous)) = said {
                    previous.forget(&exchange);
                }
                self.release();
                status
            }
        };
        exchange.tell(Told::NotKept, &mut parts.headers);
        respond::add_status(&mut parts.headers, status);
        Response::from_parts(parts, Outgoing::Passing(body))
    }

    /// A 304 about something else. The handler said that nothing changed for what it was asked, so this client gets what
    /// is stored; nobody else will.
    pub(crate) fn contradict<B>(self: Box<Self>, previous: &Previous, update: &response::Parts) -> Response<Outgoing<B>>
    where
        B: Body,
    {
        let exchange = Arc::clone(&self.exchange);
        previous.forget(&exchange);
        self.release();
        let hit = &previous.hit;
        let mut parts = Response::new(()).into_parts().0;
        (parts.status, parts.headers) = (hit.response.status, hit.response.renewed(&HeaderMap::new()));
        exchange.tell(Told::NotKept, &mut parts.headers);
        respond::add_status(&mut parts.headers, exchange.status(update.status).detail("contradicted"));
        settle::answer(&exchange, parts, Outgoing::Whole(hit.response.body.clone()))
    }
}
