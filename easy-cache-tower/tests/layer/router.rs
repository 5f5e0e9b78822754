//! The same through a router of axum, over real sockets: what a user of axum writes, and what a client sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use easy_cache_core::{Cache, ManualClock};
use easy_cache_tower::{Mark, ResponseCacheLayer};

use crate::network::{get_with, open, serve};
use crate::support::{Answer, seconds, settle};

/// A cache whose time stands still.
fn cache() -> (ManualClock, Cache) {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(clock.clock()).build();
    (clock, cache)
}

/// A document that knows its tag.
async fn document(headers: HeaderMap) -> Response {
    let fields = [("etag", "\"one\""), ("cache-control", "max-age=10"), ("content-type", "text/plain")];
    if headers.get("if-none-match").is_some_and(|known| known == "\"one\"") {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, "0123456789").into_response()
}

#[tokio::test]
async fn a_stale_document_is_confirmed_and_cut() {
    let (clock, cache) = cache();
    let router = Router::new().route("/document", get(document)).layer(ResponseCacheLayer::new(cache));
    let address = serve(router).await;
    get_with(address, "/document", &[]).await;
    clock.advance(seconds(10));
    let confirmed = get_with(address, "/document", &[]).await;
    assert_eq!((confirmed.status.as_u16(), confirmed.text()), (200, "0123456789"));
    assert_eq!(confirmed.said().number("fwd-status"), Some(304));
    assert_eq!(confirmed.header("content-length"), Some("10"));
    let part = get_with(address, "/document", &[("range", "bytes=2-4")]).await;
    assert_eq!((part.status.as_u16(), part.text(), part.is_hit()), (206, "234", true));
    assert_eq!((part.header("content-length"), part.header("content-range")), (Some("3"), Some("bytes 2-4/10")));
    let none = get_with(address, "/document", &[("range", "bytes=10-")]).await;
    assert_eq!((none.status.as_u16(), none.header("content-length")), (416, Some("0")));
    clock.advance(seconds(10));
    let known = get_with(address, "/document", &[("if-none-match", "\"one\"")]).await;
    assert_eq!((known.status.as_u16(), known.text()), (304, ""));
    let head = Answer::read(open(address, "HEAD", "/document", &[]).await).await.unwrap();
    assert!(head.is_hit() && head.body.is_empty());
}

#[tokio::test]
async fn a_stale_page_is_served_while_its_handler_works_behind() {
    let (clock, cache) = cache();
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = move || async move {
        let mark = Mark::new().ttl(seconds(10)).stale_while_revalidate(seconds(30)).tag("pages");
        (Extension(mark), format!("page {}", calls.fetch_add(1, Ordering::SeqCst) + 1))
    };
    let router = Router::new().route("/", get(handler)).layer(ResponseCacheLayer::new(cache.clone()));
    let address = serve(router).await;
    get_with(address, "/", &[]).await;
    clock.advance(seconds(15));
    let stale = get_with(address, "/", &[]).await;
    assert_eq!((stale.text(), stale.said().number("ttl")), ("page 1", Some(-5)));
    settle().await;
    assert_eq!(get_with(address, "/", &[]).await.text(), "page 2");
    cache.invalidate_tags(["pages"]).await.unwrap();
    assert_eq!(get_with(address, "/", &[]).await.text(), "page 3");
}

#[tokio::test]
async fn a_page_stands_in_for_a_handler_that_fails() {
    let (clock, cache) = cache();
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = move || async move {
        match calls.fetch_add(1, Ordering::SeqCst) {
            0 => "all is well".into_response(),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "the database is away").into_response(),
        }
    };
    let layer = ResponseCacheLayer::new(cache).ttl(seconds(10)).stale_if_error(seconds(60));
    let address = serve(Router::new().route("/", get(handler)).layer(layer)).await;
    get_with(address, "/", &[]).await;
    clock.advance(seconds(15));
    let stale = get_with(address, "/", &[]).await;
    assert_eq!((stale.status.as_u16(), stale.text()), (200, "all is well"));
    assert_eq!(stale.said().word("detail"), Some("stale-if-error"));
    clock.advance(seconds(60));
    assert_eq!(get_with(address, "/", &[]).await.status.as_u16(), 503);
}

#[derive(Clone)]
struct User(String);

/// Finds out who asks. Real ones verify what they read.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let name = request.headers().get("authorization").and_then(|name| name.to_str().ok()).map(str::to_owned);
    if let Some(name) = name {
        request.extensions_mut().insert(User(name));
    }
    next.run(request).await
}

#[tokio::test]
async fn two_users_behind_an_authentication_have_pages_of_their_own() {
    let (_, cache) = cache();
    let layer = ResponseCacheLayer::new(cache)
        .ttl(seconds(60))
        .key_per_user(|head| Some(head.extensions.get::<User>()?.0.clone()));
    let account = |request: Request| async move {
        let user = request.extensions().get::<User>().map_or("stranger", |user| &user.0);
        format!("hello {user}")
    };
    let router = Router::new().route("/account", get(account)).layer(layer).layer(middleware::from_fn(authenticate));
    let address = serve(router).await;
    for hits in [false, true] {
        for name in ["ann", "bob"] {
            let answer = get_with(address, "/account", &[("authorization", name)]).await;
            assert_eq!((answer.text(), answer.is_hit()), (format!("hello {name}").as_str(), hits));
        }
        let stranger = get_with(address, "/account", &[]).await;
        assert_eq!((stranger.text(), stranger.is_hit()), ("hello stranger", hits));
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn a_handler_returns_its_mark_beside_the_body_or_alone() {
    let (_, cache) = cache();
    let mark = || Mark::new().ttl(seconds(60)).tag("pages");
    let router = Router::new()
        .route("/beside", get(move || async move { (mark(), "a page") }))
        .route("/alone", get(move || async move { mark() }));
    let address = serve(router.layer(ResponseCacheLayer::new(cache.clone()))).await;
    for (uri, text) in [("/beside", "a page"), ("/alone", "")] {
        get_with(address, uri, &[]).await;
        let hit = get_with(address, uri, &[]).await;
        assert_eq!((hit.text(), hit.is_hit()), (text, true), "{uri}");
    }
    cache.invalidate_tags(["pages"]).await.unwrap();
    assert!(!get_with(address, "/beside", &[]).await.is_hit());
}

#[tokio::test]
async fn a_router_with_state_is_cached_in_one_line() {
    #[derive(Clone)]
    struct Shop(&'static str);
    let (_, cache) = cache();
    let name = |State(shop): State<Shop>| async move { ([("cache-control", "max-age=60")], shop.0) };
    let router = Router::new().route("/", get(name)).layer(ResponseCacheLayer::new(cache)).with_state(Shop("shop"));
    let address = serve(router).await;
    get_with(address, "/", &[]).await;
    let hit = get_with(address, "/", &[]).await;
    assert_eq!((hit.text(), hit.is_hit()), ("shop", true));
}
