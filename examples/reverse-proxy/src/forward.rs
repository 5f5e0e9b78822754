//! The service behind the cache: sends a request to the origin and brings the response back.
//!
//! What may be sent is decided in `entrance`; connections come from `pool`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{error, fmt, io};

use http::header::{CONNECTION, EXPECT, HOST, TE, UPGRADE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request};
use http_body::Body;
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use tower_service::Service;

use crate::pool::{Connection, Outgoing, Pool};
use crate::wire::Interim;
use crate::{hop, upgrade};

/// How long an origin may take until the head of its response is there.
const ANSWERING: Duration = Duration::from_secs(60);

/// Why there is no response. The cache may have one that stands in.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The origin could not be reached, or closed the connection.
    Broken(Box<dyn error::Error + Send + Sync>),
    /// It took too long.
    Slow,
}

impl Failure {
    /// What the client is told.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Broken(_) => StatusCode::BAD_GATEWAY,
            Self::Slow => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(reason) => write!(f, "failed to get a response from the origin: {reason}"),
            Self::Slow => write!(f, "the origin did not answer within {ANSWERING:?}"),
        }
    }
}

impl error::Error for Failure {}

/// Sends requests to the origin. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Forward {
    pool: Arc<Pool>,
}

impl Forward {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool }
    }
}

type Forwarding = Pin<Box<dyn Future<Output = Result<Response<Incoming>, Failure>> + Send>>;

impl Service<Request<Incoming>> for Forward {
    type Response = Response<Incoming>;
    type Error = Failure;
    type Future = Forwarding;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Forwarding {
        let pool = Arc::clone(&self.pool);
        Box::pin(async move {
            match tokio::time::timeout(ANSWERING, exchange(&pool, request)).await {
                Ok(answer) => answer,
                Err(_) => Err(Failure::Slow),
            }
        })
    }
}

/// One request and its response.
async fn exchange(pool: &Arc<Pool>, mut request: Request<Incoming>) -> Result<Response<Incoming>, Failure> {
    let client = upgrade::asked_by(&mut request);
    let (mut head, body) = request.into_parts();
    prepare(&mut head, pool.origin().authority());
    let again = (body.is_end_stream() && is_idempotent(&head.method)).then(|| copy(&head));
    let body = if body.is_end_stream() { Either::Right(Empty::new()) } else { Either::Left(body) };
    let connection = pool.take().await.map_err(broken)?;
    let mut response = match send(pool, connection, Request::from_parts(head, body)).await {
        Ok(response) => response,
        Err(Unsent::Again(request)) => fresh(pool, *request).await?,
        Err(Unsent::Closed(reason)) => match again {
            Some(head) => fresh(pool, Request::from_parts(head, Either::Right(Empty::new()))).await?,
            None => return Err(broken(reason)),
        },
        Err(Unsent::Failed(reason)) => return Err(broken(reason)),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        upgrade::join(client, &mut response).map_err(broken)?;
    } else {
        hop::strip(response.headers_mut());
    }
    let version = response.version();
    hop::add_via(response.headers_mut(), version);
    *response.version_mut() = Version::HTTP_11;
    Ok(response)
}

/// Sends a request over a connection that cannot have been closed for being idle.
async fn fresh(pool: &Arc<Pool>, request: Request<Outgoing>) -> Result<Response<Incoming>, Failure> {
    let connection = pool.connect().await.map_err(broken)?;
    send(pool, connection, request).await.map_err(|unsent| match unsent {
        Unsent::Again(_) => broken("the connection was closed at once"),
        Unsent::Closed(reason) | Unsent::Failed(reason) => broken(reason),
    })
}

/// Why a request got no response.
enum Unsent {
    /// Nothing of it was sent: it may be sent anew, whatever it is.
    Again(Box<Request<Outgoing>>),
    /// A connection that had been used before was closed before the response began: the origin may have closed it before it
    /// knew of the request. What does the same once and twice may be sent anew (RFC 9110 §9.2.2).
    Closed(hyper::Error),
    Failed(hyper::Error),
}

async fn send(
    pool: &Arc<Pool>,
    connection: Connection,
    request: Request<Outgoing>,
) -> Result<Response<Incoming>, Unsent> {
    let Connection { mut sender, is_reused } = connection;
    match sender.try_send_request(request).await {
        Ok(response) => {
            pool.give_back(sender);
            Ok(response)
        }
        Err(mut failed) => match failed.take_message() {
            Some(request) if is_reused => Err(Unsent::Again(Box::new(request))),
            _ if is_reused && was_closed(failed.error()) => Err(Unsent::Closed(failed.into_error())),
            _ => Err(Unsent::Failed(failed.into_error())),
        },
    }
}

fn was_closed(reason: &hyper::Error) -> bool {
    let cause = error::Error::source(reason).and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    reason.is_incomplete_message()
        || matches!(
            cause,
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected)
        )
}

fn broken(reason: impl Into<Box<dyn error::Error + Send + Sync>>) -> Failure {
    Failure::Broken(reason.into())
}

/// RFC 9110 §9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE)
}

/// Makes a client's request the proxy's own.
fn prepare(head: &mut request::Parts, origin: &str) {
    let upgrade = head.headers.get(UPGRADE).cloned();
    let accepts_trailers = hop::accepts_trailers(&head.headers);
    hop::strip(&mut head.headers);
    head.headers.remove(EXPECT); // the connection to the client answers it by itself
    if let Some(protocol) = upgrade {
        head.headers.insert(UPGRADE, protocol);
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    } else if accepts_trailers {
        head.headers.insert(TE, HeaderValue::from_static("trailers"));
        head.headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
    if !head.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(origin)
    {
        head.headers.insert(HOST, host);
    }
    hop::add_via(&mut head.headers, head.version);
    head.uri = origin_form(&head.uri);
    head.version = Version::HTTP_11;
    if let Some(interim) = head.extensions.remove::<Interim>() {
        let mut carrier = Request::new(());
        hyper::ext::on_informational(&mut carrier, move |response| interim.send(response.status(), response.headers()));
        head.extensions.extend(carrier.into_parts().0.extensions);
    }
}

/// The request line for an origin names no authority; `*` stays what it is.
fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from)
}

/// The head of a request that may be sent a second time.
fn copy(head: &request::Parts) -> request::Parts {
    let mut copy = Request::new(()).into_parts().0;
    (copy.method, copy.uri) = (head.method.clone(), head.uri.clone());
    (copy.version, copy.headers, copy.extensions) = (head.version, head.headers.clone(), head.extensions.clone());
    copy
}
