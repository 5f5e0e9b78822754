//! Bodies, queries, paths and forms as actix-web reads them, with refusals that are answered like any other of the same side:
//! as JSON under `/api`, as a page elsewhere.

use std::future::{Future, Ready, ready};
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::{JsonPayloadError, UrlencodedError};
use actix_web::{Error, FromRequest, HttpRequest, ResponseError, web};
use bookstore::refusal::{Refusal, innermost};
use serde::de::DeserializeOwned;

use crate::error::{ApiError, PageError};
use crate::shop::Shop;

/// The shop that all handlers share.
pub(crate) struct State<S>(S);

impl<S> Deref for State<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: Shop> FromRequest for State<S> {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = req.app_data::<S>().cloned().map(Self);
        ready(state.ok_or_else(|| Refusal::out_of_order(500).into()))
    }
}

type Later<T, E> = Pin<Box<dyn Future<Output = Result<T, E>>>>;

/// A body of JSON.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for ApiJson<T> {
    type Error = ApiError;
    type Future = Later<Self, ApiError>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = web::Json::<T>::from_request(req, payload);
        Box::pin(async move { json.await.map(|json| Self(json.into_inner())).map_err(|error| of_json(&error).into()) })
    }
}

fn of_json(error: &Error) -> Refusal {
    match error.as_error::<JsonPayloadError>() {
        Some(JsonPayloadError::Deserialize(reason)) if reason.is_data() => {
            Refusal::new(422, format!("the body does not fit: {reason}"))
        }
        Some(JsonPayloadError::Deserialize(reason)) => {
            Refusal::new(400, format!("the body is not valid JSON: {reason}"))
        }
        Some(JsonPayloadError::ContentType) => Refusal::new(415, "the body needs `Content-Type: application/json`"),
        _ => of_other(error),
    }
}

/// A form that a page posted.
pub(crate) struct PageForm<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for PageForm<T> {
    type Error = PageError;
    type Future = Later<Self, PageError>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = web::Form::<T>::from_request(req, payload);
        Box::pin(async move { form.await.map(|form| Self(form.into_inner())).map_err(|error| of_form(&error).into()) })
    }
}

fn of_form(error: &Error) -> Refusal {
    match error.as_error::<UrlencodedError>() {
        Some(UrlencodedError::Parse(reason)) => Refusal::new(422, format!("the form does not fit: {reason}")),
        Some(UrlencodedError::ContentType) => Refusal::new(415, "the body is not a form"),
        _ => of_other(error),
    }
}

fn of_other(error: &Error) -> Refusal {
    let error: &dyn ResponseError = error.as_response_error();
    Refusal::new(error.status_code().as_u16(), error.to_string())
}

/// The number in a path under `/api`.
pub(crate) struct ApiPath(pub(crate) i32);

/// The number in the path of a page.
pub(crate) struct PagePath(pub(crate) i32);

/// The query under `/api`.
pub(crate) struct ApiQuery<T>(pub(crate) T);

/// The query of a page.
pub(crate) struct PageQuery<T>(pub(crate) T);

fn number(req: &HttpRequest) -> Result<i32, Refusal> {
    req.match_info().query("id").parse().map_err(|_| Refusal::path())
}

fn query<T: DeserializeOwned>(req: &HttpRequest) -> Result<T, Refusal> {
    let query = web::Query::<T>::from_query(req.query_string());
    query
        .map(web::Query::into_inner)
        .map_err(|reason| Refusal::new(400, format!("the query does not fit: {}", innermost(&reason))))
}

/// What is read from the head of a request, at once.
macro_rules! of_the_head {
    ($name:ident $(<$value:ident>)?, $error:ident, $read:ident) => {
        impl $(<$value: DeserializeOwned>)? FromRequest for $name $(<$value>)? {
            type Error = $error;
            type Future = Ready<Result<Self, $error>>;

            fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready($read(req).map(Self).map_err($error::from))
            }
        }
    };
}

of_the_head!(ApiPath, ApiError, number);
of_the_head!(PagePath, PageError, number);
of_the_head!(ApiQuery<T>, ApiError, query);
of_the_head!(PageQuery<T>, PageError, query);
