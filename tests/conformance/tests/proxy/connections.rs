//! Connections to the origin, request lines, and the fields that belong to one hop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use conformance::{Client, read_message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::support::{answering, proxy_before, raw, raw_origin, read_to, response, soon};

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";

/// An origin that answers one request on each connection and closes it when the next one arrives, which it counts.
async fn closing_at_the_second(seen: Arc<AtomicUsize>) -> std::net::SocketAddr {
    raw_origin(move |connection, mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            if read_message(&mut stream).await?.is_some() {
                seen.fetch_add(1, Ordering::SeqCst);
                stream.write_all(response("", &format!("connection {connection}")).as_bytes()).await?;
            }
            if read_message(&mut stream).await?.is_some() {
                seen.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        }
    })
    .await
}

#[tokio::test]
async fn a_connection_to_the_origin_serves_many_requests() {
    let origin = raw_origin(|connection, mut stream| async move {
        while read_message(&mut stream).await?.is_some() {
            stream.write_all(response("", &format!("connection {connection}")).as_bytes()).await?;
        }
        Ok(())
    })
    .await;
    let proxy = proxy_before(origin, |_| {}).await;
    // A connection is kept as soon as its response was read, which may be a moment after the client has it.
    let mut last = String::new();
    soon(async {
        loop {
            let connection = raw(proxy, GET).await.text();
            if connection == last {
                return;
            }
            last = connection;
        }
    })
    .await;
}

#[tokio::test]
async fn what_can_be_done_twice_is_tried_again_where_a_kept_connection_was_closed() {
    let seen = Arc::new(AtomicUsize::new(0));
    let proxy = proxy_before(closing_at_the_second(Arc::clone(&seen)).await, |_| {}).await;
    let mut answered = 0;
    soon(async {
        while seen.load(Ordering::SeqCst) <= answered {
            assert_eq!(raw(proxy, GET).await.status(), 200);
            answered += 1;
        }
    })
    .await;
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let seen = Arc::new(AtomicUsize::new(0));
    let proxy = proxy_before(closing_at_the_second(Arc::clone(&seen)).await, |_| {}).await;
    let mut asked = 0;
    soon(async {
        loop {
            assert_eq!(raw(proxy, &GET.replace("GET", "POST")).await.status(), 200, "the first on its connection");
            asked += 1;
            let status = raw(proxy, &GET.replace("GET", "POST")).await.status();
            asked += 1;
            if status == 502 {
                return;
            }
        }
    })
    .await;
    assert_eq!(seen.load(Ordering::SeqCst), asked, "each reached the origin once");
}

#[tokio::test]
async fn an_origin_that_is_not_there_is_a_502() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let proxy = proxy_before(nobody, |_| {}).await;
    assert_eq!(raw(proxy, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.status(), 502);
}

/// An origin that says what it was asked.
async fn echo() -> std::net::SocketAddr {
    let origin = answering(|request| {
        let fields: String = request
            .fields
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)))
            .collect();
        response("", &format!("{}\n{fields}\n{}", request.start, request.text()))
    });
    proxy_before(origin.await, |_| {}).await
}

#[tokio::test]
async fn the_authority_of_the_request_line_is_the_host() {
    let proxy = echo().await;
    let seen = raw(proxy, "GET http://shop.example/books?page=2 HTTP/1.1\r\nhost: other.example\r\n\r\n").await.text();
    assert!(seen.starts_with("GET /books?page=2 HTTP/1.1\n"), "{seen}");
    assert!(seen.contains("host: shop.example\n") && !seen.contains("other.example"), "{seen}");
}

#[tokio::test]
async fn every_method_path_and_query_reaches_the_origin_as_it_was_written() {
    let proxy = echo().await;
    for line in ["OPTIONS *", "M-SEARCH /a", "PATCH /a%2fb//c/../d?x=1&x=%20&&y", "GET /?", "REPORT /;a=b"] {
        let seen = raw(proxy, &format!("{line} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")).await.text();
        assert!(seen.starts_with(&format!("{line} HTTP/1.1\n")), "{line}: {seen}");
    }
}

