//! Between the responses of actix-web and those of the shared rules.

use std::sync::Arc;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use bytes::Bytes;
use easy_cache_http::door::{Mark, Outgoing, Recordings, ResponseTags};
use http::response::Parts;

use crate::ResponseBody;
use crate::fields;
use crate::read::Reading;

/// A handler's response as the rules read it, and what they leave alone of it.
pub(crate) fn taken<B: MessageBody>(
    res: HttpResponse<B>,
    req: &HttpRequest,
) -> (HttpResponse<()>, http::Response<Reading<B>>) {
    let (rest, body) = res.into_parts();
    let body = Reading::new(body);
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(rest.status().as_u16()).unwrap_or_default();
    *response.headers_mut() = fields::to_http(rest.headers());
    // The length that actix-web is about to write. Nothing at all is how handlers leave the body out, and says nothing.
    if let (&Method::HEAD, BodySize::Sized(size @ 1..)) = (req.method(), response.body().size()) {
        response.headers_mut().entry(http::header::CONTENT_LENGTH).or_insert_with(|| size.into());
    }
    if let Some(mark) = said(&rest, req) {
        response.extensions_mut().insert(mark);
    }
    (rest, response)
}

/// What the handler said beside its response, or else on the way to it.
pub(crate) fn said<B>(res: &HttpResponse<B>, req: &HttpRequest) -> Option<Mark> {
    let beside = res.extensions().get::<Mark>().cloned();
    beside.or_else(|| req.extensions().get::<Mark>().cloned())
}

/// What the rules made of it, for the client.
pub(crate) fn given<B: MessageBody + 'static>(
    rest: HttpResponse<()>,
    response: http::Response<Outgoing<Reading<B>>>,
    req: &HttpRequest,
    recordings: &Arc<Recordings>,
) -> HttpResponse<ResponseBody<B>> {
    let (parts, body) = response.into_parts();
    let size = if let Outgoing::Whole(bytes) = &body { size(req, &parts, bytes) } else { BodySize::Stream };
    with_head(rest, parts).set_body(ResponseBody::of(body, size, recordings))
}

/// The answer from the store.
pub(crate) fn stored<B: MessageBody>(
    req: HttpRequest,
    response: http::Response<Bytes>,
) -> ServiceResponse<ResponseBody<B>> {
    let (parts, bytes) = response.into_parts();
    let body = ResponseBody::whole(bytes.clone(), size(&req, &parts, &bytes));
    let res = with_head(HttpResponse::with_body(StatusCode::OK, ()), parts).set_body(body);
    ServiceResponse::new(req, res)
}

fn with_head(mut res: HttpResponse<()>, parts: Parts) -> HttpResponse<()> {
    if let Ok(status) = StatusCode::from_u16(parts.status.as_u16()) {
        *res.status_mut() = status;
    }
    *res.headers_mut() = fields::from_http(&parts.headers);
    if let Some(tags) = parts.extensions.get::<ResponseTags>() {
        res.extensions_mut().insert(tags.clone());
    }
    res
}

/// What the head says of a body that is there: actix-web writes `Content-Length` by it.
fn size(req: &HttpRequest, parts: &Parts, bytes: &Bytes) -> BodySize {
    match parts.status.as_u16() {
        204 | 304 => BodySize::None,
        _ if req.method() == Method::HEAD => {
            let length =
                parts.headers.get(CONTENT_LENGTH.as_str()).and_then(|length| length.to_str().ok()?.parse().ok());
            length.map_or(BodySize::None, BodySize::Sized)
        }
        _ => BodySize::Sized(bytes.len() as u64),
    }
}
