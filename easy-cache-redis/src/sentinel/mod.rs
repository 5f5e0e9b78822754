//! Redis Sentinel: who the master is, is asked at every dial, and believed once the server itself says so.
//!
//! The client library has a door to sentinels as well. It takes the first answer, also of a sentinel that has not heard of the last failover, and tells nobody
//! when there is another master; so the two commands are sent from here. `ask` asks the sentinels, `head` knows who is the master now and ends
//! what leads to a former one, `watch` hears of changes before connections break, `url` reads the whole from one line, `lost` says what went wrong.

mod ask;
mod head;
mod lost;
mod url;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ProtocolVersion, Value, cmd,
};
use parking_lot::Mutex;
use tokio::time::timeout;

use self::ask::Named;
pub(crate) use self::head::{Head, Leave, Standing};
pub(crate) use self::lost::Lost;
pub(crate) use self::url::Plan;
use self::watch::Watch;
use crate::failure::Failure;
use crate::wire::{Connected, reach};

/// The sentinels of one master.
pub(crate) struct Sentinels {
    name: Arc<str>,
    sentinels: Arc<[ConnectionInfo]>,
    /// How its servers are reached. Host and port are what the sentinels say.
    servers: ConnectionInfo,
    dial: Duration,
    head: Arc<Head>,
    watch: Mutex<Watch>,
}

impl Sentinels {
    pub(crate) fn new(name: &str, sentinels: Vec<ConnectionInfo>, servers: ConnectionInfo, dial: Duration) -> Self {
        let (head, watch) = (Arc::default(), Mutex::default());
        Self { name: name.into(), sentinels: sentinels.into(), servers, dial, head, watch }
    }

    /// Who has to know when there is another master.
    pub(crate) fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// One more connection to the master of the moment.
    pub(crate) async fn connect(&self) -> Result<Connected, Failure> {
        let named = self.find().await?;
        let reached = timeout(self.share(), reach(self.at(&named), self.dial)).await;
        let mut connected = self.reached(&named, reached)?;
        connected.standing = Some(self.settle(&named, &mut connected.connection).await?);
        Ok(connected)
    }

    /// The same for a near cache: in the newer of the two protocols, in which a server can speak first.
    pub(crate) async fn listen(
        &self,
        config: &AsyncConnectionConfig,
    ) -> Result<(MultiplexedConnection, Standing), Failure> {
        let named = self.find().await?;
        let client = Client::open(speaking_first(self.at(&named)))?;
        let reached = timeout(self.share(), client.get_multiplexed_async_connection_with_config(config)).await;
        let reached = reached.map(|reached| reached.map_err(Failure::from));
        let mut connection = self.reached(&named, reached)?;
        let standing = self.settle(&named, &mut connection).await?;
        Ok((connection, standing))
    }

    /// Who the sentinels say it is.
    async fn find(&self) -> Result<Named, Failure> {
        self.watch.lock().go_on(&self.sentinels, &self.name, &self.head, self.dial);
        let term = self.head.term();
        let named = ask::all(&self.sentinels, &self.name, self.share()).await?;
        Ok(Named { term, ..named })
    }

    /// Asking, dialling and greeting have to fit into one dial, and each failure is told as what it is rather than as that of the whole.
    fn share(&self) -> Duration {
        self.dial.mul_f64(0.4)
    }

    fn at(&self, named: &Named) -> ConnectionInfo {
        let (host, port) = (named.host.clone(), named.port);
        let address = match self.servers.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        self.servers.clone().set_addr(address)
    }

    fn reached<T, E>(&self, named: &Named, reached: Result<Result<T, Failure>, E>) -> Result<T, Failure> {
        let reached = reached.unwrap_or_else(|_| Err(Failure::Late(self.share())));
        reached.map_err(|failure| unreachable(named, failure))
    }

    /// The server has the last word on whether it is the master: a sentinel may not have heard of the last failover, or just begin one.
    async fn settle(&self, named: &Named, connection: &mut MultiplexedConnection) -> Result<Standing, Failure> {
        let asked = connection.send_packed_command(&cmd("ROLE")).await.and_then(Value::extract_error);
        match asked.map_err(Failure::from) {
            Ok(Value::Array(said)) if said.first().is_some_and(|word| is(word, b"master")) => {}
            Ok(_) => return Err(Lost::Replica { address: named.address(), name: self.name.to_string() }.into()),
            // Whom the server does not let ask: what writes to a replica is refused, and that ends the connection.
            Err(failure) if failure.code() == Some("NOPERM") => {}
            Err(failure) => return Err(unreachable(named, failure)),
        }
        Ok(self.head.settle(named, self.sentinels.len())?)
    }

    /// All addresses that are dialled with what was configured.
    #[cfg(feature = "tls")]
    pub(crate) fn connections(&self) -> impl Iterator<Item = &ConnectionInfo> {
        self.sentinels.iter().chain([&self.servers])
    }
}

fn unreachable(named: &Named, failure: Failure) -> Failure {
    Lost::Unreachable { address: named.address(), failure }.into()
}

/// The newer protocol.
fn speaking_first(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings)
}

fn is(value: &Value, word: &[u8]) -> bool {
    match value {
        Value::BulkString(bytes) => bytes == word,
        Value::SimpleString(text) => text.as_bytes() == word,
        _ => false,
    }
}

impl fmt::Display for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` by sentinel", self.name)?;
        self.sentinels.iter().enumerate().try_for_each(|(place, sentinel)| {
            let before = if place == 0 { " " } else { ", " };
            write!(f, "{before}{}", sentinel.addr())
        })
    }
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinels").field("name", &self.name).finish_non_exhaustive()
    }
}
