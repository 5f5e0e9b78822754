//! A client on a real socket, for what only shows there.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::support::{Answer, Fields, request, soon};

/// The answer as far as its head, over a connection of its own.
pub(crate) async fn open(
    address: SocketAddr,
    method: &str,
    uri: &str,
    fields: Fields<'_>,
) -> http::Response<hyper::body::Incoming> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let fields = [fields, &[("host", "shop.example")]].concat();
    let request: http::Request<Empty<Bytes>> = request(method, uri, &fields);
    soon(sender.send_request(request)).await.unwrap()
}

pub(crate) async fn get_with(address: SocketAddr, uri: &str, fields: Fields<'_>) -> Answer {
    Answer::read(open(address, "GET", uri, fields).await).await.unwrap()
}
