//! Through axum, over real sockets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use easy_cache_core::Cache;
use easy_cache_tower::ResponseCacheLayer;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use tokio::net::TcpListener;

pub(crate) use crate::client::{get_with, open};
use crate::support::{Answer, seconds, soon};

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn layer() -> ResponseCacheLayer {
    ResponseCacheLayer::new(Cache::new()).ttl(seconds(60))
}

#[tokio::test]
async fn a_page_of_axum_is_kept_and_its_head_too() {
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = move || async move { format!("page {}", calls.fetch_add(1, Ordering::SeqCst) + 1) };
    let address = serve(Router::new().route("/", get(handler)).layer(layer())).await;
    assert_eq!(get_with(address, "/", &[]).await.text(), "page 1");
    let hit = get_with(address, "/", &[]).await;
    assert_eq!((hit.text(), hit.is_hit(), hit.header("content-length")), ("page 1", true, Some("6")));
    let head = Answer::read(open(address, "HEAD", "/", &[]).await).await.unwrap();
    assert_eq!((head.text(), head.is_hit(), head.header("content-length")), ("", true, Some("6")));
}

#[tokio::test]
async fn the_first_server_sent_event_arrives_while_the_stream_goes_on() {
    let handler = || async {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        tokio::spawn(async move {
            sender.send_data(Bytes::from_static(b"data: hello\n\n")).await.unwrap();
            std::future::pending::<()>().await; // the stream never ends
            drop(sender);
        });
        ([("content-type", "text/event-stream")], Body::new(body))
    };
    let address = serve(Router::new().route("/events", get(handler)).layer(layer())).await;
    for _ in 0..3 {
        let first = async { open(address, "GET", "/events", &[]).await.into_body().frame().await };
        let first = tokio::time::timeout(Duration::from_secs(1), first).await.expect("an event within a second");
        assert_eq!(first.unwrap().unwrap().into_data().unwrap(), "data: hello\n\n");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_nobody_hanging() {
    let (entered, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = move || async move {
        entered.send(()).unwrap();
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        "page"
    };
    let address = serve(Router::new().route("/", get(handler)).layer(layer())).await;
    let first = tokio::spawn(async move { open(address, "GET", "/", &[]).await });
    soon(entries.recv()).await.unwrap();
    let second = tokio::spawn(async move { get_with(address, "/", &[]).await });
    first.abort(); // closes its connection
    assert_eq!(soon(second).await.unwrap().text(), "page");
}

#[tokio::test]
async fn a_client_that_stops_reading_holds_nobody_up() {
    const SIZE: usize = 8 << 20; // more than sockets and servers keep between them
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = move || async move {
        calls.fetch_add(1, Ordering::SeqCst);
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        tokio::spawn(async move {
            for _ in 0..SIZE / 65_536 {
                let _ = sender.send_data(Bytes::from(vec![7; 65_536])).await;
            }
        });
        ([("x-calls", calls.load(Ordering::SeqCst).to_string())], Body::new(body))
    };
    let layer = layer().max_body(2 * SIZE as u64);
    let address = serve(Router::new().route("/", get(handler)).layer(layer)).await;
    let slow = open(address, "GET", "/", &[]).await;
    let other = get_with(address, "/", &[]).await;
    assert_eq!((other.body.len(), other.header("x-calls")), (SIZE, Some("1")));
    assert_eq!(Answer::read(slow).await.unwrap().body.len(), SIZE);
}

#[tokio::test]
async fn a_uri_that_a_middleware_rewrote_is_part_of_the_key() {
    let rewrite = axum::middleware::map_request(|mut request: axum::extract::Request| async move {
        let site = request.headers().get("x-site").map(|site| site.to_str().unwrap().parse().unwrap());
        *request.uri_mut() = site.unwrap_or_else(|| request.uri().clone());
        request
    });
    let shown = |request: axum::extract::Request| async move { request.uri().path().to_owned() };
    let address = serve(Router::new().fallback(shown).layer(layer()).layer(rewrite)).await;
    for _ in 0..2 {
        assert_eq!(get_with(address, "/page", &[]).await.text(), "/page");
        for site in ["/one", "/two"] {
            assert_eq!(get_with(address, "/page", &[("x-site", site)]).await.text(), site);
        }
    }
}

async fn account(headers: HeaderMap) -> Response {
    let name = headers.get("cookie").map_or("stranger", |name| name.to_str().unwrap());
    ([("cache-control", "private")], format!("hello {name}")).into_response()
}

#[tokio::test]
async fn two_users_get_their_own_pages() {
    let address = serve(Router::new().route("/account", get(account)).layer(layer())).await;
    for name in ["ann", "bob", "ann"] {
        assert_eq!(get_with(address, "/account", &[("cookie", name)]).await.text(), format!("hello {name}"));
    }
}

#[tokio::test]
async fn nested_routers_that_show_the_same_path_to_their_layers_do_not_share_pages() {
    let layer = layer();
    let shop = |name: &'static str| {
        Router::new().route("/books", get(move || async move { name }).post(|| async {})).layer(layer.clone())
    };
    let address = serve(Router::new().nest("/one", shop("one")).nest("/two", shop("two"))).await;
    for _ in 0..2 {
        assert_eq!(get_with(address, "/one/books", &[]).await.text(), "one");
        assert_eq!(get_with(address, "/two/books", &[]).await.text(), "two");
    }
    open(address, "POST", "/one/books", &[]).await;
    assert!(!get_with(address, "/one/books", &[]).await.is_hit());
    assert!(get_with(address, "/two/books", &[]).await.is_hit());
}
