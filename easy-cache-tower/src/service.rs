//! The service: takes a request in and sets it on its way. Which one that is is decided in
//! `easy-cache-http`; it is walked by `future`.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use easy_cache_http::door::{Task, Way, way};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::behind;
use crate::future::{ResponseFuture, Waiting};
use crate::incoming::{self, Arriving};
use crate::layer::Settings;
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

// The bounds are there because a refresh goes on behind its answer, and because a request that waits for a body may be the
// one that reads it on.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ResponseCache<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send> + Clone + Send + 'static,
    S::Future: 'static,
    ReqBody: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Error: Send,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Waiting<S, ReqBody>, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let way = way(&self.settings.shared, &Arriving { request: &request, settings: &self.settings });
        if !matches!(way, Way::Answer(_)) {
            incoming::enter(&mut request);
        }
        match way {
            Way::Answer(response) => ResponseFuture::answer(response),
            Way::Pass(passage) => ResponseFuture::pass(self.inner.call(request), passage),
            Way::Purge(purging) => ResponseFuture::purge(purging),
            Way::Run(task) => ResponseFuture::run(&mut self.inner, request, task),
            Way::Behind(response, task) => {
                let refresh: Self::Future = ResponseFuture::run(&mut self.inner, request, task);
                self.settings.spawner.spawn(Box::pin(behind::run(refresh)));
                ResponseFuture::answer(response)
            }
            Way::Wait(exchange) => {
                let settings = Arc::clone(&self.settings);
                ResponseFuture::wait(exchange, Waiting::new(self.take_ready(), request, settings, refresh))
            }
        }
    }
}

/// Runs the handler behind the answer, as soon as it is ready.
fn refresh<S, ReqBody, ResBody>(waiting: Waiting<S, ReqBody>, task: Box<Task>, settings: &Settings)
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Future: Send> + Clone + Send + 'static,
    S::Future: 'static,
    ReqBody: Body + Send + 'static,
    ResBody: Body + Send + 'static,
    ResBody::Error: Send,
{
    let refresh: ResponseFuture<S::Future, Waiting<S, ReqBody>, ResBody> = ResponseFuture::prepare(waiting, task);
    settings.spawner.spawn(Box::pin(behind::run(refresh)));
}
