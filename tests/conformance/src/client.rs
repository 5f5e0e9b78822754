//! Who asks: a connection that is kept as long as it lasts, and requests as a browser's `fetch` writes them in Node. What is made of
//! the answers is left to `run`.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::field::Value;
use crate::message::{Ending, Message, read_body, read_head};

/// Fields that `fetch` adds where a program does not say otherwise.
const OF_FETCH: [(&str, &str); 6] = [
    ("accept", "*/*"),
    ("accept-language", "*"),
    ("sec-fetch-mode", "cors"),
    ("user-agent", "node"),
    ("accept-encoding", "gzip, deflate"),
    ("connection", "keep-alive"),
];

/// With any of these, `fetch` takes no answer from its own cache, and says so to others.
const OF_CONDITIONS: [&str; 4] = ["if-none-match", "if-modified-since", "if-match", "if-unmodified-since"];

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One client.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client that is not connected yet.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends a request as `fetch` does, and reads what comes: interim responses, and the final one.
    ///
    /// # Errors
    /// If the connection fails, or nothing comes for long.
    pub async fn fetch(
        &mut self,
        method: &str,
        target: &str,
        fields: &[(String, Value)],
        body: &[u8],
    ) -> io::Result<(Vec<Message>, Message)> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.address).into_bytes();
        let has = |name: &str| fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let mut added: Vec<_> = OF_FETCH.into_iter().filter(|(name, _)| !has(name)).collect();
        if OF_CONDITIONS.into_iter().any(has) {
            let no_cache = [("pragma", "no-cache"), ("cache-control", "no-cache")];
            added.extend(no_cache.into_iter().filter(|(name, _)| !has(name)));
        }
        for (name, value) in added {
            head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        let now = SystemTime::now();
        for (name, value) in fields {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(&value.bytes(now));
            head.extend_from_slice(b"\r\n");
        }
        if !body.is_empty() || !matches!(method, "GET" | "HEAD" | "OPTIONS") {
            head.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head.extend_from_slice(body);
        self.send(method, &head).await
    }

    /// Sends these bytes, which are a request with this method, and reads what comes.
    ///
    /// # Errors
    /// If the connection fails, or nothing comes for long.
    pub async fn send(&mut self, method: &str, bytes: &[u8]) -> io::Result<(Vec<Message>, Message)> {
        let is_kept = self.connection.is_some();
        let sent = tokio::time::timeout(PATIENCE, self.exchange(method, bytes)).await?;
        match sent {
            // A server may close a connection that it has kept just when it is used again.
            Err(_) if is_kept => tokio::time::timeout(PATIENCE, self.exchange(method, bytes)).await?,
            sent => sent,
        }
    }

    async fn exchange(&mut self, method: &str, bytes: &[u8]) -> io::Result<(Vec<Message>, Message)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => BufReader::new(TcpStream::connect(self.address).await?),
        };
        connection.get_mut().write_all(bytes).await?;
        let mut interim = Vec::new();
        loop {
            let mut response = read_head(&mut connection).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if matches!(response.status(), 100 | 102..=199) {
                interim.push(response);
                continue;
            }
            let ending = Ending::of_response(method, &response);
            response.body = read_body(&mut connection, ending).await?;
            if ending != Ending::Close && !response.closes() {
                self.connection = Some(connection);
            }
            return Ok((interim, response));
        }
    }
}
