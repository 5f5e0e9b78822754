//! Refusals as actix-web sends them: JSON under `/api`, a page elsewhere, the same statuses on both sides.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};
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

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.json())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).insert_header(ContentType::json()).body(self.0.json())
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

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.refusal.json())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        status(&self.refusal)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .insert_header(ContentType::html())
            .body(self.refusal.page(self.back.as_deref()))
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) async fn no_such_page() -> HttpResponse {
    PageError::from(Refusal::no_such_page()).error_response()
}

pub(crate) async fn no_such_route() -> HttpResponse {
    ApiError::from(Refusal::no_such_route()).error_response()
}

pub(crate) async fn page_method_not_allowed() -> HttpResponse {
    PageError::from(Refusal::page_method()).error_response()
}

pub(crate) async fn api_method_not_allowed() -> HttpResponse {
    ApiError::from(Refusal::route_method()).error_response()
}
