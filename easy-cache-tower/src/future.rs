//! The future of an answer: waits for others, runs the handler inside the scope of the response, and lets the response go
//! once what it made invalid is dropped. What becomes of a response is decided in `easy-cache-http`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use easy_cache_http::door::{Arrival, Arriving, Dropping, Exchange, Passage, Purging, Task, arrive};
use http::header::CACHE_STATUS;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::ResponseBody;
use crate::layer::Settings;
use crate::mark::{self, Mark};

pin_project! {
    /// The answer of a [`ResponseCache`](crate::ResponseCache), on its way.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, W, B> {
        #[pin]
        state: State<F, W, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, W, B> {
        Answer { response: Option<Response<Bytes>> },
        Purge { purging: Purging },
        Wait { arriving: Arriving, waiting: Option<W> },
        Prepare { waiting: Option<W>, next: Option<Next> },
        Run { #[pin] handler: F, task: Option<Box<Task>> },
        Pass { #[pin] handler: F, passage: Passage },
        Invalidate { dropping: Dropping, response: Option<Response<B>> },
    }
}

/// What a request that may go to its handler takes along.
enum Next {
    Run(Box<Task>),
    Pass(Passage),
}

/// A request that has not reached its handler yet, and the service that it is for.
pub struct Waiting<S, R> {
    service: S,
    request: Request<R>,
    is_ready: bool,
    settings: Arc<Settings>,
    /// Runs the handler behind the answer, where it is known that it may be sent away.
    refresh: fn(Self, Box<Task>, &Settings),
}

impl<S, R> Waiting<S, R> {
    pub(crate) const fn new(
        service: S,
        request: Request<R>,
        settings: Arc<Settings>,
        refresh: fn(Self, Box<Task>, &Settings),
    ) -> Self {
        Self { service, request, is_ready: true, settings, refresh }
    }

    fn go_on_behind(self, task: Box<Task>) {
        let settings = Arc::clone(&self.settings);
        (self.refresh)(self, task, &settings);
    }
}

impl<S: Clone, R> Waiting<S, R> {
    /// Gives back what being ready holds (a place under a limit, say): whoever waits for others must not keep others from
    /// working.
    fn stand_back(&mut self) {
        if self.is_ready {
            self.service = self.service.clone();
            self.is_ready = false;
        }
    }
}

impl<F, W, B> ResponseFuture<F, W, B> {
    pub(crate) const fn answer(response: Response<Bytes>) -> Self {
        Self { state: State::Answer { response: Some(response) } }
    }

    pub(crate) const fn purge(purging: Purging) -> Self {
        Self { state: State::Purge { purging } }
    }

    pub(crate) const fn pass(handler: F, passage: Passage) -> Self {
        Self { state: State::Pass { handler, passage } }
    }

    pub(crate) fn wait(exchange: Box<Exchange>, waiting: W) -> Self {
        Self { state: State::Wait { arriving: arrive(exchange), waiting: Some(waiting) } }
    }

    /// To the handler, as soon as that is ready.
    pub(crate) fn prepare(waiting: W, task: Box<Task>) -> Self {
        Self { state: State::Prepare { waiting: Some(waiting), next: Some(Next::Run(task)) } }
    }

    pub(crate) fn run<S, R>(service: &mut S, request: Request<R>, task: Box<Task>) -> Self
    where
        S: Service<Request<R>, Future = F>,
    {
        Self { state: State::run(service, request, task) }
    }
}

impl<F, W, B> State<F, W, B> {
    /// The handler may do its work in `call` as well as in its future.
    fn run<S, R>(service: &mut S, mut request: Request<R>, mut task: Box<Task>) -> Self
    where
        S: Service<Request<R>, Future = F>,
    {
        task.prepare(request.headers_mut());
        let handler = task.run(|| service.call(request));
        Self::Run { handler, task: Some(task) }
    }
}

impl<F, S, R, B, E> Future for ResponseFuture<F, Waiting<S, R>, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    S: Service<Request<R>, Response = Response<B>, Error = E, Future = F> + Clone,
    B: Body + Send + 'static,
    B::Error: Send,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Answer { response } => {
                    return Poll::Ready(Ok(once(response).map(ResponseBody::whole)));
                }
                StateProjection::Purge { purging } => {
                    return Poll::Ready(Ok(ready!(purging.as_mut().poll(cx)).map(ResponseBody::whole)));
                }
                StateProjection::Wait { arriving, waiting } => match arriving.as_mut().poll(cx) {
                    Poll::Pending => {
                        waiting.iter_mut().for_each(Waiting::stand_back);
                        return Poll::Pending;
                    }
                    Poll::Ready(Arrival::Found(exchange, hit)) => {
                        return Poll::Ready(Ok(exchange.answer(&hit).map(ResponseBody::whole)));
                    }
                    Poll::Ready(Arrival::Compute(task)) => {
                        State::Prepare { waiting: waiting.take(), next: Some(Next::Run(task)) }
                    }
                    Poll::Ready(Arrival::Pass(passage)) => {
                        State::Prepare { waiting: waiting.take(), next: Some(Next::Pass(passage)) }
                    }
                    Poll::Ready(Arrival::Behind(response, task)) => {
                        once(waiting).go_on_behind(task);
                        return Poll::Ready(Ok(response.map(ResponseBody::whole)));
                    }
                    Poll::Ready(Arrival::Answer(response)) => {
                        return Poll::Ready(Ok(response.map(ResponseBody::whole)));
                    }
                },
                StateProjection::Prepare { waiting, next } => {
                    let ready = ready!(prepare(waiting, cx));
                    match (once(next), ready) {
                        (Next::Run(task), Err(error)) => return Poll::Ready(without_answer(task, error)),
                        (Next::Pass(mut passage), Err(error)) => {
                            passage.fail();
                            return Poll::Ready(Err(error));
                        }
                        (next, Ok(())) => {
                            let Waiting { mut service, request, .. } = once(waiting);
                            match next {
                                Next::Run(task) => State::run(&mut service, request, task),
                                Next::Pass(passage) => State::Pass { handler: service.call(request), passage },
                            }
                        }
                    }
                }
                StateProjection::Run { handler, task } => return run(handler, task, cx),
                StateProjection::Pass { handler, passage } => {
                    let mut response = ready!(handler.poll(cx)).inspect_err(|_| passage.fail())?;
                    let mark = response.extensions().get().map(|Mark(mark)| mark);
                    let (status, dropping) = passage.finish(response.status().as_u16(), response.headers(), mark);
                    response.headers_mut().append(CACHE_STATUS, status);
                    let told = passage.told();
                    if !told.is_empty() {
                        response.headers_mut().extend(told);
                    }
                    let Some(dropping) = dropping else { return Poll::Ready(Ok(response.map(ResponseBody::passing))) };
                    State::Invalidate { dropping, response: Some(response) }
                }
                StateProjection::Invalidate { dropping, response } => {
                    ready!(dropping.as_mut().poll(cx));
                    return Poll::Ready(Ok(once(response).map(ResponseBody::passing)));
                }
            };
            state.set(next);
        }
    }
}

