//! What a handler says about one response to this cache alone: an extension of the response. Header fields that it sends
//! speak to every cache.

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_http::door;
use http::Response;

/// What a handler says about its response to the cache around it. Put it into the response's extensions; in axum, return it
/// beside the body. Nobody else sees it.
///
/// It makes nothing shared that header fields call `private` or `no-store`.
///
/// # Example: a page that is good for a minute, and dies with its author
#[cfg_attr(feature = "axum", doc = "```")]
#[cfg_attr(not(feature = "axum"), doc = "```ignore")]
/// # use tower::ServiceExt as _;
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use easy_cache_core::Cache;
/// use easy_cache_tower::{Mark, ResponseCacheLayer};
///
/// async fn author() -> (Mark, &'static str) {
///     (Mark::new().ttl(Duration::from_secs(60)).tag("authors:7"), "Mary Ann Evans")
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::new();
/// let app: Router = Router::new().route("/author", get(author)).layer(ResponseCacheLayer::new(cache.clone()));
/// # let ask = || app.clone().oneshot(axum::extract::Request::get("/author").body(axum::body::Body::empty()).unwrap());
/// # ask().await?;
/// # assert!(ask().await?.headers()["cache-status"].to_str()?.contains("hit"));
/// cache.invalidate_tags(["authors:7"]).await?;
/// # assert!(ask().await?.headers()["cache-status"].to_str()?.contains("uri-miss"));
/// # Ok(()) }
/// ```
// Of this crate, and not that of all doors, so that axum takes it as a part of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Mark(pub(crate) door::Mark);

impl Mark {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The response depends on this.
    pub fn tag(self, tag: impl Into<Tag>) -> Self {
        Self(self.0.tag(tag))
    }

    /// The response depends on these.
    pub fn tags(self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        Self(self.0.tags(tags))
    }

    /// Keeps the response for so long, whatever its status and whatever lifetime its header fields state for others. It is then
    /// an answer for everybody, also to a request with a `Cookie`: a handler whose page is for one user says `private`.
    pub fn ttl(self, ttl: Duration) -> Self {
        Self(self.0.ttl(ttl))
    }

    /// For this long past its lifetime the response is served at once and refreshed behind the answer. Its header fields go
    /// before, as they do before a route's: see [`Policy::stale_while_revalidate`](crate::Policy::stale_while_revalidate).
    pub fn stale_while_revalidate(self, window: Duration) -> Self {
        Self(self.0.stale_while_revalidate(window))
    }

    /// For this long past its lifetime the response is served if the handler fails. Its header fields go before, as they do
    /// before a route's: see [`Policy::stale_if_error`](crate::Policy::stale_if_error).
    pub fn stale_if_error(self, window: Duration) -> Self {
        Self(self.0.stale_if_error(window))
    }

    /// Nothing of the response is to be kept.
    pub fn forbid(self) -> Self {
        Self(self.0.forbid())
    }
}

/// Puts what the handler said where the shared rules look for it.
pub(crate) fn tell<B>(response: &mut Response<B>) {
    if let Some(Mark(mark)) = response.extensions().get() {
        let mark = mark.clone();
        response.extensions_mut().insert(mark);
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponseParts for Mark {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut response: axum::response::ResponseParts,
    ) -> Result<axum::response::ResponseParts, Self::Error> {
        response.extensions_mut().insert(self);
        Ok(response)
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Mark {
    fn into_response(self) -> axum::response::Response {
        (self, ()).into_response()
    }
}
