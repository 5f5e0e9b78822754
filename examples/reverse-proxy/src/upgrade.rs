//! WebSockets: once the origin has agreed, both connections carry bytes that are nobody's business here.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

/// The one protocol that is passed on. Others (`h2c`) would carry requests past the cache and past what is checked here.
const WEBSOCKET: &str = "websocket";

/// Whether a request asks for a WebSocket.
pub(crate) fn is_asked<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET && names_websocket(request.headers()) && lists_upgrade(request.headers())
}

fn names_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes()))
}

fn lists_upgrade(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|member| member.trim().eq_ignore_ascii_case("upgrade"))
}

/// The client's side, if it asked.
pub(crate) fn asked_by(request: &mut Request<Incoming>) -> Option<OnUpgrade> {
    names_websocket(request.headers()).then(|| hyper::upgrade::on(request))
}

/// Joins both sides, behind the response that says so.
///
/// # Errors
/// If the origin switches without having been asked.
pub(crate) fn join(client: Option<OnUpgrade>, response: &mut Response<Incoming>) -> Result<(), &'static str> {
    let client = client.ok_or("the origin switched protocols without having been asked to")?;
    let origin = hyper::upgrade::on(&mut *response);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    tokio::spawn(async move {
        let (Ok(client), Ok(origin)) = (client.await, origin.await) else { return };
        let _ = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(origin)).await;
    });
    Ok(())
}
