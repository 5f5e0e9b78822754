//! The middleware of actix-web, as the tests of all doors see it. Its services stay on their thread and want to be polled where
//! actix-web polls them: so a task of that thread takes requests in, and lets go of those whose asker has gone.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service as _, ServiceRequest, ServiceResponse, Transform, fn_service};
pub(crate) use actix_web::test;
use actix_web::test::TestRequest;
use actix_web::{HttpMessage as _, HttpResponse, ResponseError, rt};
use bytes::Bytes;
pub(crate) use easy_cache_actix::{Mark, QueryKey, ResponseCache as Door, ResponseTags, TagField, path_tag};
use easy_cache_actix::{Marked, ResponseBody};
use easy_cache_core::scope::{self, Carried};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Empty;
use send_wrapper::SendWrapper;
use tokio::sync::{mpsc, oneshot};

use crate::support::{AsError, Asked, Broken, Given, Handle, User};

pub(crate) const HAS_TRAILERS: bool = false;

type Answered = Result<Response<Sent>, Broken>;

#[derive(Clone)]
pub(crate) struct Service(mpsc::UnboundedSender<Call>);

/// A request, the scope that it is made in, and where its answer goes.
type Call = (Asked, Carried, oneshot::Sender<Answered>);

impl Service {
    pub(crate) fn new(door: &Door, handle: Handle) -> Self {
        let inner = fn_service(move |req: ServiceRequest| {
            let handled = handle(asked(&req));
            async move {
                let given = handled.await?;
                if given.extensions().get::<AsError>().is_some() {
                    let status = given.status().as_u16().try_into().unwrap();
                    return Err(actix_web::error::InternalError::new("refused", status).into());
                }
                Ok::<_, actix_web::Error>(ServiceResponse::new(req.into_parts().0, responded(given)))
            }
        });
        let service = Rc::new(door.new_transform(inner).into_inner().unwrap());
        let (sender, mut requests) = mpsc::unbounded_channel::<Call>();
        rt::spawn(async move {
            while let Some((request, scope, mut reply)) = requests.recv().await {
                let service = Rc::clone(&service);
                rt::spawn(async move {
                    let answer = scope.wrap(async { service.call(arriving(request)).await });
                    tokio::select! {
                        biased;
                        () = reply.closed() => {}
                        answer = answer => drop(reply.send(answered(answer))),
                    }
                });
            }
        });
        Self(sender)
    }

    pub(crate) async fn ask(&self, request: Asked) -> Answered {
        let (reply, answer) = oneshot::channel();
        assert!(self.0.send((request, scope::carry(), reply)).is_ok(), "the service is gone");
        answer.await.expect("the handler panicked")
    }
}

/// A request as actix-web takes it in.
fn arriving(request: Asked) -> ServiceRequest {
    let method = request.method().as_str().parse().unwrap();
    let mut arriving = TestRequest::default().method(method).uri(&request.uri().to_string());
    for (name, value) in request.headers() {
        arriving = arriving.append_header((name.as_str(), value.as_bytes()));
    }
    let arriving = arriving.to_srv_request();
    if let Some(user) = request.extensions().get::<User>() {
        arriving.extensions_mut().insert(*user);
    }
    arriving
}

/// A request as the handlers of all doors read it.
fn asked(req: &ServiceRequest) -> Asked {
    let mut asked = Request::builder().method(req.method().as_str()).uri(req.uri().to_string());
    for (name, value) in req.headers() {
        asked = asked.header(name.as_str(), value.as_bytes());
    }
    let mut asked = asked.body(Empty::new()).unwrap();
    if let Some(user) = req.extensions().get::<User>() {
        asked.extensions_mut().insert(*user);
    }
    asked
}

/// What the handlers of all doors give, as a handler of actix-web would.
fn responded(given: Response<Given>) -> HttpResponse<Giving> {
    let (parts, body) = given.into_parts();
    let mut res = HttpResponse::build(parts.status.as_u16().try_into().unwrap());
    for (name, value) in &parts.headers {
        res.append_header((name.as_str(), value.as_bytes()));
    }
    let res = res.message_body(Giving(body)).unwrap();
    match parts.extensions.get::<Mark>() {
        Some(mark) => {
            actix_web::Responder::respond_to(Marked(mark.clone(), res), &TestRequest::default().to_http_request())
        }
        None => res,
    }
}

fn answered(answer: Result<ServiceResponse<ResponseBody<Giving>>, actix_web::Error>) -> Answered {
    let res = match answer {
        Ok(res) => res,
        Err(error) => return error.as_error::<Broken>().copied().map_or_else(|| Ok(refused(&error)), Err),
    };
    let mut response = head(res.response());
    if let Some(tags) = res.response().extensions().get::<ResponseTags>() {
        response = response.extension(tags.clone());
    }
    Ok(response.body(Sent(Some(SendWrapper::new(Box::pin(res.into_body()))))).unwrap())
}

/// What the server of actix-web makes of an error.
fn refused(error: &actix_web::Error) -> Response<Sent> {
    let res = error.error_response();
    head(&res).body(Sent(None)).unwrap()
}

fn head<B>(res: &HttpResponse<B>) -> http::response::Builder {
    let fields = res.headers().iter();
    let head = Response::builder().status(res.status().as_u16());
    fields.fold(head, |head, (name, value)| head.header(name.as_str(), value.as_bytes()))
}

impl ResponseError for Broken {}

/// A handler's body, as actix-web has them.
struct Giving(Given);

impl MessageBody for Giving {
    type Error = Broken;

    fn size(&self) -> BodySize {
        self.0.size_hint().exact().map_or(BodySize::Stream, BodySize::Sized)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        Pin::new(&mut self.0).poll_frame(cx).map_ok(|frame| frame.into_data().expect("no trailers"))
    }
}

/// The body of an answer, if it has one.
#[derive(Debug)]
pub(crate) struct Sent(Option<SendWrapper<Pin<Box<ResponseBody<Giving>>>>>);

impl Body for Sent {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut self.0 {
            Some(body) => body.as_mut().poll_next(cx).map_ok(Frame::data),
            None => Poll::Ready(None),
        }
    }
}

pub(crate) fn per_user(door: Door) -> Door {
    door.key_per_user(|req| req.extensions().get::<User>().map(|user| user.0))
}

pub(crate) fn without_previews_and_drafts(door: Door) -> Door {
    door.only_if(|req| !req.headers().contains_key("x-preview") && req.path() != "/draft")
}

pub(crate) fn purged_with_the_word(door: Door) -> Door {
    door.purge_if(|request| request.headers().get("x-word").is_some_and(|word| word == "sesame"))
}

pub(crate) fn by_shop(door: Door) -> Door {
    door.tag_by(|req| req.path().split('/').nth(1).map(|shop| format!("shop:{shop}")))
}
