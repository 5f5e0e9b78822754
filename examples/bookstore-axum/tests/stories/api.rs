//! The JSON side.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;

use crate::shop::{Shop, location, text};

#[tokio::test]
async fn books_are_listed_by_author_by_text_and_by_page() {
    let shop = Shop::open().await;
    let (status, all) = shop.get("/api/books").await;
    assert_eq!((status, all["books"].as_array().unwrap().len()), (StatusCode::OK, 20));
    assert_eq!((&all["page"], &all["page_size"]), (&json!(1), &json!(20)));
    assert_eq!(all["pages"].as_u64(), all["total"].as_u64().map(|total| total.div_ceil(20)));

    let (_, homer) = shop.get("/api/books?author=1&q=iliad").await;
    let iliad =
        json!({"id": 1, "title": "The Iliad", "author_id": 1, "author": "Homer", "year": -750, "language": "el"});
    assert_eq!((&homer["total"], &homer["books"]), (&json!(1), &json!([iliad])));

    let (_, second) = shop.get("/api/books?page=2").await;
    assert_ne!(second["books"], all["books"]);
}

#[tokio::test]
async fn a_book_can_be_added_changed_and_removed() {
    let shop = Shop::open().await;
    let new = json!({"title": "  Margites ", "author_id": 1, "year": -700});
    let request = Request::post("/api/books").header(header::CONTENT_TYPE, "application/json");
    let created = shop.send(request.body(new.to_string().into()).unwrap()).await;
    let path = location(&created).to_owned();
    let (status, book) = text(created).await;
    let book: serde_json::Value = serde_json::from_str(&book).unwrap();
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        (&book["title"], &book["author"], &book["language"]),
        (&json!("Margites"), &json!("Homer"), &json!("und"))
    );
    assert_eq!(shop.get(&path).await, (StatusCode::OK, book.clone()));

    let (status, changed) = shop.ask(Method::PUT, &path, Some(json!({"year": -650, "language": "el"}))).await;
    assert_eq!((status, &changed["title"], &changed["year"]), (StatusCode::OK, &book["title"], &json!(-650)));
    assert_eq!(shop.get(&path).await.1, changed);
    assert_eq!(shop.ask(Method::PUT, &path, Some(json!({}))).await, (StatusCode::OK, changed));

    assert_eq!(shop.ask(Method::DELETE, &path, None).await, (StatusCode::NO_CONTENT, json!(null)));
    assert_eq!(shop.get(&path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(shop.ask(Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_author_is_summed_up() {
    let shop = Shop::open().await;
    let (status, homer) = shop.get("/api/authors/1").await;
    let expected = json!({"id": 1, "name": "Homer", "books": 2, "first_year": -750, "last_year": -725});
    assert_eq!((status, homer), (StatusCode::OK, expected));
}

#[tokio::test]
async fn the_numbers_follow_every_write() {
    let shop = Shop::open().await;
    let (_, before) = shop.get("/api/stats").await;
    shop.ask(Method::POST, "/api/books", Some(json!({"title": "New", "author_id": 1, "year": 2026}))).await;
    shop.ask(Method::POST, "/api/books/1/move", Some(json!({"author_id": 2}))).await;
    let (_, after) = shop.get("/api/stats").await;
    assert_eq!(after["books"].as_i64(), before["books"].as_i64().map(|books| books + 1));
    assert_eq!((&before["transfers"], &after["transfers"]), (&json!(0), &json!(1)));
    assert_eq!((&after["last_year"], &after["languages"][0]["language"]), (&json!(2026), &json!("en")));
    assert_eq!(after["top_authors"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn retitling_an_author_changes_all_the_books() {
    let shop = Shop::open().await;
    let (status, answer) = shop.ask(Method::POST, "/api/authors/1/retitle", Some(json!({"prefix": "Epic: "}))).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({"author_id": 1, "updated": 2})));
    let (_, list) = shop.get("/api/books?author=1").await;
    assert_eq!(
        (&list["books"][0]["title"], &list["books"][1]["title"]),
        (&json!("Epic: The Iliad"), &json!("Epic: The Odyssey"))
    );
}

#[tokio::test]
async fn a_failing_move_answers_409_and_changes_nothing() {
    let shop = Shop::open().await;
    let before = (shop.get("/api/books/1").await, shop.get("/api/stats").await);
    let to = Some(json!({"author_id": 2}));
    let (status, answer) = shop.ask(Method::POST, "/api/books/1/move?fail=true", to.clone()).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(answer["error"].as_str().unwrap().contains("rolled back"), "{answer}");
    assert_eq!((shop.get("/api/books/1").await, shop.get("/api/stats").await), before);

    let (status, moved) = shop.ask(Method::POST, "/api/books/1/move?fail=false", to).await;
    assert_eq!((status, &moved["author_id"]), (StatusCode::OK, &json!(2)));
}

#[tokio::test]
async fn every_refusal_is_json_with_a_reason_and_never_sql() {
    let shop = Shop::open().await;
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let book = |author_id: i32, year: i32| Some(json!({"title": "x", "author_id": author_id, "year": year}));
    let refusals = [
        (&get, "/api/books/9999", None, 404, "no book 9999"),
        (&get, "/api/books/-1", None, 404, "no book -1"),
        (&get, "/api/books/abc", None, 400, "whole number"),
        (&get, "/api/books/99999999999", None, 400, "whole number"),
        (&get, "/api/authors/9999", None, 404, "no author 9999"),
        (&get, "/api/books?page=0", None, 422, "numbered from 1"),
        (&get, "/api/books?page=x", None, 400, "invalid digit"),
        (&get, "/api/books?author=x", None, 400, "invalid digit"),
        (&get, "/api/nothing", None, 404, "no such route"),
        (&put, "/api/stats", None, 405, "method"),
        (&post, "/api/books", book(9999, 1), 422, "no author 9999"),
        (&post, "/api/books", book(1, 9999), 422, "the year 9999"),
        (&post, "/api/books", Some(json!({"title": "x"})), 422, "missing field `author_id`"),
        (&put, "/api/books/1", Some(json!({"titel": "x"})), 422, "unknown field `titel`"),
        (&put, "/api/books/1", Some(json!({"title": " "})), 422, "the title is empty"),
        (&put, "/api/books/1", Some(json!({"language": "xx"})), 422, "language code"),
        (&put, "/api/books/9999", Some(json!({"title": "x"})), 404, "no book 9999"),
        (&post, "/api/authors/1/retitle", Some(json!({"prefix": ""})), 422, "the prefix is empty"),
        (&post, "/api/authors/9999/retitle", Some(json!({"prefix": "x"})), 404, "no author 9999"),
        (&post, "/api/books/1/move", Some(json!({"author_id": 9999})), 422, "no author 9999"),
        (&post, "/api/books/1/move", None, 415, "Content-Type"),
    ];
    for (method, path, body, status, reason) in refusals {
        let (answered, answer) = shop.ask(method.clone(), path, body).await;
        let message = answer["error"].as_str().unwrap();
        assert_eq!(answered.as_u16(), status, "{method} {path}: {answer}");
        assert!(message.contains(reason) && !message.contains("SELECT") && !message.contains("UPDATE"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_with_its_place() {
    let shop = Shop::open().await;
    let request = Request::put("/api/books/1").header(header::CONTENT_TYPE, "application/json");
    let (status, body) = text(shop.send(request.body(Body::from("{\"title\": ")).unwrap()).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains("not valid JSON") && body.contains("column"), "{body}");
}
