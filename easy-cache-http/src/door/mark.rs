//! What a handler says about one response to this cache alone: an extension of the response. Header fields that it sends
//! speak to every cache.

use std::time::Duration;

use crate::Policy;
use easy_cache_core::Tag;

/// What a handler says about its response to the cache around it. It travels in the extensions of the response, so that nobody
/// else sees it: how it gets there is told by the door.
///
/// It makes nothing shared that header fields call `private` or `no-store`.
///
/// # Example: a page that is good for a minute, and dies with its author
/// ```
/// use std::time::Duration;
/// use easy_cache_http::door::Mark;
///
/// let mark = Mark::new().ttl(Duration::from_secs(60)).tag("authors:7");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[must_use]
pub struct Mark {
    #[serde(with = "super::portable::tags")]
    tags: Vec<Tag>,
    ttl: Option<Duration>,
    while_revalidate: Option<Duration>,
    if_error: Option<Duration>,
    forbidden: bool,
}

impl Mark {
    /// Says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The response depends on this.
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The response depends on these.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Tag>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Keeps the response for so long, whatever its status and whatever lifetime its header fields state for others. It is then
    /// an answer for everybody, also to a request with a `Cookie`: a handler whose page is for one user says `private`.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// For this long past its lifetime the response is served at once and refreshed behind the answer. Its header fields go
    /// before, as they do before a route's: see [`Policy::stale_while_revalidate`].
    pub fn stale_while_revalidate(mut self, window: Duration) -> Self {
        self.while_revalidate = Some(window);
        self
    }

    /// For this long past its lifetime the response is served if the handler fails. Its header fields go before, as they do
    /// before a route's: see [`Policy::stale_if_error`].
    pub fn stale_if_error(mut self, window: Duration) -> Self {
        self.if_error = Some(window);
        self
    }

    /// Nothing of the response is to be kept.
    pub fn forbid(mut self) -> Self {
        self.forbidden = true;
        self
    }

    pub(crate) fn is_forbidden(&self) -> bool {
        self.forbidden
    }

    pub(crate) fn named_tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The route's policy with what was said here.
    pub(crate) fn refine(&self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        if let Some(ttl) = self.ttl {
            policy = policy.stated_by_handler(ttl);
        }
        if let Some(window) = self.while_revalidate {
            policy = policy.stale_while_revalidate(window);
        }
        if let Some(window) = self.if_error {
            policy = policy.stale_if_error(window);
        }
        policy
    }
}
