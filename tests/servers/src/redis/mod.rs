//! A Redis of one's own: killed, paused, emptied, made small, or made the replica of another.

pub mod cluster;
pub mod reply;
pub mod sentinel;

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub use reply::{Connection, Reply};

use crate::process::{Ending, Plan};
use crate::seat::Seat;
use crate::{folder, port, program, wait};

/// Names the program that is started in place of the installed `redis-server`: to run all tests against another version, or Valkey.
const INSTEAD: &str = "EASY_CACHE_REDIS_SERVER";

/// A running Redis, which ends when this is dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    folder: PathBuf,
    options: Options,
    seat: Seat,
}

/// How a Redis is started.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    program: Option<PathBuf>,
    port: Option<u16>,
    settings: Vec<(String, String)>,
    /// Settings that are ports of its own: free ones, other ones with each attempt.
    ports: Vec<&'static str>,
}

impl Options {
    /// A setting as in `redis.conf`.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// Not more memory than this (`5mb`), and what is to happen when it is full (`allkeys-lru`, `noeviction`).
    pub fn memory(self, limit: &str, policy: &str) -> Self {
        self.setting("maxmemory", limit).setting("maxmemory-policy", policy)
    }

    /// Follows another one, which it copies and cannot be written to.
    pub fn replica_of(self, master: &Redis) -> Self {
        self.setting("replicaof", format!("127.0.0.1 {}", master.port()))
    }

    /// A certain port, rather than a free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// A setting that is one more port to listen on: a free one.
    pub(crate) fn own_port(mut self, name: &'static str) -> Self {
        self.ports.push(name);
        self
    }

    /// Speaks TLS as well, on a port of its own ([`Redis::tls_address`]), with this certificate and its key.
    pub fn tls(self, certificate: &Path, key: &Path) -> Self {
        let files = self.setting("tls-cert-file", certificate.display()).setting("tls-key-file", key.display());
        files.own_port("tls-port").setting("tls-auth-clients", "no")
    }

    /// Another program than the installed `redis-server`.
    pub fn program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Panics
    /// If Redis is not installed, or does not start.
    #[must_use]
    pub fn start(self) -> Redis {
        let (folder, seat) = (folder::new("redis"), Seat::free("redis-server"));
        let attempt = |port| {
            let options = self.with_ports();
            let plan = options.plan(&folder, port);
            ((port, options), plan)
        };
        let (port, (_, options)) = seat.take(self.port, attempt, |(port, _), id| answers(*port, id));
        Redis { port, folder, options, seat }
    }

    /// With ports that are free now.
    fn with_ports(&self) -> Self {
        let ports = self.ports.iter().map(|name| ((*name).to_owned(), port::free().to_string()));
        let settings = self.settings.iter().cloned().chain(ports).collect();
        Self { settings, ports: Vec::new(), ..self.clone() }
    }

    fn plan(&self, folder: &Path, port: u16) -> Plan {
        let program = self.program.clone().unwrap_or_else(program);
        let usual = [
            ("port", port.to_string()),
            ("bind", "127.0.0.1".to_owned()),
            ("save", String::new()),
            ("appendonly", "no".to_owned()),
            ("enable-debug-command", "yes".to_owned()),
            // A replica is there at once.
            ("repl-diskless-sync-delay", "0".to_owned()),
        ];
        let settings = self.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
        // Words of their own where a value has several, as on a command line; an empty one is a word as well.
        let words = |(name, value): (&str, String)| {
            let values: Vec<_> = value.split(' ').map(str::to_owned).collect();
            [format!("--{name}")].into_iter().chain(values)
        };
        let arguments = usual.into_iter().chain(settings).flat_map(words).collect();
        Plan { program, arguments, folder: folder.to_owned(), user: None, ending: Ending::Kill }
    }
}

