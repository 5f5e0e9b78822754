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
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    status: StatusCode,
    fields: Vec<String>,
    /// The same for each that has the same ORM: not all of them tell how many rows were read.
    tags: String,
    body: String,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        let field = |name: &str| {
            let field = format!("{name}: {:?}", answer.headers.get(name));
            field.split("ttl=").next().unwrap_or_default().to_lowercase()
        };
        let is_of_a_parser = matches!(answer.status.as_u16(), 400 | 422) && answer.body.contains("not fit: ");
        let body = if is_of_a_parser { answer.body.split("not fit: ").next() } else { Some(answer.body.as_str()) };
        let (fields, tags) =
            (["content-type", "location", "cache-status"].map(field).to_vec(), field("bookstore-tags"));
        Self { status: answer.status, fields, tags, body: body.unwrap_or_default().to_owned() }
    }

    /// What differs from another one, in short.
    fn difference(&self, other: &Self, is_of_same_orm: bool) -> Option<String> {
        let tags = if is_of_same_orm { self.tags.clone() } else { other.tags.clone() };
        let bodies = if self.body == other.body { "same bodies" } else { "other bodies" };
        let heads =
            format!("{:?}\n{:?}", (self.status, &self.fields, &self.tags), (other.status, &other.fields, &other.tags));
        (Self { tags, ..self.clone() } != *other).then(|| format!("{heads}\n{bodies}"))
    }
}

/// All bookstores, on all of their databases.
fn frameworks() -> Vec<Framework> {
    vec![
        Framework::Axum,
        Framework::Actix,
        Framework::Diesel,
        #[cfg(feature = "postgres")]
        Framework::DieselOnPostgres,
        #[cfg(feature = "mysql")]
        Framework::DieselOnMariaDb,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_alike_on_all() {
    let mut open = Vec::new();
    for framework in frameworks() {
        let shop = Shop::open(framework).await;
        // It answers when its tables are filled, and lets nobody wait in silence for the others.
        shop.client().await.get("/nowhere").await;
        open.push((framework, shop));
    }
    let mut shops = Vec::new();
    for (framework, shop) in open {
        shops.push((framework, shop.client().await, shop));
    }
    let mut differences = Vec::new();
    for (number, (method, path, body)) in walk().into_iter().enumerate() {
        let mut told: Vec<(Framework, Seen)> = Vec::new();
        for (framework, client, _) in &mut shops {
            let seen = Seen::of(&client.ask(method.clone(), path, &body).await);
            let same_orm = told.iter().find(|(other, _)| other.is_on_diesel() == framework.is_on_diesel());
            if let Some((_, expected)) = same_orm.or_else(|| told.first())
                && let Some(difference) = expected.difference(&seen, same_orm.is_some())
            {
                differences.push(format!("step {number}: {method} {path} {body} by {framework:?}\n{difference}"));
            }
            told.push((*framework, seen));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for (_, client, shop) in shops {
        drop(client);
        shop.close().await;
    }
}
