//! WebSockets pass; other protocols do not.

use std::time::Duration;

use conformance::read_message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{proxy_before, raw, raw_origin, read_to, response, soon};

/// Switches if it is asked to, and then sends back what it gets.
async fn switching() -> std::net::SocketAddr {
    raw_origin(|_, mut stream| async move {
        let Some(request) = read_message(&mut stream).await? else { return Ok(()) };
        let Some(protocol) = request.field("upgrade") else {
            return stream.write_all(response("Cache-Control: max-age=60\r\n", "a page").as_bytes()).await;
        };
        assert_eq!(request.field("connection").as_deref(), Some("upgrade"));
        let head = format!("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut buffer = [0; 64];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..count]).await?;
        }
    })
    .await
}

#[tokio::test]
async fn a_websocket_carries_bytes_both_ways_also_where_the_page_is_cached() {
    let proxy = proxy_before(switching().await, |_| {}).await;
    for _ in 0..2 {
        assert_eq!(raw(proxy, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.text(), "a page");
    }
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let head = read_to(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("upgrade: websocket\r\n"), "{head}");
    for message in ["one", "two"] {
        stream.write_all(message.as_bytes()).await.unwrap();
        assert_eq!(read_to(&mut stream, message).await, message);
    }
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn another_protocol_is_not_asked_for() {
    let proxy = proxy_before(switching().await, |_| {}).await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n";
    let answer = soon(raw(proxy, request)).await;
    assert_eq!((answer.status(), answer.text().as_str()), (200, "a page"));
}
