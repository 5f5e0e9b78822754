//! One cache behind two layers of one request: what the inner one keeps never gets past what stands between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use easy_cache_core::{Cache, ManualClock};
use easy_cache_tower::ResponseCacheLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Answer, Asked, Broken, page, request, seconds, soon};

/// Lets only those in who know the word, by a field that no rule of HTTP knows.
async fn guard(request: Request, next: Next) -> Response {
    if request.headers().get("x-word").is_none_or(|word| word != "sesame") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert("cache-control", HeaderValue::from_static("private"));
    response
}

async fn ask(router: &Router, word: Option<&'static str>) -> Answer {
    let mut headers = HeaderMap::new();
    word.map(|word| headers.insert("x-word", HeaderValue::from_static(word)));
    let mut request = Request::get("/vault").body(axum::body::Body::empty()).unwrap();
    *request.headers_mut() = headers;
    Answer::read(soon(router.clone().oneshot(request)).await.unwrap()).await.unwrap()
}

fn vault(outer: impl Fn(ResponseCacheLayer) -> ResponseCacheLayer) -> (Router, Arc<AtomicUsize>) {
    let cache = Cache::builder().clock(ManualClock::new().clock()).build();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let handler = move || async move { format!("gold {}", counted.fetch_add(1, Ordering::SeqCst) + 1) };
    let router = Router::new()
        .route("/vault", get(handler))
        .layer(ResponseCacheLayer::new(cache.clone()).ttl(seconds(60)))
        .layer(middleware::from_fn(guard))
        .layer(outer(ResponseCacheLayer::new(cache)));
    (router, calls)
}

#[tokio::test]
async fn two_users_what_an_inner_layer_keeps_does_not_get_past_the_guard_before_it() {
    let (router, calls) = vault(|outer| outer);
    assert_eq!(ask(&router, Some("sesame")).await.text(), "gold 1");
    assert_eq!(ask(&router, None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(ask(&router, Some("sesame")).await.text(), "gold 1");
    assert_eq!(calls.load(Ordering::SeqCst), 1, "who may see it gets the copy of the inner layer");
}

#[tokio::test]
async fn two_users_also_where_the_outer_layer_lets_the_first_of_them_pass_by() {
    let (router, _) = vault(|outer| outer.only_if(|request| !request.headers.contains_key("x-word")));
    assert_eq!(ask(&router, Some("sesame")).await.text(), "gold 1");
    assert_eq!(ask(&router, None).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn two_layers_over_one_cache_do_not_wait_for_each_other() {
    let cache = Cache::new();
    let handler = service_fn(|_: Asked| async { Ok::<_, Broken>(page(&[], "page")) });
    let route = ResponseCacheLayer::new(cache.clone()).named("route").ttl(seconds(60)).layer(handler);
    let site = ResponseCacheLayer::new(cache).named("site").layer(route);
    let first = soon(site.clone().oneshot(request("GET", "/", &[]))).await.unwrap();
    assert_eq!(Answer::read(first).await.unwrap().text(), "page");
    let second = Answer::read(soon(site.oneshot(request("GET", "/", &[]))).await.unwrap()).await.unwrap();
    let said: Vec<_> = second.headers.get_all("cache-status").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(said[0].starts_with("\"route\"; hit"), "the layer that kept it answers: {said:?}");
    assert!(said[1].starts_with("\"site\"; fwd=uri-miss"), "and the other one does not: {said:?}");
}
