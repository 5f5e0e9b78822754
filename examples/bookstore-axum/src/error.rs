//! Refusals as axum sends them: JSON under `/api`, a page elsewhere, the same statuses on both sides.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
};
use bookstore::Refusal;

/// A refusal that a program reads.
#[derive(Debug)]
pub(crate) struct ApiError(Refusal);

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<bookstore::Error> for ApiError {
    fn from(error: bookstore::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (status(&self.0), [(CONTENT_TYPE, "application/json")], self.0.json()).into_response()
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

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, back: None }
    }
}

impl From<bookstore::Error> for PageError {
    fn from(error: bookstore::Error) -> Self {
        Refusal::from(error).into()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        (status(&self.refusal), Html(self.refusal.page(self.back.as_deref()))).into_response()
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) async fn no_such_page() -> PageError {
    Refusal::no_such_page().into()
}

pub(crate) async fn no_such_route() -> ApiError {
    Refusal::no_such_route().into()
}

pub(crate) async fn page_method_not_allowed() -> PageError {
    Refusal::page_method().into()
}

pub(crate) async fn api_method_not_allowed() -> ApiError {
    Refusal::route_method().into()
}
