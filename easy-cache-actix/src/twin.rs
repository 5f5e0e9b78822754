//! A request that looks like another. actix-web gives each response the request that it answers, and routers change a request
//! in place, which fails if anybody else holds on to it: so where one request has two answers (a stale one at once, and the
//! refresh behind it; or a handler's error, and what stands in for it), the client's goes out with a twin.

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::test::TestRequest;

/// The same head, from the same peer; nothing that the application or a middleware has put there.
pub(crate) fn of(req: &ServiceRequest) -> HttpRequest {
    let mut twin = ServiceRequest::from_request(TestRequest::default().to_http_request());
    let (head, original) = (twin.head_mut(), req.head());
    head.method = original.method.clone();
    head.uri = original.uri.clone();
    head.version = original.version;
    head.headers = original.headers.clone();
    head.peer_addr = original.peer_addr;
    twin.into_parts().0
}
