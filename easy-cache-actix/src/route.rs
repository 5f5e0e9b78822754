//! What a route says about its requests, in closures: which of them are cached at all, who asks, and which tags the address
//! alone tells. What a route says about responses is in `policy`.

use std::fmt;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use easy_cache_core::Tag;

type Question<T> = Arc<dyn Fn(&ServiceRequest) -> T + Send + Sync>;

/// The closures of a route.
#[derive(Clone, Default)]
pub(crate) struct Route {
    only_if: Option<Question<bool>>,
    purge_if: Option<Question<bool>>,
    user: Option<Question<Option<Vec<u8>>>>,
    tags: Option<Question<Vec<Tag>>>,
}

impl Route {
    pub(crate) fn set_only_if(&mut self, question: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static) {
        self.only_if = Some(Arc::new(question));
    }

    pub(crate) fn set_purge_if(&mut self, question: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static) {
        self.purge_if = Some(Arc::new(question));
    }

    pub(crate) fn set_user<U: AsRef<[u8]>>(
        &mut self,
        question: impl Fn(&ServiceRequest) -> Option<U> + Send + Sync + 'static,
    ) {
        self.user = Some(Arc::new(move |req| question(req).map(|user| user.as_ref().to_vec())));
    }

    pub(crate) fn set_tags<I: IntoIterator<Item: Into<Tag>>>(
        &mut self,
        question: impl Fn(&ServiceRequest) -> I + Send + Sync + 'static,
    ) {
        self.tags = Some(Arc::new(move |req| question(req).into_iter().map(Into::into).collect()));
    }

    pub(crate) fn admits(&self, req: &ServiceRequest) -> bool {
        self.only_if.as_ref().is_none_or(|question| question(req))
    }

    /// Nobody, unless the application says who.
    pub(crate) fn may_purge(&self, req: &ServiceRequest) -> bool {
        self.purge_if.as_ref().is_some_and(|question| question(req))
    }

    /// Who asks, where the route tells users apart and knows this one.
    pub(crate) fn user(&self, req: &ServiceRequest) -> Option<Vec<u8>> {
        self.user.as_ref().and_then(|question| question(req))
    }

    pub(crate) fn tags(&self, req: &ServiceRequest) -> Vec<Tag> {
        self.tags.as_ref().map(|question| question(req)).unwrap_or_default()
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
