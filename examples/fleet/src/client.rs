//! One HTTP connection to a shop.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection; requests take turns.
#[derive(Debug)]
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Client {
    pub(crate) async fn connect(port: u16) -> Result<Self, Failed> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// The JSON that a shop answers.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Value, Failed> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> Result<Value, Failed> {
        self.send(Method::PUT, path, body.to_string().into()).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Value, Failed> {
        let req = Request::builder().method(method).uri(path).header(header::HOST, "shop");
        let req = req.header(header::CONTENT_TYPE, "application/json").body(Full::new(body))?;
        self.sender.ready().await?;
        let res = self.sender.send_request(req).await?;
        let (status, body) = (res.status(), res.into_body().collect().await?.to_bytes());
        if !status.is_success() {
            return Err(format!("{path} answers {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }
}