#[tokio::test]
async fn fields_of_a_hop_end_there_and_via_is_added() {
    let proxy = echo().await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: x-mine, keep-alive\r\nx-mine: 1\r\nkeep-alive: timeout=5\r\n\
                   proxy-connection: keep-alive\r\nte: gzip\r\nx-other: 2\r\nvia: 1.0 first\r\n\r\n";
    let answer = raw(proxy, request).await;
    let seen = answer.text();
    for gone in ["x-mine", "keep-alive", "proxy-connection", "te: "] {
        assert!(!seen.contains(gone), "{gone}: {seen}");
    }
    assert!(seen.contains("x-other: 2\n") && seen.contains("via: 1.0 first\nvia: 1.1 easy-cache\n"), "{seen}");
    assert_eq!(answer.field("via").as_deref(), Some("1.1 easy-cache"));
}

#[tokio::test]
async fn a_client_of_http_1_0_is_understood_and_gets_no_chunks() {
    let origin = answering(|_| "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_owned());
    let proxy = proxy_before(origin.await, |_| {}).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nabc"), "{answer}");
}

#[tokio::test]
async fn requests_that_two_servers_could_read_in_two_ways_are_refused() {
    let proxy = echo().await;
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "GET / HTTP/1.1\r\nhost: a\r\n folded: x\r\n\r\n",
    ] {
        assert_eq!(raw(proxy, request).await.status(), 400, "{request:?}");
    }
}

#[tokio::test]
async fn a_length_beside_chunks_does_not_hide_a_second_request() {
    let proxy = echo().await;
    let smuggled = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = raw(proxy, smuggled).await;
    // Either it is refused, or what counts here is what counts at the origin: the chunks.
    assert!(answer.status() == 400 || !answer.text().contains("content-length: 4"), "{}", answer.text());
}

#[tokio::test]
async fn interim_responses_wait_for_no_final_one() -> io::Result<()> {
    let go = Arc::new(Notify::new());
    let ready = Arc::clone(&go);
    let origin = raw_origin(move |_, mut stream| {
        let ready = Arc::clone(&ready);
        async move {
            read_message(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n").await?;
            ready.notified().await;
            stream.write_all(response("", "done").as_bytes()).await
        }
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    let mut stream = TcpStream::connect(proxy).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await?;
    let early = read_to(&mut stream, "\r\n\r\n").await;
    assert_eq!(early, "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n");
    go.notify_one();
    let last = read_to(&mut stream, "done").await;
    assert!(last.starts_with("HTTP/1.1 200 OK\r\n"), "{last}");
    Ok(())
}

#[tokio::test]
async fn requests_in_a_row_on_one_connection_are_answered_in_order_with_their_own_hints() {
    let origin = answering(|request| {
        let path = request.target();
        format!("HTTP/1.1 103 Early Hints\r\nlink: {path}\r\n\r\n{}", response("", &format!("body of {path}")))
    });
    let proxy = proxy_before(origin.await, |_| {}).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let requests: String = (0..20).map(|number| format!("GET /{number} HTTP/1.1\r\nhost: a\r\n\r\n")).collect();
    stream.write_all(requests.as_bytes()).await.unwrap();
    for number in 0..20 {
        let answer = read_to(&mut stream, &format!("body of /{number}")).await;
        let hints = answer.matches("HTTP/1.1 103").count();
        assert!(hints <= 1 && answer.matches("HTTP/1.1 200").count() == 1, "{answer}");
        assert_eq!(answer.matches(&format!("link: /{number}\r\n")).count(), hints, "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_may_send_its_body() {
    let proxy = echo().await;
    let mut client = Client::new(proxy);
    let request = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\nbody";
    let (interim, answer) = soon(client.send("POST", request.as_bytes())).await.unwrap();
    assert_eq!(interim.iter().map(conformance::Message::status).collect::<Vec<_>>(), [100]);
    assert!(answer.text().ends_with("\nbody") && !answer.text().contains("expect"), "{}", answer.text());
}
