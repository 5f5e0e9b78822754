//! A proxy on a port of its own, before an origin that follows scripts.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use conformance::{Client, Message, Origin, read_message};
use reverse_proxy::{Options, serve};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

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

/// Ends a test that hangs.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("this hangs")
}

/// A server that does with its connections, counted from 1, whatever a test wants.
pub(crate) async fn raw_origin<H, F>(handle: H) -> SocketAddr
where
    H: Fn(usize, BufReader<TcpStream>) -> F + Send + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut connections = 0;
        while let Ok((stream, _)) = listener.accept().await {
            connections += 1;
            tokio::spawn(handle(connections, BufReader::new(stream)));
        }
    });
    address
}

/// A server that answers each request with the bytes that this makes of it.
pub(crate) async fn answering<H>(answer: H) -> SocketAddr
where
    H: Fn(&Message) -> String + Clone + Send + 'static,
{
    raw_origin(move |_, mut stream| {
        let answer = answer.clone();
        async move {
            while let Some(request) = read_message(&mut stream).await? {
                stream.write_all(answer(&request).as_bytes()).await?;
            }
            Ok(())
        }
    })
    .await
}

/// A whole response.
pub(crate) fn response(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// One request as these bytes, and the answer to it.
pub(crate) async fn raw(proxy: SocketAddr, request: &str) -> Message {
    let method = request.split(' ').next().unwrap();
    soon(Client::new(proxy).send(method, request.as_bytes())).await.unwrap().1
}

/// Reads until this was read.
pub(crate) async fn read_to(stream: &mut (impl AsyncRead + Unpin), ending: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(ending.as_bytes()) {
        let mut byte = [0];
        let count = soon(stream.read(&mut byte)).await.unwrap();
        assert_eq!(count, 1, "the connection ended after {:?}", String::from_utf8_lossy(&read));
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}
