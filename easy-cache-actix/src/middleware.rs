//! The middleware: what is set once for all requests. What a route may say about its requests is in `policy`.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use easy_cache_core::Cache;
use easy_cache_http::door;

use crate::ResponseBody;
use crate::route::Route;
use crate::service::InnerResponseCache;

/// Puts a response cache around an app, a scope or a resource. See the [crate's page](crate) for what is cached and what never
/// is.
///
/// Cloning is cheap; clones share everything. Make one outside of the closure that builds the app, and give each app a clone:
/// then requests of all workers share what is kept, and wait for each other.
#[derive(Debug, Clone)]
#[must_use]
pub struct ResponseCache {
    pub(crate) settings: Arc<Settings>,
}

/// What all requests of one cache share.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What every door has.
    pub(crate) shared: Arc<door::Settings>,
    pub(crate) route: Route,
}

impl ResponseCache {
    /// Caches what the handlers' own headers allow for a stated time.
    pub fn new(cache: Cache) -> Self {
        let shared = Arc::new(door::Settings::new(cache));
        Self { settings: Arc::new(Settings { shared, route: Route::default() }) }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// What every door has.
    pub(crate) fn settings_mut(&mut self) -> &mut door::Settings {
        Arc::make_mut(&mut Arc::make_mut(&mut self.settings).shared)
    }
}

impl<S, B> Transform<S, ServiceRequest> for ResponseCache
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<ResponseBody<B>>;
    type Error = Error;
    type Transform = InnerResponseCache<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(InnerResponseCache { inner: Rc::new(service), settings: Arc::clone(&self.settings) }))
    }
}
