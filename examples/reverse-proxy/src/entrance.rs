//! Where requests come in, before the cache sees them: which are refused or answered here, and what of the others is for this
//! connection alone. The cache must see what the origin will see, or what one client hides could decide what others get.

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, HOST, TE, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use crate::{hop, upgrade};

const MAX_FORWARDS: HeaderName = HeaderName::from_static("max-forwards");

/// Makes a request ready for the cache.
///
/// # Errors
/// The status to answer with, if it goes no further.
pub(crate) fn admit<B>(request: &mut Request<B>) -> Result<(), StatusCode> {
    if request.method() == Method::CONNECT {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    name_host(request)?;
    count_hops(request)?;
    let (wants_websocket, accepts_trailers) = (upgrade::is_asked(request), hop::accepts_trailers(request.headers()));
    let protocol = request.headers().get(UPGRADE).cloned().filter(|_| wants_websocket);
    let headers = request.headers_mut();
    hop::strip(headers);
    if let Some(protocol) = protocol {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    if accepts_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    Ok(())
}

/// The authority that a request is for. A request line that names one silences `Host` (RFC 9112 §3.2.2); without either,
/// HTTP/1.1 is not what was spoken.
fn name_host<B>(request: &mut Request<B>) -> Result<(), StatusCode> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let is_missing = hosts == 0 && request.version() > Version::HTTP_10;
    if hosts > 1 || is_missing {
        return Err(StatusCode::BAD_REQUEST);
    }
    if let Some(host) = request.headers().get(HOST)
        && !is_authority(host)
    {
        return Err(StatusCode::BAD_REQUEST);
    }
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| StatusCode::BAD_REQUEST)?;
        request.headers_mut().insert(HOST, host);
        // One key for one page, however it was asked for.
        let relative = request.uri().path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from);
        *request.uri_mut() = relative;
    }
    Ok(())
}

fn is_authority(host: &HeaderValue) -> bool {
    let is_empty = host.is_empty(); // allowed where the target has no authority (RFC 9112 §3.2)
    is_empty || !host.as_bytes().contains(&b'@') && http::uri::Authority::try_from(host.as_bytes()).is_ok()
}

/// `OPTIONS` and `TRACE` may say how far they go (RFC 9110 §7.6.2).
fn count_hops<B>(request: &mut Request<B>) -> Result<(), StatusCode> {
    let hops_left = hops_left(request.headers());
    match (request.method(), hops_left) {
        (&Method::TRACE, Some(0)) => Err(StatusCode::METHOD_NOT_ALLOWED),
        (&Method::OPTIONS, Some(0)) => Err(StatusCode::NO_CONTENT),
        (&Method::TRACE | &Method::OPTIONS, Some(left)) => {
            request.headers_mut().insert(MAX_FORWARDS, HeaderValue::from(left - 1));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn hops_left(headers: &HeaderMap) -> Option<u32> {
    headers.get(MAX_FORWARDS)?.to_str().ok()?.parse().ok()
}

/// An answer of the proxy itself.
pub(crate) fn answer(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::METHOD_NOT_ALLOWED) {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, fields: &[(&'static str, &'static str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn refused(mut request: Request<()>) -> Option<StatusCode> {
        admit(&mut request).err()
    }

    #[test]
    fn a_request_without_a_host_or_with_two_is_refused() {
        assert_eq!(refused(request("GET", "/", &[])), Some(StatusCode::BAD_REQUEST));
        assert_eq!(refused(request("GET", "/", &[("host", "a"), ("host", "b")])), Some(StatusCode::BAD_REQUEST));
        assert_eq!(refused(request("GET", "/", &[("host", "a@b")])), Some(StatusCode::BAD_REQUEST));
        assert_eq!(refused(request("GET", "/", &[("host", "a/b")])), Some(StatusCode::BAD_REQUEST));
        let mut old = request("GET", "/", &[]);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(refused(old), None);
    }

    #[test]
    fn the_authority_of_the_request_line_silences_host() {
        let mut request = request("GET", "http://shop.example/books?page=2", &[("host", "other.example")]);
        assert!(admit(&mut request).is_ok());
        assert_eq!(
            (request.uri().to_string(), &request.headers()["host"]),
            ("/books?page=2".to_owned(), &HeaderValue::from_static("shop.example"))
        );
    }

    #[test]
    fn only_a_websocket_is_upgraded_to() {
        let upgrade = |protocol| {
            let mut request = request(
                "GET",
                "/",
                &[("host", "a"), ("connection", "Upgrade, x-own"), ("x-own", "1"), ("upgrade", protocol)],
            );
            assert!(admit(&mut request).is_ok());
            assert!(!request.headers().contains_key("x-own"));
            request.headers().contains_key(UPGRADE)
        };
        assert!(upgrade("WebSocket"));
        assert!(!upgrade("h2c"));
    }

    #[test]
    fn options_and_trace_go_as_far_as_they_say() {
        let ask = |method, hops| refused(request(method, "/", &[("host", "a"), ("max-forwards", hops)]));
        assert_eq!(ask("OPTIONS", "0"), Some(StatusCode::NO_CONTENT));
        assert_eq!(ask("TRACE", "0"), Some(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(ask("GET", "0"), None);
        let mut request = request("OPTIONS", "*", &[("host", "a"), ("max-forwards", "3")]);
        assert!(admit(&mut request).is_ok());
        assert_eq!((request.uri().path(), &request.headers()["max-forwards"]), ("*", &HeaderValue::from_static("2")));
    }

    #[test]
    fn a_tunnel_is_refused() {
        assert_eq!(refused(request("CONNECT", "a:80", &[("host", "a:80")])), Some(StatusCode::METHOD_NOT_ALLOWED));
    }
}
