//! The service: takes a request in and walks the way that it goes. Which one that is is decided in `easy-cache-http`.

use std::fmt;
use std::future::{Future, Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, forward_ready};
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{Error, rt};
use bytes::Bytes;
use easy_cache_http::door::{Arrival, Exchange, Passage, Task, Way, arrive, way};

use crate::fields::{self, Changing, Fields};
use crate::incoming::{self, Arriving};
use crate::middleware::Settings;
use crate::read::Reading;
use crate::{ResponseBody, answer, refusal, twin};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// A service behind a response cache: what [`ResponseCache`](crate::ResponseCache) makes of the inner one.
#[doc(hidden)]
#[derive(Debug)]
pub struct InnerResponseCache<S> {
    pub(crate) inner: Rc<S>,
    pub(crate) settings: Arc<Settings>,
}

type Answer<B> = Result<ServiceResponse<ResponseBody<B>>, Error>;

impl<S, B> Service<ServiceRequest> for InnerResponseCache<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<ResponseBody<B>>;
    type Error = Error;
    type Future = Answering<B>;

    forward_ready!(inner);

    fn call(&self, mut req: ServiceRequest) -> Answering<B> {
        let way = way(&self.settings.shared, &Arriving::new(&mut req, &self.settings));
        if !matches!(way, Way::Answer(_)) {
            incoming::enter(&req, &self.settings.shared.cache);
        }
        let inner = Rc::clone(&self.inner);
        match way {
            Way::Answer(response) => Answering::there(answer::stored(req.into_parts().0, response)),
            Way::Pass(passage) => Answering::to_come(pass(inner, req, passage)),
            Way::Purge(purging) => Answering::to_come(async { Ok(answer::stored(req.into_parts().0, purging.await)) }),
            Way::Run(task) => Answering::to_come(run(inner, req, task)),
            Way::Behind(response, task) => Answering::there(refresh(inner, req, response, task)),
            Way::Wait(exchange) => Answering::to_come(wait(inner, req, exchange)),
        }
    }
}

async fn wait<S, B>(inner: Rc<S>, req: ServiceRequest, exchange: Box<Exchange>) -> Answer<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    match arrive(exchange).await {
        Arrival::Found(exchange, hit) => Ok(answer::stored(req.into_parts().0, exchange.answer(&hit))),
        Arrival::Compute(task) => run(inner, req, task).await,
        Arrival::Answer(response) => Ok(answer::stored(req.into_parts().0, response)),
        Arrival::Behind(response, task) => Ok(refresh(inner, req, response, task)),
        Arrival::Pass(passage) => pass(inner, req, passage).await,
    }
}

/// Answers with what is stale, and lets the handler go on behind it.
fn refresh<S, B>(
    inner: Rc<S>,
    req: ServiceRequest,
    response: http::Response<Bytes>,
    task: Box<Task>,
) -> ServiceResponse<ResponseBody<B>>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let stale = answer::stored(twin::of(&req), response);
    rt::spawn(behind(run(inner, req, task)));
    stale
}

/// The handler may do its work in `call` as well as in its future.
async fn run<S, B>(inner: Rc<S>, mut req: ServiceRequest, mut task: Box<Task>) -> Answer<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    task.prepare(&mut Changing(req.headers_mut()));
    let twin = task.has_previous().then(|| twin::of(&req));
    let mut handler = pin!(task.run(|| inner.call(req)));
    match poll_fn(|cx| task.run(|| handler.as_mut().poll(cx))).await {
        Ok(res) => Ok(respond(res, task).await),
        Err(error) => {
            let is_failure = error.as_response_error().status_code().is_server_error();
            let stored = twin.filter(|_| is_failure).and_then(|req| Some((req, task.stand_in()?)));
            let told = task.told();
            task.fail();
            stored.map(|(req, response)| answer::stored(req, response)).ok_or_else(|| refusal::telling(error, told))
        }
    }
}

/// Reads as much of the body as is there, for which a waker is needed.
async fn respond<B: MessageBody + 'static>(
    res: ServiceResponse<B>,
    task: Box<Task>,
) -> ServiceResponse<ResponseBody<B>> {
    let (req, res) = res.into_parts();
    let (rest, response) = answer::taken(res, &req);
    let recordings = Arc::clone(&task.settings().recordings);
    let mut both = Some((task, response));
    let response = poll_fn(|cx| match both.take() {
        Some((task, response)) => Poll::Ready(task.respond(response, cx)),
        None => Poll::Pending, // it was ready at the first poll
    });
    let res = answer::given(rest, response.await, &req, &recordings);
    ServiceResponse::new(req, res)
}

/// A refresh, to the end of its body if that is recorded. What is not kept is not read, since it may never end.
async fn behind<B: MessageBody>(refresh: impl Future<Output = Answer<B>>) {
    let Ok(res) = refresh.await else { return };
    let mut body = pin!(res.into_body());
    while body.is_recorded() {
        let Some(Ok(_)) = poll_fn(|cx| body.as_mut().poll_next(cx)).await else { return };
    }
}

/// Lets the answer go once what it made invalid is dropped. An error of a middleware is answered with its own status.
async fn pass<S, B>(inner: Rc<S>, req: ServiceRequest, mut passage: Passage) -> Answer<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let mut res = match inner.call(req).await {
        Ok(res) => res,
        Err(error) => {
            let status = error.as_response_error().status_code();
            if status.is_server_error() {
                passage.fail(); // nobody knows what it has changed
            } else if let (_, Some(dropping)) = passage.finish(status.as_u16(), &Fields(&HeaderMap::new()), None) {
                dropping.await;
            }
            return Err(refusal::telling(error, passage.told()));
        }
    };
    let mark = answer::said(res.response(), res.request());
    let (status, dropping) = passage.finish(res.status().as_u16(), &Fields(res.headers()), mark.as_ref());
    if let Some(status) = fields::from_value(&status) {
        res.headers_mut().append(CACHE_STATUS, status);
    }
    fields::replace(res.headers_mut(), &passage.told());
    if let Some(dropping) = dropping {
        dropping.await;
    }
    Ok(res.map_body(|_, body| ResponseBody::passing(Reading::new(body))))
}

/// The future of an answer. One from the store is there at once, without a future of its own.
#[doc(hidden)]
#[must_use = "futures do nothing unless polled"]
pub struct Answering<B: MessageBody>(Kind<B>);

enum Kind<B: MessageBody> {
    There(Ready<Answer<B>>),
    ToCome(Pin<Box<dyn Future<Output = Answer<B>>>>),
}

impl<B: MessageBody> Answering<B> {
    fn there(res: ServiceResponse<ResponseBody<B>>) -> Self {
        Self(Kind::There(ready(Ok(res))))
    }

    fn to_come(answer: impl Future<Output = Answer<B>> + 'static) -> Self {
        Self(Kind::ToCome(Box::pin(answer)))
    }
}

impl<B: MessageBody> Future for Answering<B> {
    type Output = Answer<B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<B>> {
        match &mut self.0 {
            Kind::There(res) => Pin::new(res).poll(cx),
            Kind::ToCome(answer) => answer.as_mut().poll(cx),
        }
    }
}

impl<B: MessageBody> fmt::Debug for Answering<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::There(_) => "Answering(there)",
            Kind::ToCome(_) => "Answering(to come)",
        })
    }
}
