//! Redis Sentinel: real ones, which watch a master and make one of its replicas the master when it is gone, or when they are told to.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Connection, Redis, Reply, address, process_id};
use crate::process::{Ending, Plan};
use crate::seat::Seat;
use crate::{folder, port, wait};

/// The name of the master, where none is said.
const NAME: &str = "mymaster";
/// What a sentinel waits for by the second is waited for by the tenth of a second where it can be said (Redis 7 and later). When its machine has been busy it does
/// nothing at all for half a minute: here, for one second.
const HASTE: [(&str, &str); 4] =
    [("info-period", "200"), ("publish-period", "500"), ("ping-period", "100"), ("tilt-period", "1000")];

/// A running sentinel, which ends when this is dropped.
#[derive(Debug)]
pub struct Sentinel {
    port: u16,
    folder: PathBuf,
    options: Options,
    seat: Seat,
}

/// How a sentinel is started.
#[derive(Debug, Clone)]
#[must_use]
pub struct Options {
    name: String,
    master: u16,
    quorum: usize,
    down_after: Duration,
    password: Option<String>,
    masters_password: Option<String>,
    /// The settings of TLS, and the port.
    tls: Option<(String, u16)>,
}

impl Options {
    /// Under which name it knows the master. Otherwise `mymaster`.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// How many sentinels have to agree that the master is gone. Otherwise one.
    pub const fn quorum(mut self, count: usize) -> Self {
        self.quorum = count;
        self
    }

    /// How long a silent master is waited for. Otherwise an hour: nothing happens by itself.
    pub const fn down_after(mut self, silence: Duration) -> Self {
        self.down_after = silence;
        self
    }

    /// Which password it expects.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Which password the master, and its replicas, expect.
    pub fn masters_password(mut self, password: &str) -> Self {
        self.masters_password = Some(password.to_owned());
        self
    }

    /// Speaks TLS as well, on a port of its own ([`Sentinel::tls_address`]) and with the master, of which it names that port.
    ///
    /// # Panics
    /// If the master does not.
    pub fn tls(mut self, master: &Redis, certificate: &Path, key: &Path) -> Self {
        let (certificate, key) = (certificate.display(), key.display());
        self.master = master.tls_address().unwrap_or_else(|| panic!("the master does not speak TLS")).port();
        let settings = format!(
            "tls-replication yes\ntls-auth-clients no\ntls-cert-file {certificate}\ntls-key-file {key}\n\
             tls-ca-cert-file {certificate}\n"
        );
        self.tls = Some((settings, port::free()));
        self
    }

    /// Starts it, and returns when it knows the master and those who follow it at this moment.
    ///
    /// # Panics
    /// If Redis is not installed, or it does not start.
    #[must_use]
    pub fn start(self) -> Sentinel {
        let (folder, seat) = (folder::new("sentinel"), Seat::free("redis-sentinel"));
        let attempt = |port| {
            fs::write(file_in(&folder), self.text(port)).unwrap_or_else(|error| panic!("no file for it: {error}"));
            (port, plan(&folder))
        };
        let answers = |port: &u16, id| answers(*port, self.password.as_deref(), id);
        let (port, _) = seat.take(None, attempt, answers);
        let sentinel = Sentinel { port, folder, options: self, seat };
        sentinel.hurry();
        sentinel
    }

    fn text(&self, port: u16) -> String {
        let Self { name, master, quorum, .. } = self;
        let silence = self.down_after.as_millis();
        let mut text = format!(
            "port {port}\nbind 127.0.0.1\nprotected-mode no\nsentinel monitor {name} 127.0.0.1 {master} {quorum}\n\
             sentinel down-after-milliseconds {name} {silence}\nsentinel failover-timeout {name} 3000\n"
        );
        if let Some(password) = &self.masters_password {
            text += &format!("sentinel auth-pass {name} {password}\n");
        }
        if let Some(password) = &self.password {
            text += &format!("requirepass {password}\nsentinel sentinel-pass {password}\n");
        }
        if let Some((settings, port)) = &self.tls {
            text += &format!("tls-port {port}\n{settings}");
        }
        text
    }
}

