//! What every answer says about the cache, and whom a kept answer may reach.

use axum::{
    body::Body,
    http::{Request, header},
};
use bookstore_axum::Options;

use crate::shop::{Shop, text};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// One of every kind of answer that the shop gives: method, path, type of the body, body, status.
const KINDS: [(&str, &str, &str, &str, u16); 17] = [
    ("GET", "/", "", "", 200),
    ("GET", "/api/books/1", "", "", 200),
    ("HEAD", "/api/books/2", "", "", 200),
    ("GET", "/api/books/abc", "", "", 400),
    ("GET", "/nothing", "", "", 404),
    ("GET", "/api/nothing", "", "", 404),
    ("PATCH", "/api/books/1", "", "", 405),
    ("POST", "/", "", "", 405),
    ("POST", "/api/books", "", "", 415),
    ("POST", "/api/books", JSON, r#"{"title":"x"}"#, 422),
    ("POST", "/api/books", JSON, r#"{"title":"Margites","author_id":1,"year":-700}"#, 201),
    ("PUT", "/api/books/1", JSON, r#"{"title":"Ilias"}"#, 200),
    ("POST", "/api/books/1/move?fail=true", JSON, r#"{"author_id":2}"#, 409),
    ("DELETE", "/api/books/1", "", "", 204),
    ("POST", "/books/2", FORM, "title=Odyssee", 303),
    ("POST", "/books/2", FORM, "title=", 422),
    ("POST", "/books/9999/delete", "", "", 404),
];

#[tokio::test]
async fn every_answer_says_what_the_cache_did() {
    for no_cache in [false, true] {
        let shop = Shop::with(&Options { no_cache, ..Options::default() }).await;
        for (method, path, kind, body, status) in KINDS {
            let request = Request::builder().method(method).uri(path);
            let request = if kind.is_empty() { request } else { request.header(header::CONTENT_TYPE, kind) };
            let answer = shop.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status().as_u16(), status, "{method} {path}");
            let said = answer.headers().get("cache-status").map(|said| said.to_str().unwrap());
            let said = said.unwrap_or_else(|| panic!("{method} {path} says nothing"));
            assert!(said.starts_with(r#""bookstore"; fwd="#), "{method} {path}: {said}");
            assert!(!no_cache || !said.contains("stored"), "{method} {path}: {said}");
        }
    }
}

#[tokio::test]
async fn an_answer_to_a_request_with_authorization_is_not_kept() {
    let shop = Shop::open().await;
    for user in [Some("ann"), Some("bob"), None, Some("ann")] {
        let request = Request::get("/api/books/1");
        let request = if let Some(user) = user { request.header(header::AUTHORIZATION, user) } else { request };
        let answer = shop.send(request.body(Body::empty()).unwrap()).await;
        let said = answer.headers()["cache-status"].to_str().unwrap().to_owned();
        text(answer).await;
        assert_eq!(said.contains("; stored"), user.is_none(), "{user:?}: {said}");
        assert!(!said.contains("; hit"), "{user:?}: {said}");
    }
}
