//! What becomes of a handler's response: it is let go at once, or recorded while it is sent.
//!
//! The rules are those of `easy-cache-http`. Reading the body is left to `stream`, storing it to `record`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use crate::conditional::Validators;
use crate::{Arrival, Decision, Headers, Plan, RequestFacts, Validation, decide};
use bytes::Bytes;
use easy_cache_core::scope;
use http::header::DATE;
use http::{Response, StatusCode, response};
use http_body::Body;

use super::common;
use super::exchange::{Exchange, Task};
use super::mark::Mark;
use super::outward::Told;
use super::record::{Recorder, announced_length};
use super::respond;
use super::settings::Settings;
use super::stored::StoredResponse;
use super::stream::{self, Stream, Verdict};

/// For how long nobody waits at a key whose response could not be shared, at least. Short: a response that can be shared ends
/// it anyway, and what is saved is one wait for each request of a crowd.
const UNSHARED_FOR: Duration = Duration::from_secs(10);

/// And how many times as long as its handler took, so that where each answer takes its time (a client that is told of news when
/// there are any) it is not lost on waiting for another one's again and again.
const UNSHARED_TIMES: u32 = 10;
/// But no longer than this: one answer that took an hour says little about the next.
const LONGEST_UNSHARED: Duration = Duration::from_secs(600);

/// The body that a client is sent.
#[expect(clippy::large_enum_variant, reason = "it is moved once, to where it stays")]
pub enum Outgoing<B: Body> {
    /// It is there.
    Whole(Bytes),
    /// The handler's own, of which nothing is kept.
    Passing(B),
    /// The handler's own, which is recorded as it is read.
    Recorded {
        /// What is to be read.
        stream: Stream<B>,
        /// The key at which others may wait for the end of it: see [`Recordings::watch`](super::Recordings::watch).
        watched: Option<Vec<u8>>,
    },
}

impl<B: Body> fmt::Debug for Outgoing<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => f.debug_tuple("Whole").field(&bytes.len()).finish(),
            Self::Passing(_) => f.write_str("Passing"),
            Self::Recorded { stream, .. } => f.debug_tuple("Recorded").field(stream).finish(),
        }
    }
}

/// Why a response is not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rejection {
    pub(crate) word: &'static str,
    /// It is the response that is not for keeping, and not just this request: what was kept of the page before is over.
    pub(crate) is_lasting: bool,
}

impl Rejection {
    const fn lasting(word: &'static str) -> Self {
        Self { word, is_lasting: true }
    }
}

impl Task {
    /// Turns the handler's response into the client's.
    pub fn respond<B>(mut self: Box<Self>, response: Response<B>, cx: &mut Context<'_>) -> Response<Outgoing<B>>
    where
        B: Body,
    {
        let (parts, body) = response.into_parts();
        self.arrived = self.exchange.now();
        self.take_mark(&parts);
        if self.is_head {
            return self.respond_to_head(parts, body);
        }
        if let Some(previous) = self.previous.take() {
            match previous.verdict(&parts) {
                Validation::Confirmed => return self.confirm(previous, parts),
                Validation::Contradicted => return self.contradict(&previous, &parts),
                Validation::Failed => {
                    if let Some(stored) = previous.stand_in(&self.exchange, Some(parts.status.as_u16())) {
                        self.fail();
                        return stored.map(Outgoing::Whole);
                    }
                }
                Validation::Replaced => self.previous = Some(previous),
            }
        }
        let announced = announced_length(&parts.headers);
        match self.decide(&parts, announced.unwrap_or_default().max(body.size_hint().lower())) {
            Ok(plan) => self.record(plan, announced, parts, body, cx),
            Err(why) => self.let_go(why, parts, body),
        }
    }

    /// What the handler says of its response, it may depend on like on what it has read.
    fn take_mark(&mut self, parts: &response::Parts) {
        if let Some(mark) = parts.extensions.get::<Mark>() {
            let cache = self.exchange.cache();
            self.scope.run(|| scope::depend(cache, mark.named_tags().iter().cloned()));
        }
    }

    /// The stored response in place of an error of the service itself.
    #[must_use]
    pub fn stand_in(&self) -> Option<Response<Bytes>> {
        let previous = self.previous.as_ref().filter(|_| !self.is_head)?;
        previous.stand_in(&self.exchange, None)
    }

    pub(crate) fn decide(&self, parts: &response::Parts, size: u64) -> Result<Box<Plan>, Rejection> {
        let Exchange { settings, facts, .. } = &*self.exchange;
        let mark = parts.extensions.get::<Mark>();
        let took = self.arrived.saturating_sub(self.called);
        let plan = plan(settings, facts, took, parts.status.as_u16(), &parts.headers, mark);
        match plan {
            Ok(_) if self.scope.is_tainted() => Err(Rejection { word: "uncommitted-data", is_lasting: false }),
            Ok(_) if size > settings.max_body => Err(Rejection::lasting("too-large")),
            plan => plan,
        }
    }

    /// For `Cache-Status`: for how many seconds a response is stored that is kept by this plan. What it was built from may end
    /// before it does.
    pub(crate) fn promised(&self, plan: &Plan) -> i64 {
        let stated = plan.terms.freshness.ttl_seconds(Duration::ZERO);
        let lasts = self.scope.lasts(self.exchange.cache().clock());
        lasts.map_or(stated, |lasts| stated.min(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX)))
    }