impl Sentinel {
    /// One that watches this master; settings first.
    pub fn of(master: &Redis) -> Options {
        Options {
            name: NAME.to_owned(),
            master: master.port(),
            quorum: 1,
            down_after: Duration::from_secs(3600),
            password: None,
            masters_password: None,
            tls: None,
        }
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
        self.options.tls.as_ref().map(|(_, port)| address(*port))
    }

    /// How clients name it, without its password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends one command on a connection of its own. A refusal is an answer.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn command<A: AsRef<[u8]>>(&self, words: impl IntoIterator<Item = A>) -> Reply {
        let reply = open(self.port, self.options.password.as_deref()).and_then(|mut open| open.command(words));
        reply.unwrap_or_else(|error| panic!("the sentinel did not answer a command: {error}"))
    }

    /// The port of the master that it names.
    #[must_use]
    pub fn master(&self) -> Option<u16> {
        let reply = self.command(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", &self.options.name]);
        reply.list().get(1).and_then(Reply::number).map(|port| port as u16)
    }

    /// Makes a replica the master, although the one that there is lives, and returns when it is named. The former one goes on as a master for some
    /// seconds, until it is told.
    ///
    /// # Panics
    /// If no replica could be one within two minutes.
    pub fn fail_over(&self) {
        let former = self.master();
        let is_done = || self.master() != former;
        wait::until("a replica is made the master", || {
            // It gives up where a replica is slow; then it has to be told again, and not before.
            let _refused = self.command(["SENTINEL", "FAILOVER", &self.options.name]);
            wait::until("the sentinel is done", || is_done() || !self.is_failing_over());
            is_done()
        });
    }

    fn is_failing_over(&self) -> bool {
        self.command(["SENTINEL", "MASTER", &self.options.name]).to_string().contains("failover_in_progress")
    }

    /// Waits until it names this one as the master.
    ///
    /// # Panics
    /// If it does not within two minutes.
    pub fn wait_until_it_names(&self, master: &Redis) {
        wait::until("the sentinel names another master", || self.master() == Some(master.port()));
    }

    /// Waits until it knows so many other sentinels, and can be outvoted by them.
    ///
    /// # Panics
    /// If it does not within two minutes.
    pub fn wait_until_it_knows(&self, others: usize) {
        let known = || self.command(["SENTINEL", "SENTINELS", &self.options.name]).list().len();
        wait::until("the sentinels know each other", || known() == others);
    }

    /// Waits until it knows so many replicas.
    ///
    /// # Panics
    /// If it does not within two minutes.
    pub fn wait_until_it_sees(&self, replicas: usize) {
        let known = || self.command(["SENTINEL", "REPLICAS", &self.options.name]).list().len();
        wait::until("the sentinel knows the replicas", || known() == replicas);
    }

    /// Stops answering: connections are still accepted, and nothing happens on them.
    pub fn pause(&self) {
        self.seat.signal("STOP");
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.seat.signal("CONT");
    }

    /// Ends it.
    pub fn kill(&self) {
        self.seat.leave();
    }

    /// Starts it after [`kill`](Self::kill), on the same port, with what it knew.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&self) {
        let answers = |id| answers(self.port, self.options.password.as_deref(), id);
        self.seat.take_again(|| plan(&self.folder), answers);
        self.hurry();
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        self.seat.log()
    }

    /// An older one goes on at its own pace.
    fn hurry(&self) {
        for (what, milliseconds) in HASTE {
            let _refused = self.command(["SENTINEL", "DEBUG", what, milliseconds]);
        }
    }
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("sentinel.conf")
}

fn plan(folder: &Path) -> Plan {
    let arguments = vec![file_in(folder).display().to_string(), "--sentinel".to_owned()];
    Plan { program: super::program(), arguments, folder: folder.to_owned(), user: None, ending: Ending::Kill }
}

fn open(port: u16, password: Option<&str>) -> std::io::Result<Connection> {
    let mut connection = Connection::open(address(port))?;
    if let Some(password) = password {
        connection.command(["AUTH", password])?;
    }
    Ok(connection)
}

fn answers(port: u16, password: Option<&str>, id: u32) -> bool {
    open(port, password).and_then(|mut connection| process_id(&mut connection)).is_ok_and(|own| own == Some(id))
}
