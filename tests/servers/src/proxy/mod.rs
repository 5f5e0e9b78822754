//! Stands between a client and a server: counts trips apart from commands, and breaks the way between them in each of the ways in which
//! networks do.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use easy_cache_servers::proxy::{Direction, Fault, Proxy};
//! use easy_cache_servers::Redis;
//!
//! let redis = Redis::start();
//! let proxy = Proxy::before(redis.address());
//! // … connect a client to proxy.address() …
//! proxy.meter().reset();
//! // … one operation …
//! assert_eq!(proxy.meter().trips(), 1);
//!
//! proxy.set(Direction::ToClient, Fault::Delay(Duration::from_millis(20)));
//! proxy.set(Direction::ToClient, Fault::Swallow); // half-open: requests arrive, answers are lost
//! proxy.cut_at_next(Direction::ToClient); // done by the server, and nobody is told
//! proxy.cut();
//! ```
//!
//! [`meter`] counts, `faults` holds what is broken at the moment, `pump` moves the bytes, `resp` finds where commands and answers end.

mod faults;
pub mod meter;
mod pump;
mod resp;

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub use faults::{Direction, Fault};
pub use meter::Meter;

use crate::{port, wait};
use faults::Faults;
use pump::Line;

/// A proxy before one server. Dropping it cuts all connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    way: Arc<Way>,
}

/// What the connections of a proxy share.
#[derive(Debug)]
struct Way {
    server: Mutex<SocketAddr>,
    faults: Faults,
    meter: Meter,
}

impl Proxy {
    /// One with a meter of its own.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn before(server: SocketAddr) -> Self {
        Self::with_meter(server, Meter::default())
    }

    /// One that counts together with others, such as those before the other nodes of a cluster.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn with_meter(server: SocketAddr, meter: Meter) -> Self {
        let bound = || TcpListener::bind((Ipv4Addr::LOCALHOST, port::free())).ok();
        let listener = wait::until_some("a port is free", bound);
        let address = listener.local_addr().unwrap_or_else(|error| panic!("a listener without address: {error}"));
        let way = Arc::new(Way { server: Mutex::new(server), faults: Faults::default(), meter });
        let ways = Arc::clone(&way);
        thread::spawn(move || accept(&listener, &ways));
        Self { address, way }
    }

    /// Where clients find it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of that.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// How clients of Redis name it.
    #[must_use]
    pub fn redis_url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// What has passed.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.way.meter
    }

    /// Breaks one direction from now on, on all connections; [`Fault::None`] mends it, and what was held back goes on.
    pub fn set(&self, direction: Direction, fault: Fault) {
        self.way.faults.set(direction, fault);
    }

    /// Mends both directions, and accepts connections again.
    pub fn mend(&self) {
        self.set(Direction::ToServer, Fault::None);
        self.set(Direction::ToClient, Fault::None);
        self.refuse(false);
    }

    /// Ends all connections that there are.
    pub fn cut(&self) {
        self.way.faults.cut();
    }

    /// Ends a connection instead of passing on the next bytes in a direction. Towards the client: the server has done what
    /// it was asked, and nobody is told. It happens once.
    pub fn cut_at_next(&self, direction: Direction) {
        self.way.faults.cut_at_next(direction);
    }

    /// Leads new connections to another server, and ends those to the former one: a failover behind one address.
    pub fn lead_to(&self, server: SocketAddr) {
        self.lead_on_to(server);
        self.cut();
    }

    /// Leads new connections to another server, and leaves those to the former one as they are: a failover that nobody is told of.
    pub fn lead_on_to(&self, server: SocketAddr) {
        *self.way.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// Whether new connections are ended at once.
    pub fn refuse(&self, refused: bool) {
        self.way.faults.refuse(refused);
    }

    /// How many connections were accepted so far, refused ones included.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.way.faults.accepted()
    }

    /// How many connections there are.
    #[must_use]
    pub fn open(&self) -> usize {
        self.way.faults.open()
    }

    /// Waits until so many bytes are held back or swallowed in a direction: the operation that sent them is under way.
    ///
    /// # Panics
    /// If they do not come within two minutes.
    pub fn wait_until_stopped(&self, direction: Direction, bytes: u64) {
        wait::until("bytes have arrived where they are held back", || self.way.faults.stopped(direction) >= bytes);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.way.faults.end();
        // Wakes who waits for connections.
        let _refused = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, way: &Arc<Way>) {
    for client in listener.incoming().flatten() {
        if way.faults.has_ended() {
            return;
        }
        if !way.faults.accept() {
            let _gone = client.shutdown(Shutdown::Both);
            continue;
        }
        let way = Arc::clone(way);
        thread::spawn(move || connect(client, &way));
    }
}

/// Joins a client with the server, unless the server is gone: then the client's connection ends.
fn connect(client: TcpStream, way: &Arc<Way>) {
    let address = *way.server.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(server) = TcpStream::connect(address) else { return };
    let Ok(line) = Line::new(client, server, way) else { return };
    line.run();
}