    /// The response is this client's alone: it starts at once, and nobody waits for the end of it.
    fn let_go<B: Body>(self, why: Rejection, mut parts: response::Parts, body: B) -> Response<Outgoing<B>> {
        let Self { exchange, computation, scope, previous, called, .. } = self;
        let stays = previous.is_some() && !why.is_lasting;
        if let Some(previous) = previous.filter(|_| !stays) {
            previous.forget_if_stale(&exchange);
        }
        if !parts.status.is_server_error() && !stays {
            let (is_awaited, now) = (computation.is_awaited(), exchange.now());
            let ttl = unshared_for(now.saturating_sub(called));
            let apart = &exchange.settings.apart;
            match exchange.place {
                Some(place) if why.is_lasting => apart.refused(place, now, ttl, is_awaited),
                Some(place) if is_awaited => apart.missed(place, now, ttl), // another's may be for keeping
                Some(_) | None => {}
            }
        }
        computation.scatter();
        scope.close();
        exchange.tell(Told::NotKept, &mut parts.headers);
        respond::add_status(&mut parts.headers, exchange.status(parts.status).detail(why.word));
        answer(&exchange, parts, Outgoing::Passing(body))
    }

    /// A body whose size is known is read as far as it is ready, which mostly is the whole of it: then it is stored before
    /// its client has seen anything, and nobody depends on how fast that client reads.
    fn record<B>(
        mut self: Box<Self>,
        plan: Box<Plan>,
        announced: Option<u64>,
        mut parts: response::Parts,
        body: B,
        cx: &mut Context<'_>,
    ) -> Response<Outgoing<B>>
    where
        B: Body,
    {
        add_date(&mut parts, &plan);
        let exchange = Arc::clone(&self.exchange);
        let seconds = self.promised(&plan);
        let size = body.size_hint().exact();
        let (mut body, mut first) = (Box::pin(body), None);
        if let Some(size) = size {
            let polled = stream::poll(&mut body, Some(&mut self.scope), cx);
            match stream::whole(&body, polled, size) {
                Ok(whole) => {
                    let mut recorder = Recorder::new(self, plan, &parts, announced.or(Some(size)));
                    let whole = recorder.take_whole(whole);
                    let stored = recorder.keep(whole.clone());
                    return exchange.answer_whole(parts, whole, stored, seconds);
                }
                Err(polled) => first = Some(polled),
            }
        }
        let watched = self.computation.is_joinable().then(|| self.key().to_vec());
        let mut stream = Stream::new(body, Recorder::new(self, plan, &parts, announced.or(size)));
        if let Some(first) = first {
            stream.read_on(first, cx);
        }
        exchange.answer_recorded(parts, stream, watched, seconds)
    }
}

impl Exchange {
    /// The answer with a body that was there at once.
    fn answer_whole<B: Body>(
        &self,
        mut parts: response::Parts,
        body: Bytes,
        stored: Result<Arc<StoredResponse>, &'static str>,
        seconds: i64,
    ) -> Response<Outgoing<B>> {
        match stored {
            Ok(stored) => self.answer_stored(parts, &stored, seconds),
            Err(why) => {
                respond::add_status(&mut parts.headers, self.status(parts.status).detail(why));
                self.tell(Told::NotKept, &mut parts.headers);
                Response::from_parts(parts, Outgoing::Whole(body))
            }
        }
    }

