//! Bodies stream in both directions; one that is cut is not kept.

use std::io;
use std::sync::Arc;

use conformance::read_message;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::{answering, proxy_before, raw, raw_origin, read_to, response, soon};

#[tokio::test]
async fn a_response_streams_and_is_kept_all_the_same() {
    let go = Arc::new(Notify::new());
    let allowed = Arc::clone(&go);
    let origin = raw_origin(move |_, mut stream| {
        let allowed = Arc::clone(&allowed);
        async move {
            while read_message(&mut stream).await?.is_some() {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n").await?;
                stream.write_all(b"transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n").await?;
                allowed.notified().await;
                stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await?;
            }
            Ok(())
        }
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    read_to(&mut stream, "first\r\n").await; // which the origin has not gone beyond
    go.notify_one();
    read_to(&mut stream, "0\r\n\r\n").await;
    let again = raw(proxy, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(again.text(), "firstsecond");
    assert!(again.field("cache-status").unwrap().contains("hit"), "{again:?}");
}

#[tokio::test]
async fn a_request_streams() {
    let seen = Arc::new(Notify::new());
    let told = Arc::clone(&seen);
    let origin = raw_origin(move |_, mut stream| {
        let told = Arc::clone(&told);
        async move {
            let mut line = String::new();
            while !line.ends_with("first\r\n") {
                stream.read_line(&mut line).await?;
            }
            told.notify_one();
            while !line.ends_with("0\r\n\r\n") {
                stream.read_line(&mut line).await?;
            }
            stream.write_all(response("", "got it").as_bytes()).await
        }
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    stream.write_all(head).await.unwrap();
    soon(seen.notified()).await;
    stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await.unwrap();
    read_to(&mut stream, "got it").await;
}

#[tokio::test]
async fn a_body_that_is_cut_reaches_its_client_cut_and_is_not_kept() {
    let origin = raw_origin(|connection, mut stream| async move {
        read_message(&mut stream).await?;
        let head = "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 10\r\n\r\n";
        let body = if connection == 1 { "01234" } else { "0123456789" };
        stream.write_all(format!("{head}{body}").as_bytes()).await
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert!(answer.ends_with(b"\r\n\r\n01234"), "{:?}", String::from_utf8_lossy(&answer));
    assert_eq!(raw(proxy, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.text(), "0123456789");
}

#[tokio::test]
async fn trailers_reach_a_client_that_reads_them_and_the_response_is_not_kept() -> io::Result<()> {
    let origin = answering(|request| {
        let asked = request.field("te").unwrap_or_default();
        let body = "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n";
        format!(
            "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ntrailer: x-sum\r\nx-te: {asked}\r\ntransfer-encoding: chunked\r\n\r\n{body}"
        )
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    for _ in 0..2 {
        let mut stream = TcpStream::connect(proxy).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te\r\n\r\n").await?;
        let answer = read_to(&mut stream, "x-sum: 7\r\n\r\n").await;
        assert!(answer.contains("x-te: trailers\r\n") && answer.contains("fwd=uri-miss"), "{answer}");
    }
    Ok(())
}
