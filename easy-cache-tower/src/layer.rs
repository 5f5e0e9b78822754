//! The layer: what is set once for all requests. What a route may say about its responses is in `policy`.

use std::sync::Arc;

use easy_cache_core::Cache;
use easy_cache_http::Policy;
use tower_layer::Layer;

use crate::ResponseCache;
use crate::ahead::Recordings;
use crate::behind::{Refresh, Spawner};
use crate::route::Route;

/// The largest body that is kept, unless the application says otherwise: room for any page or JSON document, and at most
/// a sixty-fourth of a default cache.
const MAX_BODY: u64 = 1 << 20;

/// Variants of one URI that are kept at once. Languages times encodings of a real site stay far below it; a client that
/// makes up values of a varying header does not get further.
const MAX_VARIANTS: usize = 64;

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
    pub(crate) cache: Cache,
    pub(crate) policy: Policy,
    pub(crate) name: String,
    pub(crate) max_body: u64,
    pub(crate) max_variants: usize,
    pub(crate) recordings: Arc<Recordings>,
    pub(crate) spawner: Spawner,
    pub(crate) route: Route,
    pub(crate) tells_key: bool,
}

impl ResponseCacheLayer {
    /// Caches what the handlers' own headers allow for a stated time.
    pub fn new(cache: Cache) -> Self {
        let settings = Settings {
            cache,
            policy: Policy::new(),
            name: "easy-cache".to_owned(),
            max_body: MAX_BODY,
            max_variants: MAX_VARIANTS,
            recordings: Arc::default(),
            spawner: Spawner::default(),
            route: Route::default(),
            tells_key: false,
        };
        Self { settings: Arc::new(settings) }
    }

    /// The name of this cache in `Cache-Status`. Default: `easy-cache`.
    pub fn named(self, name: impl Into<String>) -> Self {
        self.with(|settings| settings.name = name.into())
    }

    /// Says in `Cache-Status` under which URI a response is stored. It tells strangers how the cache works: for development.
    pub fn tell_key(self) -> Self {
        self.with(|settings| settings.tells_key = true)
    }

    /// The largest body, in bytes, that is kept. A larger one reaches its client whole, and is not kept. Default: 1 MiB.
    pub fn max_body(self, bytes: u64) -> Self {
        self.with(|settings| settings.max_body = bytes)
    }

    /// How many variants of one URI (by its `Vary`) are kept before all of them are given up for new ones. Default: 64.
    pub fn max_variants(self, variants: usize) -> Self {
        self.with(|settings| settings.max_variants = variants.max(1))
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
}

impl<S> Layer<S> for ResponseCacheLayer {
    type Service = ResponseCache<S>;

    fn layer(&self, inner: S) -> ResponseCache<S> {
        ResponseCache::new(inner, Arc::clone(&self.settings))
    }
}