type Answer<B, E> = Result<Response<ResponseBody<B>>, E>;

fn run<F, B, E>(handler: Pin<&mut F>, slot: &mut Option<Box<Task>>, cx: &mut Context<'_>) -> Poll<Answer<B, E>>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body + Send + 'static,
    B::Error: Send,
{
    let mut task = once(slot);
    let Poll::Ready(result) = task.run(|| handler.poll(cx)) else {
        *slot = Some(task);
        return Poll::Pending;
    };
    Poll::Ready(match result {
        Ok(mut response) => {
            mark::tell(&mut response);
            let recordings = Arc::clone(&task.settings().recordings);
            Ok(task.respond(response, cx).map(|body| ResponseBody::of(body, &recordings)))
        }
        Err(error) => without_answer(task, error),
    })
}

/// Waits until the service is ready for a request that has stood back.
fn prepare<S, R>(waiting: &mut Option<Waiting<S, R>>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
where
    S: Service<Request<R>>,
{
    match waiting {
        Some(waiting) if !waiting.is_ready => waiting.service.poll_ready(cx),
        _ => Poll::Ready(Ok(())),
    }
}

/// The service itself failed: what is stored may stand in.
fn without_answer<B: Body, E>(task: Box<Task>, error: E) -> Answer<B, E> {
    let stored = task.stand_in();
    task.fail();
    stored.map(|response| response.map(ResponseBody::whole)).ok_or(error)
}

/// Takes what is taken once.
fn once<T>(slot: &mut Option<T>) -> T {
    match slot.take() {
        Some(value) => value,
        None => panic!("the answer of a response cache was polled after it had been given, or had panicked"),
    }
}

impl<F, W, B> fmt::Debug for ResponseFuture<F, W, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Answer { .. } => "answers",
            State::Wait { .. } | State::Prepare { .. } => "waits",
            State::Run { .. } | State::Pass { .. } => "is with the handler",
            State::Purge { .. } | State::Invalidate { .. } => "invalidates",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}

impl<S, R> fmt::Debug for Waiting<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("uri", self.request.uri()).finish_non_exhaustive()
    }
}
