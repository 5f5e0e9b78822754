//! The same list, and the same abuse, through an application on axum with the layer around it, all in one process. What is about connections is not
//! an application's.
#![cfg(test)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, VARY};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use conformance::abuse::{self, Page, Pieces};
use conformance::{Capabilities, Kind, Message, Origin, run};
use easy_cache_core::Cache;
use easy_cache_tower::ResponseCacheLayer;
use tokio::net::TcpListener;

/// The one handler of the application.
async fn answer(State(origin): State<Origin>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let fields = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let message = Message {
        start: format!("{} {} HTTP/1.1", head.method, head.uri),
        fields: fields.collect(),
        body: to_bytes(body, 1 << 20).await.unwrap().to_vec(),
    };
    let answer = origin.answer(&message);
    tokio::time::sleep(answer.delay).await;
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    for (name, value) in answer.fields {
        let name = name.to_ascii_lowercase().try_into();
        let (Ok::<axum::http::HeaderName, _>(name), Ok(value)) = (name, value.try_into()) else { continue };
        response.headers_mut().append(name, value);
    }
    response
}

/// What the proxy does by default, as words on a layer.
fn layer() -> ResponseCacheLayer {
    ResponseCacheLayer::new(Cache::new())
        .stale_if_error(Duration::from_secs(60))
        .targeted_by(["cdn-cache-control"])
        .languages_in_any_order()
        .ignore_request_cookies()
        .share_set_cookie_between_users()
        .keep_parts()
        .guess_lifetimes()
}

async fn application(origin: &Origin) -> SocketAddr {
    let app = Router::new().fallback(answer).with_state(origin.clone()).layer(layer());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_shows_every_behaviour_that_is_not_about_connections() {
    let origin = Origin::default();
    let address = application(&origin).await;
    let report = run(address, &origin, Capabilities { connections: false, interim: false }).await;
    report.assert();
    assert_eq!(report.count(Kind::Required), (154, 154), "{report}");
}

/// A site that some clients abuse, behind a cache of this size; and its cache.
async fn abused(size: u64) -> (SocketAddr, Cache) {
    let cache = Cache::builder().max_weight(size).build();
    let layer = ResponseCacheLayer::new(cache.clone()).max_body(8 << 20);
    let answers = Arc::new(AtomicUsize::new(0));
    let answer = move |request: Request| {
        let number = answers.fetch_add(1, Ordering::Relaxed);
        async move {
            let value = request.headers().get("x-value").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let page = Page::of(request.uri().path_and_query().unwrap().as_str(), value, number);
            let mut response = Response::new(Body::from_stream(Pieces::from(&page)));
            response.headers_mut().insert(CACHE_CONTROL, page.lifetime.parse().unwrap());
            response.headers_mut().insert(CONTENT_LENGTH, page.body.len().into());
            if let Some(field) = page.vary {
                response.headers_mut().insert(VARY, field.parse().unwrap());
            }
            response
        }
    };
    let app = Router::new().fallback(answer).layer(layer);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    // A body in several writes waits for the client's acknowledgement otherwise.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, cache)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_with_clients_that_go_away_nobody_hangs_or_gets_what_is_not_theirs() {
    let (site, cache) = abused(4 << 20).await;
    abuse::load(site, abuse::load_seconds(2)).await;
    abuse::invent(site, abuse::urls(2_000)).await;
    assert!(cache.weight() <= 4 << 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_up_nobody_else() {
    abuse::read_slowly(abused(1 << 30).await.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_values_of_a_varying_field_each_gets_its_own_and_few_are_kept() {
    let hits = abuse::vary(abused(64 << 20).await.0).await;
    assert!((1..=64).contains(&hits), "{hits} variants were kept");
}
