//! What handlers are given: the cache and the scope of their request, and values by type.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Error, HttpRequest, HttpResponse, error, web};
use easy_cache_actix::{Cacheable, Cached, EasyCache, Mark, Marked, ResponseCache};
use easy_cache_core::{Cache, Tag, scope};
use serde::{Deserialize, Serialize};

use crate::support::seconds;

/// Whether the answer for a path came from the store.
macro_rules! hits {
    ($app:expr, $path:expr) => {{
        let res = call_service(&$app, TestRequest::get().uri($path).to_request()).await;
        res.headers().get("cache-status").unwrap().to_str().unwrap().contains("; hit")
    }};
}

#[actix_web::test]
async fn tags_marks_and_work_on_other_threads_belong_to_the_response() {
    let cache = Cache::new();
    let page = |cache: EasyCache| async move {
        cache.mark(Mark::new().ttl(seconds(60)).tag("marked"));
        cache.tag(["tagged"]);
        let inside = Cache::clone(&cache);
        cache.block(move || scope::depend(&inside, ["blocked"])).await.unwrap();
        let mut tags: Vec<_> = cache.tags().iter().map(Tag::to_string).collect();
        tags.sort();
        tags.join(" ")
    };
    let app = App::new().wrap(ResponseCache::new(cache.clone())).route("/", web::get().to(page));
    let app = init_service(app).await;
    let first = call_service(&app, TestRequest::get().uri("/").to_request()).await;
    assert_eq!(read_body(first).await, "blocked tagged");
    for tag in ["marked", "tagged", "blocked"] {
        assert!(hits!(app, "/"));
        cache.invalidate_tags([tag]).await.unwrap();
        assert!(!hits!(app, "/"), "{tag}");
    }
}

#[actix_web::test]
async fn what_is_said_beside_the_response_goes_before_what_was_said_on_the_way() {
    let page = |cache: EasyCache| async move {
        cache.mark(Mark::new().ttl(seconds(60)));
        Marked(Mark::new().forbid(), "page")
    };
    let app = App::new().wrap(ResponseCache::new(Cache::new())).route("/", web::get().to(page));
    let app = init_service(app).await;
    assert!(!hits!(app, "/"));
    assert!(!hits!(app, "/"));
}

#[actix_web::test]
async fn a_page_that_says_how_long_it_lasts_only_later_on_is_kept_from_then_on() {
    let asked = AtomicUsize::new(0);
    let page = web::get().to(|cache: EasyCache, asked: web::Data<AtomicUsize>| async move {
        if asked.fetch_add(1, Ordering::SeqCst) < 3 {
            return HttpResponse::NotFound().finish();
        }
        cache.mark(Mark::new().ttl(seconds(60)));
        HttpResponse::Ok().body("page")
    });
    let app = App::new().wrap(ResponseCache::new(Cache::new())).app_data(web::Data::new(asked)).route("/", page);
    let app = init_service(app).await;
    let mut hits = Vec::new();
    for _ in 0..8 {
        hits.push(hits!(app, "/"));
    }
    assert!(hits.ends_with(&[true, true]), "{hits:?}");
}

#[actix_web::test]
async fn without_any_cache_the_client_is_told_500_and_nothing_else() {
    let app = init_service(App::new().route("/", web::get().to(|_: EasyCache| async { "page" }))).await;
    let res = call_service(&app, TestRequest::get().uri("/").to_request()).await;
    assert_eq!(res.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(read_body(res).await, "");
}

static LOADS: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Serialize, Deserialize)]
struct Author(String);

impl Cacheable for Author {
    const NAME: &'static str = "author";
    type Key = u32;
    type Error = &'static str;

    fn key(req: &HttpRequest) -> Result<u32, Error> {
        req.match_info().query("id").parse().map_err(error::ErrorBadRequest)
    }

    async fn load(id: &u32, _: &HttpRequest) -> Result<Option<Self>, &'static str> {
        let call = LOADS.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        match id {
            7 => Ok(Some(Self(format!("author {id}, load {call}")))),
            8 => Ok(None),
            _ => Err("password=hunter2"),
        }
    }

    fn tags(&self) -> Vec<Tag> {
        vec![Tag::new("authors:7")]
    }
}

#[actix_web::test]
async fn a_value_is_loaded_once_for_a_crowd_and_its_tags_drop_the_pages_that_show_it() {
    let cache = Cache::new();
    let author = |author: Cached<Author>| async move { author.into_inner().0 };
    let plain = ResponseCache::new(cache.clone()).ttl(seconds(60)).only_if(|req| req.path().starts_with("/kept"));
    let app =
        App::new().wrap(plain).route("/kept/{id}", web::get().to(author)).route("/authors/{id}", web::get().to(author));
    let app = Rc::new(init_service(app).await);
    let ask = |path: &'static str| {
        let app = Rc::clone(&app);
        async move {
            let res = call_service(&*app, TestRequest::get().uri(path).to_request()).await;
            (res.status().as_u16(), read_body(res).await)
        }
    };
    let both = tokio::join!(ask("/authors/7"), ask("/authors/7"));
    assert_eq!((both.0.1.as_ref(), both.1.1.as_ref()), (&b"author 7, load 1"[..], &b"author 7, load 1"[..]));
    assert!(!hits!(*app, "/kept/7") && hits!(*app, "/kept/7"));
    cache.invalidate_tags(["authors:7"]).await.unwrap();
    assert!(!hits!(*app, "/kept/7"), "the page goes with the value");
    assert_eq!(ask("/kept/7").await.1, "author 7, load 2");
    assert_eq!(ask("/authors/8").await, (404, "".into()));
    assert_eq!(ask("/authors/9").await, (500, "".into()), "the reason is for the log");
    assert_eq!(ask("/authors/x").await.0, 400);
}
