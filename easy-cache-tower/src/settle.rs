//! What becomes of a handler's response: it is let go at once, or recorded while it is sent.
//!
//! The rules are those of `easy-cache-http`. Reading the body is left to `stream`, storing it to `record`.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use easy_cache_http::conditional::Validators;
use easy_cache_http::{Arrival, Decision, Plan, decide};
use http::header::{CONTENT_TYPE, DATE, TRAILER};
use http::{HeaderMap, HeaderValue, Response, StatusCode, response};
use http_body::Body;

use crate::ResponseBody;
use crate::exchange::Task;
use crate::record::{Recorder, announced_length};
use crate::recording::Recording;
use crate::respond::{self, ResponseTags};
use crate::stored::{StoredResponse, Unshared};
use crate::stream::{Stream, Verdict};

/// For how long nobody waits at a key whose response could not be shared. Short: a response that can be shared ends it
/// anyway, and what is saved is one wait for each request of a crowd.
const UNSHARED_FOR: Duration = Duration::from_secs(10);

impl Task {
    /// Turns the handler's response into the client's.
    pub(crate) fn respond<B>(self: Box<Self>, response: Response<B>, cx: &mut Context<'_>) -> Response<ResponseBody<B>>
    where
        B: Body + Send + 'static,
        B::Error: Send,
    {
        let (parts, body) = response.into_parts();
        match self.decide(&parts, &body) {
            Ok(plan) => self.record(plan, parts, body, cx),
            Err(why) => self.let_go(why, parts, body),
        }
    }

    fn decide<B: Body>(&self, parts: &response::Parts, body: &B) -> Result<Box<Plan>, &'static str> {
        let settings = &self.exchange.settings;
        let clock = settings.cache.clock();
        let arrival = Arrival { at: clock.wall(), delay: clock.elapsed().saturating_sub(self.called) };
        match decide(&self.exchange.facts, parts.status.as_u16(), &parts.headers, arrival, &settings.policy) {
            Decision::Refuse(refusal) => Err(refusal.as_str()),
            Decision::Store(_) if self.scope.is_tainted() => Err("uncommitted-data"),
            Decision::Store(_) if is_event_stream(&parts.headers) => Err("event-stream"),
            Decision::Store(_) if parts.headers.contains_key(TRAILER) => Err("trailers"),
            Decision::Store(_) if least_size(&parts.headers, body) > settings.max_body => Err("too-large"),
            Decision::Store(plan) => Ok(plan),
        }
    }

    /// The response is this client's alone: it starts at once, and nobody waits for the end of it.
    fn let_go<B: Body>(self, why: &str, mut parts: response::Parts, body: B) -> Response<ResponseBody<B>> {
        let Self { exchange, computation, scope, key, .. } = self;
        if computation.is_awaited() && !parts.status.is_server_error() {
            exchange.cache().set(&key, Unshared).ttl(UNSHARED_FOR).wait();
        }
        computation.scatter();
        scope.close();
        respond::add_status(&mut parts.headers, exchange.status(parts.status).detail(why));
        if exchange.is_met_by(&Validators::parse(&parts.headers), parts.status) {
            return not_modified(parts);
        }
        Response::from_parts(parts, ResponseBody::passing(body))
    }

    /// A body whose size is known is read as far as it is ready, which mostly is the whole of it: then it is stored before
    /// its client has seen anything, and nobody depends on how fast that client reads.
    fn record<B>(
        self: Box<Self>,
        plan: Box<Plan>,
        mut parts: response::Parts,
        body: B,
        cx: &mut Context<'_>,
    ) -> Response<ResponseBody<B>>
    where
        B: Body + Send + 'static,
        B::Error: Send,
    {
        if let Some(date) = plan.date_to_add.as_deref().and_then(|date| HeaderValue::from_str(date).ok()) {
            parts.headers.insert(DATE, date);
        }
        let exchange = Arc::clone(&self.exchange);
        let watched = self.computation.is_joinable().then(|| self.key.clone());
        let seconds = plan.terms.freshness.ttl_seconds(Duration::ZERO);
        let size = body.size_hint().exact();
        let mut stream = Stream::new(body, Recorder::new(self, plan, &parts, size));
        if size.is_some() {
            stream.read_ahead(cx);
        }
        let status = exchange.status(parts.status);
        match stream.verdict() {
            Verdict::Kept(stored) => {
                respond::add_status(&mut parts.headers, status.stored().ttl(seconds));
                parts.extensions.insert(ResponseTags(Arc::clone(&stored.tags)));
                return answer(exchange.is_met_by(&stored.terms.validators, parts.status), stored, parts);
            }
            Verdict::Open => respond::add_status(&mut parts.headers, status.stored().ttl(seconds)),
            Verdict::Refused(why) => respond::add_status(&mut parts.headers, status.detail(why)),
        }
        let recordings = &exchange.settings.recordings;
        Response::from_parts(parts, ResponseBody::recording(Recording::start(stream, recordings, watched)))
    }
}

fn answer<B: Body>(met: bool, stored: &StoredResponse, parts: response::Parts) -> Response<ResponseBody<B>> {
    if met { not_modified(parts) } else { Response::from_parts(parts, ResponseBody::whole(stored.body.clone())) }
}

/// The client has it: of a response to a request whose conditions were taken off.
fn not_modified<B: Body>(mut parts: response::Parts) -> Response<ResponseBody<B>> {
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers = respond::fields_of_not_modified(&parts.headers);
    Response::from_parts(parts, ResponseBody::whole(bytes::Bytes::new()))
}

fn least_size<B: Body>(headers: &HeaderMap, body: &B) -> u64 {
    announced_length(headers).unwrap_or_default().max(body.size_hint().lower())
}

/// Server-sent events have no end to wait for, whatever ttl a route gives.
fn is_event_stream(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    media.and_then(|media| media.get(..17)).is_some_and(|media| media.eq_ignore_ascii_case(b"text/event-stream"))
}
