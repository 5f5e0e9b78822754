//! Bodies, queries, paths and forms as axum reads them, with refusals that are answered like any other of the same side:
//! as JSON under `/api`, as a page elsewhere.

use axum::extract::{
    FromRequest, FromRequestParts,
    rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection},
};
use bookstore::refusal::{Refusal, innermost};

use crate::error::{ApiError, PageError};

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

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let what = match &rejection {
            JsonRejection::JsonDataError(reason) => format!("the body does not fit: {}", innermost(reason)),
            JsonRejection::JsonSyntaxError(reason) => format!("the body is not valid JSON: {}", innermost(reason)),
            JsonRejection::MissingJsonContentType(_) => "the body needs `Content-Type: application/json`".to_owned(),
            other => other.body_text(),
        };
        Refusal::new(rejection.status().as_u16(), what).into()
    }
}

impl From<FormRejection> for PageError {
    fn from(rejection: FormRejection) -> Self {
        let what = match &rejection {
            FormRejection::InvalidFormContentType(_) => "the body is not a form".to_owned(),
            other => format!("the form does not fit: {}", innermost(other)),
        };
        Refusal::new(rejection.status().as_u16(), what).into()
    }
}

fn of_query(rejection: &QueryRejection) -> Refusal {
    Refusal::new(rejection.status().as_u16(), format!("the query does not fit: {}", innermost(rejection)))
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        of_query(&rejection).into()
    }
}

impl From<QueryRejection> for PageError {
    fn from(rejection: QueryRejection) -> Self {
        of_query(&rejection).into()
    }
}

fn of_path(rejection: &PathRejection) -> Refusal {
    if rejection.status().is_server_error() {
        tracing::error!("failed to read a path: {rejection}");
        return Refusal::out_of_order(rejection.status().as_u16());
    }
    Refusal::path()
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        of_path(&rejection).into()
    }
}

impl From<PathRejection> for PageError {
    fn from(rejection: PathRejection) -> Self {
        of_path(&rejection).into()
    }
}
