//! Makes connections: itself, where nothing but a socket is needed for that, with lookups that go past the library; else by the library.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError};
use deadpool_redis::{Connection, Manager, Pool};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::{AbortHandle, JoinSet};

use super::ask::Wire;
use super::stream::Stream;
use crate::failure::Failure;
use crate::lane::Limits;
use crate::sentinel::{Sentinels, Standing};

/// Where connections come from.
#[derive(Clone)]
pub(crate) enum Supply {
    /// The application's, or one that speaks TLS: whose connections, the pool knows.
    Pool(Pool),
    /// A server that is reached by nothing but a socket.
    Server(Arc<ConnectionInfo>),
    /// Whoever is the master at the moment.
    Sentinels(Arc<Sentinels>),
}

/// A connection, logged in.
pub(crate) struct Connected {
    pub(crate) connection: MultiplexedConnection,
    /// Where lookups are asked that go past the library.
    pub(crate) wire: Option<Arc<Wire>>,
    /// What drives it, if that is not the library's.
    pub(crate) driver: Option<Driver>,
    /// What it is good for no longer than, where another server may become the master.
    pub(crate) standing: Option<Standing>,
}

/// The task of a connection. It ends with this.
pub(crate) struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Supply {
    /// A server, and at most so many connections to it.
    pub(crate) fn to(info: ConnectionInfo, connections: usize, limits: Limits) -> Result<Self, Failure> {
        match info.addr() {
            ConnectionAddr::Tcp(..) => return Ok(Self::Server(Arc::new(info))),
            ConnectionAddr::Unix(_) if cfg!(unix) => return Ok(Self::Server(Arc::new(info))),
            _ => {}
        }
        let manager = Manager::new_with_config(info, unhurried().set_connection_timeout(Some(limits.dial)))?;
        let pool = Pool::builder(manager).max_size(connections).build();
        Ok(Self::Pool(pool.map_err(|error| Failure::Pool(error.to_string()))?))
    }

    /// One more connection, which nobody else uses.
    pub(crate) async fn connect(&self) -> Result<Connected, Failure> {
        match self {
            Self::Pool(pool) => Ok(Connected::by_library(Connection::take(pool.get().await?))),
            Self::Server(info) => dialled(info).await,
            Self::Sentinels(sentinels) => sentinels.connect().await,
        }
    }

    /// The server is not one that takes writes: what else a pool has leads to the same one.
    pub(crate) fn let_go(&self) {
        if let Self::Pool(pool) = self {
            pool.retain(|_, _| false);
        }
    }
}

/// Answers are waited for by the store, not by each connection once more.
fn unhurried() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_response_timeout(None)
}

impl Connected {
    fn by_library(connection: MultiplexedConnection) -> Self {
        Self { connection, wire: None, driver: None, standing: None }
    }
}

/// A connection to any server, by whatever it takes.
pub(crate) async fn reach(info: ConnectionInfo, within: Duration) -> Result<Connected, Failure> {
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return dialled(&info).await;
    }
    let config = unhurried().set_connection_timeout(Some(within));
    let connection = Client::open(info)?.get_multiplexed_async_connection_with_config(&config).await?;
    Ok(Connected::by_library(connection))
}

async fn dialled(info: &ConnectionInfo) -> Result<Connected, Failure> {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) => {
            let socket = dial(host, *port).await.map_err(RedisError::from)?;
            socket.set_nodelay(info.tcp_settings().nodelay()).map_err(RedisError::from)?;
            log_in(info, socket).await
        }
        #[cfg(unix)]
        ConnectionAddr::Unix(path) => {
            let socket = tokio::net::UnixStream::connect(path).await.map_err(RedisError::from)?;
            log_in(info, socket).await
        }
        _ => Err(Failure::Pool("no address that can be dialled".to_owned())),
    }
}

/// All addresses of the host at once: the first that answers is taken.
async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut dialling: JoinSet<_> = lookup_host((host, port)).await?.map(TcpStream::connect).collect();
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "no address found for the host");
    while let Some(dialled) = dialling.join_next().await {
        match dialled.map_err(io::Error::other).and_then(|dialled| dialled) {
            Ok(socket) => return Ok(socket),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// As the library would, over a socket that it shares with lookups.
async fn log_in<S>(info: &ConnectionInfo, socket: S) -> Result<Connected, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let wire = Arc::new(Wire::default());
    let stream = Stream::new(socket, Arc::clone(&wire));
    let (connection, driver) =
        MultiplexedConnection::new_with_config(info.redis_settings(), stream, unhurried()).await?;
    let driver = Driver(tokio::spawn(driver).abort_handle());
    Ok(Connected { connection, wire: Some(wire), driver: Some(driver), standing: None })
}
