//! A request of `http` 1 as the shared rules look at it.

use easy_cache_core::Tag;
use easy_cache_http::door::{Address, Depth, Incoming};
use http::{HeaderMap, Request, Uri};
use http_body::Body;

use crate::layer::Settings;

/// The URI that the client asked for. A nested router of axum shows its layers only the rest of it.
pub(crate) fn uri<B>(request: &Request<B>) -> &Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = request.extensions().get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    request.uri()
}

fn depth<B>(request: &Request<B>) -> Depth {
    request.extensions().get().copied().unwrap_or_default()
}

/// Tells the layers further in that a request came through one more.
pub(crate) fn enter<B>(request: &mut Request<B>) {
    let deeper = depth(request).deeper();
    request.extensions_mut().insert(deeper);
}

/// A request, and the route that it comes in by.
pub(crate) struct Arriving<'a, B> {
    pub(crate) request: &'a Request<B>,
    pub(crate) settings: &'a Settings,
}

impl<B: Body> Incoming for Arriving<'_, B> {
    type Fields = HeaderMap;

    fn method(&self) -> &str {
        self.request.method().as_str()
    }

    fn address(&self) -> Address<'_> {
        uri(self.request).into()
    }

    fn shown(&self) -> Address<'_> {
        self.request.uri().into()
    }

    fn fields(&self) -> &HeaderMap {
        self.request.headers()
    }

    fn has_body(&self) -> bool {
        !self.request.body().is_end_stream()
    }

    fn depth(&self) -> Depth {
        depth(self.request)
    }

    fn is_admitted(&self) -> bool {
        self.settings.route.admits(self.request)
    }

    fn user(&self) -> Option<Vec<u8>> {
        self.settings.route.user(self.request)
    }

    fn tags(&self) -> Vec<Tag> {
        self.settings.route.tags(self.request)
    }

    fn may_purge(&self) -> bool {
        self.settings.route.may_purge(self.request)
    }

    fn may_go_on_behind(&self) -> bool {
        self.settings.spawner.is_ready()
    }
}
