//! A shop of its own for one test, asked without a socket.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
    response::Response,
};
use bookstore_axum::{AppState, Options};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) struct Shop(Router);

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(&Options::default()).await
    }

    pub(crate) async fn with(options: &Options) -> Self {
        Self(bookstore_axum::router(AppState::open(options).await.unwrap()))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.0.clone().oneshot(request).await.unwrap()
    }

    /// The status and the JSON of an answer; `null` if it has no body.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(body.to_string().into()),
            None => request.body(Body::empty()),
        };
        let response = self.send(request.unwrap()).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let json = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        (status, json)
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn page(&self, path: &str) -> (StatusCode, String) {
        text(self.send(Request::get(path).body(Body::empty()).unwrap()).await).await
    }

    pub(crate) async fn post_form(&self, path: &str, form: &str) -> Response {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(form.to_owned().into()).unwrap()).await
    }
}

pub(crate) async fn text(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

pub(crate) fn location(response: &Response) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}
