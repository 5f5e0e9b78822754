//! The memory of the proxy stays bounded whatever it is asked for. A process of its own, whose memory nothing else uses: one test.
//!
//! Short by default; `EASY_CACHE_LOAD_SECONDS=60` asks for 100,000 URLs and streams a gibibyte.
#![cfg(test)]

use std::net::SocketAddr;

use conformance::{Client, Message, read_message};
use reverse_proxy::{Options, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const FILLING: usize = 20_000;

fn is_long() -> bool {
    std::env::var("EASY_CACHE_LOAD_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0) >= 60
}

/// The memory of this process.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default() << 10
}

/// Answers with the target and the value of a field, and much filling; `/stream?N` has N mebibytes.
async fn origin() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(attend(BufReader::new(stream)));
        }
    });
    address
}

async fn attend(mut stream: BufReader<TcpStream>) -> std::io::Result<()> {
    while let Some(request) = read_message(&mut stream).await? {
        if let Some(mebibytes) = request.target().strip_prefix("/stream?") {
            let mebibytes: usize = mebibytes.parse().unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await?;
            let chunk = [b"100000\r\n".to_vec(), vec![b'x'; 1 << 20], b"\r\n".to_vec()].concat();
            for _ in 0..mebibytes {
                stream.write_all(&chunk).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        } else {
            stream.write_all(page(&request).as_bytes()).await?;
        }
    }
    Ok(())
}

fn page(request: &Message) -> String {
    let body = body(request.target(), &request.field("x-value").unwrap_or_default());
    let head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nVary: X-Value\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn body(target: &str, value: &str) -> String {
    format!("{target} {value} {}", "f".repeat(FILLING))
}

async fn ask(client: &mut Client, target: &str, value: &str) {
    let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\nx-value: {value}\r\n\r\n");
    let (_, answer) = client.send("GET", request.as_bytes()).await.unwrap();
    assert_eq!(answer.text(), body(target, value));
}

/// Reads a stream to its end and keeps nothing of it.
async fn swallow(proxy: SocketAddr, mebibytes: usize) {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let request = format!("GET /stream?{mebibytes} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut buffer, mut total) = (vec![0; 1 << 16], 0);
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            assert!(total > mebibytes << 20, "only {total} bytes");
            return;
        }
        total += count;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_by_what_the_cache_may_take() {
    let mut options = Options { origin: format!("http://{}", origin().await).parse().unwrap(), ..Options::default() };
    options.size = 4 << 20;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let proxy = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, &options, std::future::pending()).await });
    let mut client = Client::new(proxy);
    for number in 0..200 {
        ask(&mut client, &format!("/warm/{number}"), "").await;
    }
    let before = resident_bytes();
    let urls = if is_long() { 100_000 } else { 3_000 };
    for number in 0..urls {
        ask(&mut client, &format!("/{number}?{}", number * 7919), "").await;
    }
    for number in 0..1_500 {
        ask(&mut client, "/varying", &number.to_string()).await;
    }
    let after_many = resident_bytes().saturating_sub(before);
    // Each kind alone would take more.
    assert!(after_many < 24 << 20, "{after_many} bytes more");
    swallow(proxy, if is_long() { 1024 } else { 128 }).await;
    let after_streams = resident_bytes().saturating_sub(before);
    assert!(after_streams < 32 << 20, "{after_streams} bytes more");
}
