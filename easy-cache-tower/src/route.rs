//! What a route says about its requests, in closures: which of them are cached at all, who asks, and which tags the address
//! alone tells. What a route says about responses is in `policy`.

use std::fmt;
use std::sync::Arc;

use easy_cache_core::Tag;
use http::{Extensions, HeaderMap, Method, Request, Uri};

use crate::incoming;

/// The head of a request, as a route's closures see it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The URI that the client asked for.
    pub uri: &'a Uri,
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// What middleware outside of the cache has put there.
    pub extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        let (method, headers, extensions) = (request.method(), request.headers(), request.extensions());
        Self { method, uri: incoming::uri(request), headers, extensions }
    }
}

type Question<T> = Arc<dyn Fn(&RequestHead<'_>) -> T + Send + Sync>;

/// The closures of a route.
#[derive(Clone, Default)]
pub(crate) struct Route {
    only_if: Option<Question<bool>>,
    purge_if: Option<Question<bool>>,
    user: Option<Question<Option<Vec<u8>>>>,
    tags: Option<Question<Vec<Tag>>>,
}

impl Route {
    pub(crate) fn set_only_if(&mut self, question: impl Fn(&RequestHead<'_>) -> bool + Send + Sync + 'static) {
        self.only_if = Some(Arc::new(question));
    }

    pub(crate) fn set_purge_if(&mut self, question: impl Fn(&RequestHead<'_>) -> bool + Send + Sync + 'static) {
        self.purge_if = Some(Arc::new(question));
    }

    pub(crate) fn set_user<U: AsRef<[u8]>>(
        &mut self,
        question: impl Fn(&RequestHead<'_>) -> Option<U> + Send + Sync + 'static,
    ) {
        self.user = Some(Arc::new(move |head| question(head).map(|user| user.as_ref().to_vec())));
    }

    pub(crate) fn set_tags<I: IntoIterator<Item: Into<Tag>>>(
        &mut self,
        question: impl Fn(&RequestHead<'_>) -> I + Send + Sync + 'static,
    ) {
        self.tags = Some(Arc::new(move |head| question(head).into_iter().map(Into::into).collect()));
    }

    pub(crate) fn admits<B>(&self, request: &Request<B>) -> bool {
        self.only_if.as_ref().is_none_or(|question| question(&RequestHead::of(request)))
    }

    /// Nobody, unless the application says who.
    pub(crate) fn may_purge<B>(&self, request: &Request<B>) -> bool {
        self.purge_if.as_ref().is_some_and(|question| question(&RequestHead::of(request)))
    }

    /// Who asks, where the route tells users apart and knows this one.
    pub(crate) fn user<B>(&self, request: &Request<B>) -> Option<Vec<u8>> {
        self.user.as_ref().and_then(|question| question(&RequestHead::of(request)))
    }

    pub(crate) fn tags<B>(&self, request: &Request<B>) -> Vec<Tag> {
        self.tags.as_ref().map(|question| question(&RequestHead::of(request))).unwrap_or_default()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("only_if", &self.only_if.is_some())
            .field("purge_if", &self.purge_if.is_some())
            .field("user", &self.user.is_some())
            .field("tags", &self.tags.is_some())
            .finish()
    }
}
