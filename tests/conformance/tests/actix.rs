//! The same list, and the same abuse, through an application on actix-web with the middleware around it, all in one process. What is about connections
//! is not an application's.
#![cfg(test)]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, VARY};
use actix_web::web::{Bytes, Data, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use conformance::abuse::{self, Page, Pieces};
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

/// The one handler of a site that some clients abuse.
async fn page(request: HttpRequest, answers: Data<AtomicUsize>) -> HttpResponse {
    let value = request.headers().get("x-value").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let page = Page::of(&request.uri().to_string(), value, answers.fetch_add(1, Ordering::Relaxed));
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, page.lifetime));
    if let Some(field) = page.vary {
        response.insert_header((VARY, field));
    }
    response.body(SizedStream::new(page.body.len() as u64, Pieces::from(&page)))
}

/// Such a site, behind a cache of this size; and its cache.
fn abused(size: u64) -> (SocketAddr, Cache) {
    let cache = Cache::builder().max_weight(size).build();
    let cached = ResponseCache::new(cache.clone()).max_body(8 << 20);
    let answers = Data::from(Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let app = move || App::new().wrap(cached.clone()).app_data(answers.clone()).default_service(to(page));
    std::thread::spawn(move || {
        let server = HttpServer::new(app).workers(2).disable_signals().listen(listener).unwrap();
        actix_web::rt::System::new().block_on(server.run())
    });
    (address, cache)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_with_clients_that_go_away_nobody_hangs_or_gets_what_is_not_theirs() {
    let (site, cache) = abused(4 << 20);
    abuse::load(site, abuse::load_seconds(2)).await;
    abuse::invent(site, abuse::urls(2_000)).await;
    assert!(cache.weight() <= 4 << 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_up_nobody_else() {
    abuse::read_slowly(abused(1 << 30).0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_values_of_a_varying_field_each_gets_its_own_and_few_are_kept() {
    let hits = abuse::vary(abused(64 << 20).0).await;
    assert!((1..=64).contains(&hits), "{hits} variants were kept");
}
