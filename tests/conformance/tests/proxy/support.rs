//! A proxy on a port of its own, before an origin that follows scripts.

use std::net::SocketAddr;

use conformance::Origin;
use reverse_proxy::{Options, serve};
use tokio::net::TcpListener;

/// Starts a proxy in front of a server; it ends with the runtime of the test.
pub(crate) async fn proxy_before(origin: SocketAddr, change: impl FnOnce(&mut Options)) -> SocketAddr {
    let mut options = Options { origin: format!("http://{origin}").parse().unwrap(), ..Options::default() };
    change(&mut options);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, &options, std::future::pending()).await });
    address
}

/// A proxy before an origin that follows scripts.
pub(crate) async fn scripted() -> (SocketAddr, Origin) {
    let origin = Origin::default();
    let address = origin.listen().await.unwrap();
    (proxy_before(address, |_| {}).await, origin)
}
