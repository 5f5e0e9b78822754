//! One cache behind two middlewares of one request, and around parts of an app.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Error, HttpMessage as _, HttpResponse, error, web};
use easy_cache_actix::ResponseCache;
use easy_cache_core::{Cache, ManualClock};

use crate::support::{seconds, settle};

/// Lets only those in who know the word, by a field that no rule of HTTP knows.
async fn guard<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if req.headers().get("x-word").is_none_or(|word| word != "sesame") {
        return Err(error::ErrorForbidden("no"));
    }
    let mut res = next.call(req).await?;
    res.headers_mut().insert(actix_web::http::header::CACHE_CONTROL, HeaderValue::from_static("private"));
    Ok(res)
}

#[actix_web::test]
async fn two_users_what_an_inner_cache_keeps_does_not_get_past_the_guard_before_it() {
    let cache = Cache::builder().clock(ManualClock::new().clock()).build();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let gold = move || {
        let call = counted.fetch_add(1, Ordering::SeqCst) + 1;
        async move { format!("gold {call}") }
    };
    let app = App::new()
        .route("/vault", web::get().to(gold))
        .wrap(ResponseCache::new(cache.clone()).ttl(seconds(60)))
        .wrap(from_fn(guard))
        .wrap(ResponseCache::new(cache));
    let app = init_service(app).await;
    for word in [Some("sesame"), None, Some("sesame")] {
        let mut req = TestRequest::get().uri("/vault");
        if let Some(word) = word {
            req = req.insert_header(("x-word", word));
        }
        match actix_web::test::try_call_service(&app, req.to_request()).await {
            Ok(res) => assert_eq!((word, read_body(res).await.as_ref()), (Some("sesame"), &b"gold 1"[..])),
            Err(error) => assert_eq!((word, error.error_response().status()), (None, StatusCode::FORBIDDEN)),
        }
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1, "who may see it gets the copy of the inner cache");
}

/// What a middleware outside of the cache tells those inside, and wants to find in the answer's request.
struct User(&'static str);

async fn authenticate<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    req.extensions_mut().insert(User("ann"));
    let mut res = next.call(req).await?;
    let path = HeaderValue::from_str(res.request().path()).unwrap();
    res.headers_mut().insert("x-path".parse().unwrap(), path);
    Ok(res)
}

#[actix_web::test]
async fn a_refresh_behind_an_answer_has_the_request_with_all_that_was_put_there() {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(clock.clock()).build();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let page = move |req: actix_web::HttpRequest, shop: web::Data<&'static str>| {
        let call = counted.fetch_add(1, Ordering::SeqCst) + 1;
        let user = req.extensions().get::<User>().map_or("nobody", |user| user.0);
        let text = format!("{user} in {} reads {} {call}", shop.get_ref(), req.match_info().query("id"));
        async move { text }
    };
    let app = App::new()
        .app_data(web::Data::new("shop"))
        .service(web::scope("/books").route("/{id}", web::get().to(page)))
        .wrap(ResponseCache::new(cache).ttl(seconds(10)).stale_while_revalidate(seconds(30)))
        .wrap(from_fn(authenticate));
    let app = init_service(app).await;
    for (text, later) in [("1", 15), ("1", 0), ("2", 0)] {
        let res = call_service(&app, TestRequest::get().uri("/books/7").to_request()).await;
        assert_eq!(res.headers().get("x-path").unwrap(), "/books/7");
        assert_eq!(read_body(res).await, format!("ann in shop reads 7 {text}"));
        clock.advance(seconds(later));
        settle().await;
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[actix_web::test]
async fn a_stale_page_stands_in_for_an_error_of_a_middleware_but_not_for_its_refusal() {
    for (status, is_served) in [(StatusCode::BAD_GATEWAY, true), (StatusCode::FORBIDDEN, false)] {
        let clock = ManualClock::new();
        let cache = Cache::builder().clock(clock.clock()).build();
        let calls = Arc::new(AtomicUsize::new(0));
        let failing = move |req: ServiceRequest, next: Next<_>| {
            let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                match is_first {
                    true => next.call(req).await,
                    false => Err(error::InternalError::new("no", status).into()),
                }
            }
        };
        let app = App::new()
            .route("/", web::get().to(|| async { HttpResponse::Ok().body("page") }))
            .wrap(from_fn(failing))
            .wrap(ResponseCache::new(cache).ttl(seconds(10)).stale_if_error(seconds(60)));
        let app = init_service(app).await;
        call_service(&app, TestRequest::get().uri("/").to_request()).await;
        clock.advance(seconds(15));
        match actix_web::test::try_call_service(&app, TestRequest::get().uri("/").to_request()).await {
            Ok(res) => assert_eq!((is_served, read_body(res).await.as_ref()), (true, &b"page"[..])),
            Err(error) => assert_eq!((is_served, error.error_response().status()), (false, status)),
        }
    }
}