    fn answer_stored<B: Body>(
        &self,
        mut parts: response::Parts,
        stored: &StoredResponse,
        seconds: i64,
    ) -> Response<Outgoing<B>> {
        respond::add_status(&mut parts.headers, self.status(parts.status).stored().ttl(seconds));
        self.tell_tags(stored.tags.tags(), &mut parts.headers);
        parts.extensions.insert(stored.tags.clone());
        answer(self, parts, Outgoing::Whole(stored.body.clone()))
    }

    fn answer_recorded<B: Body>(
        &self,
        mut parts: response::Parts,
        stream: Stream<B>,
        watched: Option<Vec<u8>>,
        seconds: i64,
    ) -> Response<Outgoing<B>> {
        let status = self.status(parts.status);
        let status = match stream.verdict() {
            Verdict::Kept(stored) => return self.answer_stored(parts, stored, seconds),
            Verdict::Open => status.stored().ttl(seconds),
            Verdict::Refused(why) => status.detail(why),
        };
        respond::add_status(&mut parts.headers, status);
        // Of one that is open it is not known yet on what it will depend, nor whether it will be kept. Those in front are given it
        // when it is.
        self.tell(Told::NotKept, &mut parts.headers);
        Response::from_parts(parts, Outgoing::Recorded { stream, watched })
    }
}

/// Whether and how a response is kept, as far as its head tells.
pub(crate) fn plan<H: Headers + ?Sized>(
    settings: &Settings,
    facts: &RequestFacts,
    took: Duration,
    status: u16,
    headers: &H,
    mark: Option<&Mark>,
) -> Result<Box<Plan>, Rejection> {
    if mark.is_some_and(Mark::is_forbidden) {
        return Err(Rejection::lasting("handler"));
    }
    let arrival = Arrival { at: settings.cache.clock().wall(), delay: took };
    let policy = mark.map_or(Cow::Borrowed(&settings.policy), |mark| Cow::Owned(mark.refine(&settings.policy)));
    match decide(facts, status, headers, arrival, &policy) {
        Decision::Refuse(why) => Err(Rejection { word: why.as_str(), is_lasting: !why.is_about_the_request() }),
        Decision::Store(_) if is_event_stream(headers) => Err(Rejection::lasting("event-stream")),
        Decision::Store(_) if headers.has("trailer") => Err(Rejection::lasting("trailers")),
        Decision::Store(plan) => Ok(plan),
    }
}

/// For how long nobody waits where a response is not kept for which the handler took so long.
pub(crate) fn unshared_for(took: Duration) -> Duration {
    UNSHARED_FOR.max(took.saturating_mul(UNSHARED_TIMES)).min(LONGEST_UNSHARED)
}

/// The answer to the client whose request was with the handler without the conditions of that client: they count now.
pub(crate) fn answer<B: Body>(
    exchange: &Exchange,
    mut parts: response::Parts,
    body: Outgoing<B>,
) -> Response<Outgoing<B>> {
    let Exchange { facts, headers, .. } = exchange;
    let has_it = || respond::has_it(facts, headers, &Validators::parse(&parts.headers), parts.status);
    if !(facts.conditional && has_it()) {
        return Response::from_parts(parts, body);
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers = respond::fields_of_not_modified(&parts.headers);
    Response::from_parts(parts, Outgoing::Whole(Bytes::new()))
}

/// Without a date, each hit would claim to have been made just now.
pub(crate) fn add_date(parts: &mut response::Parts, plan: &Plan) {
    if let Some(time) = plan.date_to_add {
        parts.headers.insert(DATE, common::date(time));
    }
}

/// Server-sent events have no end to wait for, whatever ttl a route gives.
fn is_event_stream<H: Headers + ?Sized>(headers: &H) -> bool {
    let media = headers.lines_of("content-type").next();
    media.and_then(|media| media.get(..17)).is_some_and(|media| media.eq_ignore_ascii_case(b"text/event-stream"))
}
