//! The bookstores answer alike, whatever framework is under them: one walk through all routes, with mistakes, told to each, and
//! compared word by word.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Answer;
use crate::shop::{Framework, Shop};

/// A request: the body is a form where it is text.
type Step = (Method, &'static str, Value);

fn walk() -> Vec<Step> {
    let (read, write) = (Method::GET, Method::POST);
    vec![
        (read.clone(), "/", Value::Null),
        (read.clone(), "/?author=1&page=1", Value::Null),
        (read.clone(), "/?page=x", Value::Null),
        (read.clone(), "/books/1", Value::Null),
        (Method::HEAD, "/books/1", Value::Null),
        (read.clone(), "/books/2147483648", Value::Null),
        (read.clone(), "/books/999999", Value::Null),
        (read.clone(), "/authors/1", Value::Null),
        (read.clone(), "/authors/1?page=2", Value::Null),
        (read.clone(), "/stats", Value::Null),
        (read.clone(), "/nowhere", Value::Null),
        (Method::DELETE, "/stats", Value::Null),
        (read.clone(), "/api/books?author=1", Value::Null),
        (read.clone(), "/api/books?page=-1", Value::Null),
        (read.clone(), "/api/books/1", Value::Null),
        (read.clone(), "/api/books/one", Value::Null),
        (read.clone(), "/api/authors/1", Value::Null),
        (read.clone(), "/api/authors/999999", Value::Null),
        (read.clone(), "/api/stats", Value::Null),
        (read.clone(), "/api/nowhere", Value::Null),
        (Method::PATCH, "/api/stats", Value::Null),
        (write.clone(), "/api/books", json!({"title": "Emma"})),
        (write.clone(), "/api/books", json!({"title": "", "author_id": 1})),
        (write.clone(), "/api/books", json!({"no": "book"})),
        (Method::PUT, "/api/books/1", json!({"title": "Emma"})),
        (Method::PUT, "/api/books/999999", json!({"title": "Emma"})),
        (write.clone(), "/api/books/1/move?fail=true", json!({"author_id": 2})),
        (write.clone(), "/api/books/1/move", json!({"author_id": 2})),
        (write.clone(), "/api/authors/2/retitle", json!({"no": "title"})),
        (read.clone(), "/api/books/1", Value::Null),
        (write.clone(), "/books/1", json!("title=Persuasion")),
        (write.clone(), "/books/1", json!("title=")),
        (write.clone(), "/books/1/move", json!("author_id=1&fail=true")),
        (write.clone(), "/books/1/move", json!("author_id=x")),
        (read.clone(), "/books/1", Value::Null),
        (write.clone(), "/books/3/delete", json!("")),
        (Method::DELETE, "/api/books/2", Value::Null),
        (Method::DELETE, "/api/books/2", Value::Null),
        (read, "/", Value::Null),
    ]
}

/// What must be the same: all but times, what each framework adds of its own, and in which words a parser complains.
fn seen(answer: &Answer) -> (StatusCode, Vec<String>, String) {
    let names = ["content-type", "location", "cache-status", "bookstore-tags"];
    let fields = names.map(|name| format!("{name}: {:?}", answer.headers.get(name)));
    let is_of_a_parser = matches!(answer.status.as_u16(), 400 | 422) && answer.body.contains("not fit: ");
    let body = if is_of_a_parser { answer.body.split("not fit: ").next() } else { Some(answer.body.as_str()) };
    let body = body.unwrap_or_default().to_owned();
    let timeless = |field: &String| field.split("ttl=").next().unwrap_or_default().to_lowercase();
    (answer.status, fields.iter().map(timeless).collect(), body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_alike_on_both() {
    let shops = [Shop::open(Framework::Axum).await, Shop::open(Framework::Actix).await];
    let mut clients = [shops[0].client().await, shops[1].client().await];
    let mut differences = Vec::new();
    for (number, (method, path, body)) in walk().into_iter().enumerate() {
        let [axum, actix] = &mut clients;
        let (axum, actix) = (axum.ask(method.clone(), path, &body).await, actix.ask(method.clone(), path, &body).await);
        let (axum, actix) = (seen(&axum), seen(&actix));
        if axum != actix {
            let bodies = axum.2 == actix.2;
            differences.push(format!(
                "step {number}: {method} {path} {body}\n{:?}\n{:?}\nsame bodies: {bodies}",
                (axum.0, axum.1),
                (actix.0, actix.1)
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    drop(clients);
    for shop in shops {
        shop.close().await;
    }
}
