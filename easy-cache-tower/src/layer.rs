//! The layer: what is set once for all requests. What a route may say about its responses is in `policy`.

use std::sync::Arc;

use easy_cache_core::Cache;
use easy_cache_http::door;
use tower_layer::Layer;

use crate::ResponseCache;
use crate::behind::{Refresh, Spawner};
use crate::route::Route;

/// Puts a response cache in front of a service. See the [crate's page](crate) for what is cached and what never is.
///
/// Cloning is cheap; clones share everything.
#[derive(Debug, Clone)]
#[must_use]
pub struct ResponseCacheLayer {
    pub(crate) settings: Arc<Settings>,
}

/// What all requests of one layer share.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What every door has.
    pub(crate) shared: Arc<door::Settings>,
    pub(crate) spawner: Spawner,
    pub(crate) route: Route,
}

impl ResponseCacheLayer {
    /// Caches what the handlers' own headers allow for a stated time.
    pub fn new(cache: Cache) -> Self {
        let shared = Arc::new(door::Settings::new(cache));
        Self { settings: Arc::new(Settings { shared, spawner: Spawner::default(), route: Route::default() }) }
    }

    /// How to run a refresh that goes on after its client was answered. Default: on the runtime of tokio around the request
    /// (feature `tokio`); where there is none, the one request that meets a stale response first waits for the refresh.
    ///
    /// # Example: on a runtime of its own
    /// ```
    /// # fn layer(runtime: tokio::runtime::Handle) -> easy_cache_tower::ResponseCacheLayer {
    /// use easy_cache_core::Cache;
    /// use easy_cache_tower::ResponseCacheLayer;
    ///
    /// ResponseCacheLayer::new(Cache::new()).refresh_on(move |refresh| drop(runtime.spawn(refresh)))
    /// # }
    /// ```
    pub fn refresh_on(self, spawn: impl Fn(Refresh) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.spawner = Spawner::Given(Arc::new(spawn)))
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

impl<S> Layer<S> for ResponseCacheLayer {
    type Service = ResponseCache<S>;

    fn layer(&self, inner: S) -> ResponseCache<S> {
        ResponseCache::new(inner, Arc::clone(&self.settings))
    }
}
