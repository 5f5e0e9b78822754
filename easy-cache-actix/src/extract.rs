//! The cache around a handler, and the scope of its request, as an extractor.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::error::BlockingError;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, ResponseError, web};
use easy_cache_core::{Cache, Tag, scope};
use easy_cache_http::door::Mark;

use crate::incoming::Around;

/// The cache of this request, in a handler: that of the [`ResponseCache`](crate::ResponseCache) around it, or the one that the
/// app has as its data (`web::Data<Cache>`). It is a [`Cache`], and knows the request as well.
///
/// # Example: a value that its page depends on
/// ```
/// use std::time::Duration;
///
/// use actix_web::{App, HttpResponse, Responder, test, web};
/// use easy_cache_actix::{EasyCache, ResponseCache};
/// use easy_cache_core::Cache;
///
/// async fn front(cache: EasyCache) -> impl Responder {
///     let count = cache.get_or_compute("count", async { Some(7) }).tags(["books"]).await;
///     cache.tag(["front"]); // what no read told
///     HttpResponse::Ok().body(format!("{} books", count.unwrap_or_default()))
/// }
///
/// # #[actix_web::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::new();
/// let cached = ResponseCache::new(cache.clone()).ttl(Duration::from_secs(60));
/// let app = App::new().wrap(cached).route("/", web::get().to(front));
/// # let app = test::init_service(app).await;
/// # let hits = || async {
/// #     let res = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
/// #     res.headers().get("cache-status").unwrap().to_str().unwrap().contains("hit")
/// # };
/// # assert!(!hits().await && hits().await);
/// cache.invalidate_tags(["books"]).await?; // the value goes, and the page with it
/// # assert!(!hits().await && hits().await);
/// # cache.invalidate_tags(["front"]).await?;
/// # assert!(!hits().await);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct EasyCache {
    cache: Cache,
    req: HttpRequest,
}

impl EasyCache {
    /// The response of this request depends on these tags, beside those of all that it reads.
    pub fn tag(&self, tags: impl IntoIterator<Item: Into<Tag>>) {
        scope::depend(&self.cache, tags);
    }

    /// What the response of this request depends on so far.
    #[must_use]
    pub fn tags(&self) -> Vec<Tag> {
        scope::current_tags()
    }

    /// Says of the response of this request what a [`Mark`] says, where its handler cannot say it beside the response. A
    /// [`Marked`](crate::Marked) response goes before.
    pub fn mark(&self, mark: Mark) {
        self.req.extensions_mut().insert(mark);
    }

    /// [`web::block`] inside the scope of this request: what runs on the other thread collects for its response.
    ///
    /// # Errors
    /// If the closure panicked, or the pool of threads was shut down.
    pub async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BlockingError> {
        let scope = scope::carry();
        web::block(move || scope.run(work)).await
    }

    pub(crate) fn of(req: &HttpRequest) -> Result<Self, NoCache> {
        let around = req.extensions().get::<Around>().map(|Around(cache)| cache.clone());
        let shared = || req.app_data::<web::Data<Cache>>().map(|cache| Cache::clone(cache));
        let cache = around.or_else(shared).ok_or(NoCache)?;
        Ok(Self { cache, req: req.clone() })
    }
}

impl Deref for EasyCache {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.cache
    }
}

impl FromRequest for EasyCache {
    type Error = NoCache;
    type Future = Ready<Result<Self, NoCache>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            Self::of(req)
                .inspect_err(|error| tracing::error!(%error, path = req.path(), "failed to extract the cache")),
        )
    }
}

/// There is no cache to extract: no middleware around the handler, and none in the app's data. The client is told nothing
/// but 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoCache;

impl std::fmt::Display for NoCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no response cache around the handler and no `web::Data<Cache>` in the app")
    }
}

impl std::error::Error for NoCache {}

impl ResponseError for NoCache {
    fn error_response(&self) -> actix_web::HttpResponse {
        actix_web::HttpResponse::InternalServerError().finish()
    }
}