impl Redis {
    /// One with the usual settings: nothing is written to disk.
    ///
    /// # Panics
    /// If Redis is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::options().start()
    }

    /// Settings first.
    pub fn options() -> Options {
        Options::default()
    }

    /// One that all tests of this process share. Whoever breaks or flushes it breaks the others: take one of your own for that.
    ///
    /// # Panics
    /// If Redis is not installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Redis> = LazyLock::new(Redis::start);
        &SHARED
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The same with the host.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        address(self.port)
    }

    /// Where it speaks TLS, if it was started so.
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        let port = self.options.settings.iter().find(|(name, _)| name == "tls-port");
        port.and_then(|(_, port)| port.parse().ok()).map(address)
    }

    /// How clients name it: `redis://127.0.0.1:17001/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// A connection to it.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection::open(self.address()).unwrap_or_else(|error| panic!("failed to reach redis: {error}"))
    }

    /// Sends one command on a connection of its own. A refusal is an answer.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn command<A: AsRef<[u8]>>(&self, words: impl IntoIterator<Item = A>) -> Reply {
        self.connection().command(words).unwrap_or_else(|error| panic!("redis did not answer a command: {error}"))
    }

    /// One line of `INFO`, such as `total_reads_processed`; nothing if it does not answer, as one that is just made a replica.
    #[must_use]
    pub fn info(&self, name: &str) -> Option<String> {
        let reply =
            Connection::open(self.address()).and_then(|mut connection| connection.command(["INFO", "everything"]));
        let info = reply.ok()?.to_string();
        info.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
    }

    /// Stops answering: connections are still accepted, and nothing happens on them.
    pub fn pause(&self) {
        self.seat.signal("STOP");
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.seat.signal("CONT");
    }

    /// Ends it as `kill -9` does. What was not saved is lost.
    pub fn kill(&self) {
        self.seat.leave();
    }

    /// Starts it after [`kill`](Self::kill), on the same port, with what was last saved: usually nothing.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&self) {
        self.seat.take_again(|| self.options.plan(&self.folder, self.port), |id| answers(self.port, id));
    }

    /// A crash: killed, and started again, empty.
    ///
    /// # Panics
    /// If it does not start again.
    pub fn restart(&self) {
        self.kill();
        self.start_again();
    }

    /// A restart that keeps everything that is stored now.
    ///
    /// # Panics
    /// If it cannot be saved, or does not start again.
    pub fn restart_with_data(&self) {
        assert_eq!(self.command(["SAVE"]).to_string(), "OK", "redis could not save its data");
        self.restart();
        let _gone = std::fs::remove_file(self.folder.join("dump.rdb"));
    }

    /// Waits until a replica has everything that its master has been told.
    ///
    /// # Panics
    /// If it does not within two minutes.
    pub fn wait_until_it_follows(&self, master: &Self) {
        let follows = || {
            self.info("master_link_status").as_deref() == Some("up")
                && self.info("slave_repl_offset") == master.info("master_repl_offset")
        };
        wait::until("the replica follows its master", follows);
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        self.seat.log()
    }

    /// Its process id, if it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.seat.id()
    }
}

const fn address(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// What is started as a Redis, unless a test says otherwise.
fn program() -> PathBuf {
    let instead = env::var_os(INSTEAD).map(PathBuf::from);
    instead.unwrap_or_else(|| program::find("redis-server", "redis-server"))
}

/// Whether this very process does.
fn answers(port: u16, id: u32) -> bool {
    let answer = Connection::open(address(port)).and_then(|mut connection| process_id(&mut connection));
    answer.is_ok_and(|own| own == Some(id))
}

/// The process that answers on a connection, as it says itself.
fn process_id(connection: &mut Connection) -> std::io::Result<Option<u32>> {
    let info = connection.command(["INFO", "server"])?.to_string();
    Ok(info.lines().find_map(|line| line.strip_prefix("process_id:")?.trim_end().parse().ok()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_that_somebody_was_faster_to_take_is_left_to_him_for_another_one() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let of_somebody = taken.local_addr().unwrap().port();
        std::thread::spawn(move || taken.incoming().for_each(drop));
        let (folder, seat, mut attempts) = (folder::new("redis"), Seat::free("redis-server"), 0);
        let attempt = |free| {
            attempts += 1;
            let port = if attempts == 1 { of_somebody } else { free };
            (port, Redis::options().plan(&folder, port))
        };
        let (_, port) = seat.take(None, attempt, |port, id| answers(*port, id));
        assert_ne!(port, of_somebody);
        assert_eq!(attempts, 2);
    }

    #[test]
    #[should_panic(expected = "is taken")]
    fn a_port_that_was_asked_for_is_not_replaced() {
        let taken = Redis::start();
        let _second = Redis::options().port(taken.port()).start();
    }

    #[test]
    fn each_attempt_has_other_ports_of_its_own() {
        let options = Redis::options().own_port("tls-port");
        assert_ne!(options.with_ports().settings, options.with_ports().settings);
    }
}
