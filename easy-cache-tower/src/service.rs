//! The service: takes a request in, answers it from the cache at once, or says which way it goes. The way itself is
//! walked by `future`.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use easy_cache_http::{Bypass, Forward, MethodClass, RequestFacts};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::exchange::{Exchange, Task};
use crate::find::{self, Held};
use crate::future::{ResponseFuture, Waiting};
use crate::key;
use crate::layer::Settings;
use crate::pass::Passage;
use crate::respond;
use crate::{ResponseBody, ResponseCacheLayer};

/// A service behind a response cache: what [`ResponseCacheLayer`] makes of the inner one.
#[derive(Debug, Clone)]
pub struct ResponseCache<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> ResponseCache<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    /// The layer that made it, to put the same cache with the same settings before another service.
    pub fn layer(&self) -> ResponseCacheLayer {
        ResponseCacheLayer { settings: Arc::clone(&self.settings) }
    }
}

impl<S: Clone> ResponseCache<S> {
    /// The service that is ready, and not the clone of it, which is not.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        mem::replace(&mut self.inner, clone)
    }
}

// A body has to be `Send` because a request that waits for it may be the one that reads it on.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ResponseCache<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ReqBody: Body,
    ResBody: Body + Send + 'static,
    ResBody::Error: Send,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Waiting<S, ReqBody>, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match way(&self.settings, &request) {
            Way::Answer(response) => ResponseFuture::answer(response),
            Way::Pass(passage) => ResponseFuture::pass(self.inner.call(request), passage),
            Way::Alone(task) => ResponseFuture::run(&mut self.inner, request, task),
            Way::Wait(exchange) => ResponseFuture::wait(exchange, Waiting::new(self.take_ready(), request)),
        }
    }
}

/// How a request goes on.
enum Way {
    /// It does not.
    Answer(Response<Bytes>),
    /// To the handler, whose response is not stored.
    Pass(Passage),
    /// To the handler, whose response may be stored; nobody waits for it.
    Alone(Box<Task>),
    /// To wait for others who are at the same key, if there are any.
    Wait(Box<Exchange>),
}

fn way<B: Body>(settings: &Arc<Settings>, request: &Request<B>) -> Way {
    let mut facts = RequestFacts::of(request.method().as_str(), request.headers());
    if !request.body().is_end_stream() {
        facts = facts.with_body();
    }
    match facts.bypass() {
        Some(Bypass::Method) if facts.method == MethodClass::Unsafe => Way::Pass(Passage::changing(settings, request)),
        Some(bypass) => passing_by(settings, bypass),
        None if settings.cache.is_usable() => way_by_key(settings, request, facts),
        None => Way::Pass(Passage::new(settings, Forward::Bypass, Some("disabled"))),
    }
}

fn passing_by(settings: &Arc<Settings>, bypass: Bypass) -> Way {
    let detail = (bypass != Bypass::Method).then(|| bypass.as_str());
    Way::Pass(Passage::new(settings, Forward::from(bypass), detail))
}

fn way_by_key<B>(settings: &Arc<Settings>, request: &Request<B>, facts: RequestFacts) -> Way {
    let headers = request.headers();
    let target = match key::target(request) {
        Ok(target) => target,
        Err(bypass) => return passing_by(settings, bypass),
    };
    let base = key::base(settings.policy.query_key(), &target, request);
    let (forward, waits) = match find::look(settings, &base, headers) {
        Held::Response(hit) if hit.answers(&facts, &settings.policy) => {
            return Way::Answer(respond::stored(settings, &hit, &facts, headers, None));
        }
        Held::Response(_) => (Forward::Request, false),
        Held::Unshared(forward) => (forward, false),
        Held::Nothing(forward) => (forward, true),
    };
    if let Some(status) = facts.status_instead_of_handler() {
        return Way::Answer(respond::only_if_cached(settings, status));
    }
    if facts.method == MethodClass::Head {
        return Way::Pass(Passage::new(settings, forward, None));
    }
    if facts.directives.no_store {
        return Way::Pass(Passage::new(settings, forward, Some("request-no-store")));
    }
    let tag = key::tag_of(&target);
    let (settings, headers) = (Arc::clone(settings), headers.clone());
    let exchange = Exchange { settings, facts, headers, base, tag, forward };
    // What a request with credentials gets is mostly for itself: others do not wait for it, nor does it for others.
    if waits && !facts.authorized { Way::Wait(Box::new(exchange)) } else { Way::Alone(Task::at_base(exchange)) }
}
