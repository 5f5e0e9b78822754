//! An error that comes from behind the cache and leaves as one: actix-web makes its response of it further out, where nobody tells
//! caches in front that it is not for them. So it takes that along.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{Error, HttpResponse, ResponseError};

use crate::fields;

/// The same error, with these fields in place of what its response says in them. Without fields it is left as it is.
pub(crate) fn telling(error: Error, told: http::HeaderMap) -> Error {
    if told.is_empty() { error } else { Refusal { error, told }.into() }
}

#[derive(Debug)]
struct Refusal {
    error: Error,
    told: http::HeaderMap,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut res = self.error.error_response();
        fields::replace(res.headers_mut(), &self.told);
        res
    }
}
