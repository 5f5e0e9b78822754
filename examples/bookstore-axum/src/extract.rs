//! Bodies, queries, paths and forms as axum reads them, with refusals that are answered like any other of the same side:
//! as JSON under `/api`, as a page elsewhere.

use axum::{
    extract::{
        FromRequest, FromRequestParts,
        rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};

use crate::error::{ApiError, PageError, Refusal};

/// A body of JSON.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub(crate) struct ApiJson<T>(pub(crate) T);

/// The parts of a path under `/api`.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(crate) struct ApiPath<T>(pub(crate) T);

/// A query under `/api`.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(crate) struct ApiQuery<T>(pub(crate) T);

/// A form that a page posted.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Form), rejection(PageError))]
pub(crate) struct PageForm<T>(pub(crate) T);

/// The parts of the path of a page.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(PageError))]
pub(crate) struct PagePath<T>(pub(crate) T);

/// The query of a page.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(PageError))]
pub(crate) struct PageQuery<T>(pub(crate) T);

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        let what = match &rejection {
            JsonRejection::JsonDataError(reason) => format!("the body does not fit: {}", innermost(reason)),
            JsonRejection::JsonSyntaxError(reason) => format!("the body is not valid JSON: {}", innermost(reason)),
            JsonRejection::MissingJsonContentType(_) => "the body needs `Content-Type: application/json`".to_owned(),
            other => other.body_text(),
        };
        Self::new(rejection.status(), what)
    }
}

impl From<FormRejection> for Refusal {
    fn from(rejection: FormRejection) -> Self {
        let what = match &rejection {
            FormRejection::InvalidFormContentType(_) => "the body is not a form".to_owned(),
            other => format!("the form does not fit: {}", innermost(other)),
        };
        Self::new(rejection.status(), what)
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), format!("the query does not fit: {}", innermost(&rejection)))
    }
}

impl From<PathRejection> for Refusal {
    fn from(rejection: PathRejection) -> Self {
        if rejection.status().is_server_error() {
            tracing::error!("failed to read a path: {rejection}");
            return Self::new(rejection.status(), "the shop cannot answer at the moment");
        }
        Self::new(StatusCode::BAD_REQUEST, "the number in the path is not a whole number that fits in 32 bits")
    }
}

/// The cause of causes: what the parser said, without the framework's introduction.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        innermost = cause.to_string();
        next = cause.source();
    }
    innermost
}
