//! The same list through an application on axum with the layer around it, all in one process. What is about connections is not
//! an application's.
#![cfg(test)]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
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
