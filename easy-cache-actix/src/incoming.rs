//! A request of actix-web as the shared rules look at it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::http::{Method, Uri};
use easy_cache_core::{Cache, Tag};
use easy_cache_http::door::{Address, Depth, Incoming};
use futures_core::Stream;

use crate::fields::Fields;
use crate::middleware::Settings;

/// A request, and the route that it comes in by.
pub(crate) struct Arriving<'a> {
    req: &'a ServiceRequest,
    fields: Fields<'a>,
    has_body: bool,
    settings: &'a Settings,
}

impl<'a> Arriving<'a> {
    pub(crate) fn new(req: &'a mut ServiceRequest, settings: &'a Settings) -> Self {
        let has_body = has_silent_body(req);
        let req = &*req;
        Self { req, fields: Fields(req.headers()), has_body, settings }
    }
}

impl<'a> Incoming for Arriving<'a> {
    type Fields = Fields<'a>;

    fn method(&self) -> &str {
        self.req.method().as_str()
    }

    fn address(&self) -> Address<'_> {
        address(self.req.uri())
    }

    /// Routers of actix-web leave the address alone; what rewrites it does so for everybody further in.
    fn shown(&self) -> Address<'_> {
        self.address()
    }

    fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    fn has_body(&self) -> bool {
        self.has_body
    }

    fn depth(&self) -> Depth {
        self.req.extensions().get().copied().unwrap_or_default()
    }

    fn is_admitted(&self) -> bool {
        self.settings.route.admits(self.req)
    }

    fn user(&self) -> Option<Vec<u8>> {
        self.settings.route.user(self.req)
    }

    fn tags(&self) -> Vec<Tag> {
        self.settings.route.tags(self.req)
    }

    fn may_purge(&self) -> bool {
        self.settings.route.may_purge(self.req)
    }

    /// Whatever runs actix-web runs what it spawns.
    fn may_go_on_behind(&self) -> bool {
        true
    }
}

fn address(uri: &Uri) -> Address<'_> {
    let authority = uri.authority().map(|authority| authority.as_str());
    Address { scheme: uri.scheme_str(), authority, path: uri.path(), query: uri.query() }
}

/// Whether a request that could be answered from the store has a body that no field announces. HTTP/2 brings a stream with every
/// request; the one of a request without a body has ended already.
fn has_silent_body(req: &mut ServiceRequest) -> bool {
    let is_silent = matches!(*req.method(), Method::GET | Method::HEAD)
        && !req.headers().contains_key(CONTENT_LENGTH)
        && !req.headers().contains_key(TRANSFER_ENCODING);
    let payload = req.parts_mut().1;
    if !is_silent || matches!(payload, Payload::None) {
        return false;
    }
    match Pin::new(&mut *payload).poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(None) => false,
        Poll::Pending => true,
        Poll::Ready(Some(chunk)) => {
            let rest = std::mem::replace(payload, Payload::None);
            let whole = Resumed { first: Some(chunk), rest };
            *payload = Payload::Stream { payload: Box::pin(whole) };
            true
        }
    }
}

/// A payload that was looked into.
struct Resumed<T> {
    first: Option<T>,
    rest: Payload,
}

impl<T: Unpin> Stream for Resumed<T>
where
    Payload: Stream<Item = T>,
{
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_next(cx),
        }
    }
}

/// The cache around a handler, for its extractors.
pub(crate) struct Around(pub(crate) Cache);

/// Tells those further in that a request came through one more cache, and which it was.
pub(crate) fn enter(req: &ServiceRequest, cache: &Cache) {
    let mut extensions = req.extensions_mut();
    let depth = extensions.get::<Depth>().copied().unwrap_or_default();
    extensions.insert(depth.deeper());
    extensions.insert(Around(cache.clone()));
}
