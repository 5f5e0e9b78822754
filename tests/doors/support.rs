//! A site behind a door: a handler that counts its calls, a cache whose time stands still, and answers that are easy
//! to ask about.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use easy_cache_core::{Cache, ManualClock, Tag};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use sfv::{BareItem, Item, List, ListEntry, Parser};

use crate::door::{Door, ResponseTags, Sent, Service};

/// How bodies of tests fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body broke")
    }
}

impl std::error::Error for Broken {}

pub(crate) type Asked = Request<Empty<Bytes>>;
pub(crate) type Given = UnsyncBoxBody<Bytes, Broken>;
pub(crate) type Handled = Pin<Box<dyn Future<Output = Result<Response<Given>, Broken>> + Send>>;

/// What is behind a door.
pub(crate) type Handle = Arc<dyn Fn(Asked) -> Handled + Send + Sync>;

/// Whoever a middleware outside of the cache has found to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User(pub(crate) &'static str);

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Lets every other task of this thread go as far as it can.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Ends a test that hangs.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(seconds(20), future).await.expect("this hangs")
}

pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn request(method: &str, uri: &str, fields: Fields<'_>) -> Asked {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).unwrap()
}

/// A response whose body is ready as a whole.
pub(crate) fn page(fields: Fields<'_>, body: impl Into<Bytes>) -> Response<Given> {
    respond(200, fields, Full::new(body.into()).map_err(never).boxed_unsync())
}

pub(crate) fn respond(status: u16, fields: Fields<'_>, body: Given) -> Response<Given> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

/// Says of a response that its handler gives it in the way of errors, where the framework has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsError;

/// A response that refuses.
pub(crate) fn refusal(status: u16) -> Response<Given> {
    let mut response = respond(status, &[], nothing());
    response.extensions_mut().insert(AsError);
    response
}

/// No body at all.
pub(crate) fn nothing() -> Given {
    Empty::new().map_err(never).boxed_unsync()
}

/// A response that can be asked about.
pub(crate) const TAGGED: Fields<'static> = &[
    ("cache-control", "max-age=10"),
    ("etag", "\"one\""),
    ("content-type", "text/plain"),
    ("x-first", "kept"),
    ("x-both", "old"),
];

/// Whether the handler is asked if what is stored is still current.
pub(crate) fn is_asked(request: &Asked) -> bool {
    request.headers().contains_key("if-none-match") || request.headers().contains_key("if-modified-since")
}

pub(crate) fn never(error: Infallible) -> Broken {
    match error {}
}

#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
    pub(crate) service: Service,
    calls: Arc<AtomicUsize>,
}

impl Site {
    /// A site whose handler answers at once; it is told which call it is, counted from 1.
    pub(crate) fn of<H>(configure: impl FnOnce(Door) -> Door, handler: H) -> Self
    where
        H: Fn(usize, &Asked) -> Response<Given> + Clone + Send + Sync + 'static,
    {
        Self::with(configure, move |_, call, request| {
            let response = handler(call, &request);
            async move { Ok(response) }
        })
    }

    /// A site whose handlers keep to their headers alone.
    pub(crate) fn plain(handler: impl Fn(usize, &Asked) -> Response<Given> + Clone + Send + Sync + 'static) -> Self {
        Self::of(|layer| layer, handler)
    }

    /// A site whose handler waits, fails, or uses the cache.
    pub(crate) fn with<H, F>(configure: impl FnOnce(Door) -> Door, handler: H) -> Self
    where
        H: Fn(Cache, usize, Asked) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response<Given>, Broken>> + Send + 'static,
    {
        let clock = ManualClock::new();
        let cache = crate::place::cache(&clock);
        Self::over(cache, clock, configure, handler)
    }

    /// The same over a cache that was built elsewhere, by this clock.
    pub(crate) fn over<H, F>(cache: Cache, clock: ManualClock, configure: impl FnOnce(Door) -> Door, handler: H) -> Self
    where
        H: Fn(Cache, usize, Asked) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response<Given>, Broken>> + Send + 'static,
    {
        let calls = Arc::new(AtomicUsize::new(0));
        let (counted, inside) = (Arc::clone(&calls), cache.clone());
        let handle: Handle = Arc::new(move |request: Asked| -> Handled {
            let call = counted.fetch_add(1, Ordering::SeqCst) + 1;
            Box::pin(handler(inside.clone(), call, request))
        });
        let service = Service::new(&configure(Door::new(cache.clone())), handle);
        Self { cache, clock, service, calls }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The answer as far as its head.
    pub(crate) async fn open(&self, request: Asked) -> Result<Response<Sent>, Broken> {
        soon(self.service.ask(request)).await
    }

    pub(crate) async fn ask(&self, request: Asked) -> Answer {
        let answer = Answer::read(self.open(request).await.unwrap()).await.unwrap();
        crate::place::arrive().await;
        answer
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.get_with(uri, &[]).await
    }

    pub(crate) async fn get_with(&self, uri: &str, fields: Fields<'_>) -> Answer {
        self.ask(request("GET", uri, fields)).await
    }

    /// Asks without waiting for the answer.
    pub(crate) fn spawn(&self, uri: &str) -> tokio::task::JoinHandle<Answer> {
        let (site, uri) = (self.clone(), uri.to_owned());
        tokio::spawn(async move { site.get(&uri).await })
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) tags: Option<Vec<Tag>>,
}

impl Answer {
    pub(crate) async fn read<B>(response: Response<B>) -> Result<Self, B::Error>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let (parts, body) = response.into_parts();
        let tags = parts.extensions.get::<ResponseTags>().map(|tags| tags.tags().to_vec());
        let body = soon(body.collect()).await?.to_bytes();
        Ok(Self { status: parts.status, headers: parts.headers, body, tags })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn is_hit(&self) -> bool {
        self.said().is_hit()
    }

    pub(crate) fn said(&self) -> Said {
        Said::read(&self.headers)
    }
}

/// The last member of `Cache-Status`: what the layer itself said.
#[derive(Debug)]
pub(crate) struct Said(Item);

impl Said {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let lines: Vec<_> = headers.get_all("cache-status").iter().map(|line| line.to_str().unwrap()).collect();
        let list: List = Parser::new(&lines.join(", ")).parse().expect("Cache-Status is a list");
        match list.into_iter().next_back() {
            Some(ListEntry::Item(item)) => Self(item),
            other => panic!("no Cache-Status: {other:?}"),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.0.bare_item.as_string().unwrap().as_str()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameter(name) == Some(&BareItem::Boolean(true))
    }

    pub(crate) fn is_hit(&self) -> bool {
        assert!(!(self.has("hit") && self.parameter("fwd").is_some()), "a hit was not forwarded");
        self.has("hit")
    }

    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        self.parameter(name).and_then(BareItem::as_token).map(|token| token.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name).and_then(BareItem::as_integer).map(i64::from)
    }

    fn parameter(&self, name: &str) -> Option<&BareItem> {
        self.0.params.get(name)
    }
}
