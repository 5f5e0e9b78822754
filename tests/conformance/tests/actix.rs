//! The same list through an application on actix-web with the middleware around it, all in one process. What is about connections
//! is not an application's.
#![cfg(test)]

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use conformance::{Capabilities, Kind, Message, Origin, run};
use easy_cache_actix::ResponseCache;
use easy_cache_core::Cache;

/// The one handler of the application.
async fn answer(request: HttpRequest, body: Bytes, origin: Data<Origin>) -> HttpResponse {
    let fields = request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    let message = Message {
        start: format!("{} {} HTTP/1.1", request.method(), request.uri()),
        fields: fields.collect(),
        body: body.to_vec(),
    };
    let answer = origin.answer(&message);
    tokio::time::sleep(answer.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in answer.fields {
        response.append_header((name, value));
    }
    response.body(answer.body)
}

/// What the proxy does by default, as words on a middleware.
fn middleware(cache: Cache) -> ResponseCache {
    ResponseCache::new(cache)
        .stale_if_error(Duration::from_secs(60))
        .targeted_by(["cdn-cache-control"])
        .languages_in_any_order()
        .ignore_request_cookies()
        .share_set_cookie_between_users()
        .keep_parts()
        .guess_lifetimes()
}

/// On threads of its own, whose runtime is that of the framework.
fn application(origin: &Origin) -> SocketAddr {
    let (origin, cached) = (Data::new(origin.clone()), middleware(Cache::new()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let app = move || App::new().wrap(cached.clone()).app_data(origin.clone()).default_service(to(answer));
    std::thread::spawn(move || {
        let server = HttpServer::new(app).workers(2).disable_signals().listen(listener).unwrap();
        actix_web::rt::System::new().block_on(server.run())
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_on_actix_shows_every_behaviour_that_is_not_about_connections() {
    let origin = Origin::default();
    let report = run(application(&origin), &origin, Capabilities { connections: false, interim: false }).await;
    report.assert();
    assert_eq!(report.count(Kind::Required), (154, 154), "{report}");
}
