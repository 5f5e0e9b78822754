//! Connections to the origin, kept while they may be used again. What is sent over them is left to `forward`.

use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;

use crate::Origin;

/// What is sent to the origin: the client's own body, or none.
pub(crate) type Outgoing = Either<Incoming, Empty<Bytes>>;

/// Shorter than the five seconds after which popular servers close what is idle: a request should not meet a connection
/// that is just being closed.
const IDLE: Duration = Duration::from_millis(3500);

/// How long an origin may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// More than this many idle connections are closed at once.
const MOST_IDLE: usize = 256;

/// The connections to one origin.
#[derive(Debug)]
pub(crate) struct Pool {
    origin: Origin,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Outgoing>,
    since: Instant,
}

/// A connection on which one request may be sent.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Outgoing>,
    /// It served a request before, so that the origin may have closed it meanwhile.
    pub(crate) is_reused: bool,
}

impl Pool {
    /// A pool without connections yet. Those that stay idle are closed by a task that ends with the pool.
    pub(crate) fn new(origin: Origin) -> Arc<Self> {
        let pool = Arc::new(Self { origin, idle: Mutex::default() });
        tokio::spawn(close_idle(Arc::downgrade(&pool)));
        pool
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The connection that was used last, or a new one.
    pub(crate) async fn take(&self) -> io::Result<Connection> {
        match self.take_idle() {
            Some(sender) => Ok(Connection { sender, is_reused: true }),
            None => self.connect().await,
        }
    }

    /// A connection that nobody has used.
    pub(crate) async fn connect(&self) -> io::Result<Connection> {
        let stream = tokio::time::timeout(CONNECTING, TcpStream::connect(self.origin.authority())).await??;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            http1::Builder::new().handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(reason) = connection.with_upgrades().await {
                tracing::debug!(%reason, "a connection to the origin ended");
            }
        });
        Ok(Connection { sender, is_reused: false })
    }

    fn take_idle(&self) -> Option<SendRequest<Outgoing>> {
        let mut idle = self.idle.lock();
        while let Some(Idle { sender, since }) = idle.pop() {
            if sender.is_ready() && since.elapsed() < IDLE {
                return Some(sender);
            }
        }
        None
    }

    /// Takes a connection back once its response has been read to the end.
    pub(crate) fn give_back(self: &Arc<Self>, mut sender: SendRequest<Outgoing>) {
        if sender.is_ready() {
            return self.keep(sender);
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            if sender.ready().await.is_ok()
                && let Some(pool) = pool.upgrade()
            {
                pool.keep(sender);
            }
        });
    }

    fn keep(&self, sender: SendRequest<Outgoing>) {
        let mut idle = self.idle.lock();
        if idle.len() < MOST_IDLE {
            idle.push(Idle { sender, since: Instant::now() });
        }
    }
}

async fn close_idle(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.idle.lock().retain(|idle| idle.since.elapsed() < IDLE && !idle.sender.is_closed());
    }
}
