//! Refusals as programs and as people read them: JSON under `/api`, a page elsewhere, the same statuses on both sides.

use std::error::Error as _;

use axum::{
    Json,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use bookstore::{ErrorKind, page};
use serde_json::json;

/// A status and its reason, in words for whoever asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// What the database said goes to the log, and nowhere else.
impl From<bookstore::Error> for Refusal {
    fn from(error: bookstore::Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!("the database failed: {}", error.source().map(ToString::to_string).unwrap_or_default());
        }
        Self::new(status, error.to_string())
    }
}

/// A refusal that a program reads: `{"error": "..."}`.
#[derive(Debug)]
pub(crate) struct ApiError(Refusal);

impl<R: Into<Refusal>> From<R> for ApiError {
    fn from(refusal: R) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.0.status, Json(json!({ "error": self.0.message }))).into_response()
    }
}

/// A refusal that a person reads, with a way back.
#[derive(Debug)]
pub(crate) struct PageError {
    refusal: Refusal,
    back: Option<String>,
}

impl PageError {
    /// Leads back to the page from which the refused form was sent.
    pub(crate) fn back_to(path: String) -> impl FnOnce(bookstore::Error) -> Self {
        move |error| Self { refusal: error.into(), back: Some(path) }
    }
}

impl<R: Into<Refusal>> From<R> for PageError {
    fn from(refusal: R) -> Self {
        Self { refusal: refusal.into(), back: None }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Refusal { status, message } = self.refusal;
        let heading = match status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::CONFLICT => "Rolled back",
            status if status.is_client_error() => "That does not work",
            _ => "Something went wrong",
        };
        (status, Html(page::problem(heading, &message, self.back.as_deref()))).into_response()
    }
}

pub(crate) async fn no_such_page() -> PageError {
    Refusal::new(StatusCode::NOT_FOUND, "there is no such page").into()
}

pub(crate) async fn no_such_route() -> ApiError {
    Refusal::new(StatusCode::NOT_FOUND, "there is no such route").into()
}

pub(crate) async fn page_method_not_allowed() -> PageError {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this page does not answer to that method").into()
}

pub(crate) async fn api_method_not_allowed() -> ApiError {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this route does not answer to that method").into()
}
