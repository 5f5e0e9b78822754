//! A server whose pages count how often they were made, and clients on sockets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers a request, head by head: one request for each connection.
pub(crate) async fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, answer) = (listener.local_addr().unwrap(), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                let _ = stream.write_all(answer(&head).as_bytes()).await;
            });
        }
    });
    address
}

async fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A site whose paths have the fields that the test gives them; its bodies say which making this is.
#[derive(Clone, Default)]
pub(crate) struct Site {
    fields: Arc<Mutex<HashMap<String, String>>>,
    made: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) async fn start(&self) -> SocketAddr {
        let site = self.clone();
        serve(move |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let fields = site.fields.lock().get(path).cloned().unwrap_or_default();
            let body = format!("{path} {}", site.made.fetch_add(1, Ordering::SeqCst) + 1);
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n{fields}\r\n{body}", body.len())
        })
        .await
    }

    /// A page that the cache of an application has kept for a minute.
    pub(crate) fn kept(&self, path: &str, keys: &str) {
        self.page(
            path,
            &format!("Surrogate-Key: {keys}\r\nCache-Status: easy-cache; fwd=uri-miss; stored; ttl=60\r\n"),
        );
    }

    pub(crate) fn page(&self, path: &str, fields: &str) {
        self.fields.lock().insert(path.to_owned(), fields.to_owned());
    }
}

/// Head and body of an answer.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (String, String) {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")).await
}

pub(crate) async fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
