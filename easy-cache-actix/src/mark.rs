//! How a handler's words about its response reach the cache: beside what it responds with.

use actix_web::{HttpRequest, HttpResponse, Responder};
use easy_cache_http::door::Mark;

/// A response, and what its handler says of it to the cache around it: see [`Mark`].
///
/// # Example: a page that is good for a minute, and dies with its author
/// ```
/// use std::time::Duration;
///
/// use actix_web::{App, Responder, test, web};
/// use easy_cache_actix::{Mark, Marked, ResponseCache};
/// use easy_cache_core::Cache;
///
/// async fn author() -> impl Responder {
///     Marked(Mark::new().ttl(Duration::from_secs(60)).tag("authors:7"), "Mary Ann Evans")
/// }
///
/// # #[actix_web::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::new();
/// let app = App::new().wrap(ResponseCache::new(cache.clone())).route("/author", web::get().to(author));
/// # let app = test::init_service(app).await;
/// # let ask = || test::call_service(&app, test::TestRequest::get().uri("/author").to_request());
/// # ask().await;
/// # assert!(ask().await.headers().get("cache-status").unwrap().to_str()?.contains("hit"));
/// cache.invalidate_tags(["authors:7"]).await?;
/// # assert!(ask().await.headers().get("cache-status").unwrap().to_str()?.contains("uri-miss"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Marked<R>(pub Mark, pub R);

impl<R: Responder> Responder for Marked<R> {
    type Body = R::Body;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse<R::Body> {
        let Self(mark, response) = self;
        let mut res = response.respond_to(req);
        res.extensions_mut().insert(mark);
        res
    }
}
