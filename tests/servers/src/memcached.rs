//! A memcached of one's own: killed, paused, emptied, made small.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use crate::process::{Ending, Plan};
use crate::seat::Seat;
use crate::{folder, program};

/// A running memcached, which ends when this is dropped.
#[derive(Debug)]
pub struct Memcached {
    port: u16,
    folder: PathBuf,
    options: Options,
    seat: Seat,
}

/// How a memcached is started.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    port: Option<u16>,
    arguments: Vec<String>,
}

impl Options {
    /// Not more memory than so many megabytes.
    pub fn megabytes(self, limit: u32) -> Self {
        self.argument("-m").argument(limit)
    }

    /// The largest item, such as `1m`.
    pub fn item_limit(self, limit: &str) -> Self {
        self.argument("-I").argument(limit)
    }

    /// A word of its command line.
    pub fn argument(mut self, word: impl ToString) -> Self {
        self.arguments.push(word.to_string());
        self
    }

    /// A certain port, rather than a free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Panics
    /// If memcached is not installed, or does not start.
    #[must_use]
    pub fn start(self) -> Memcached {
        let (folder, seat) = (folder::new("memcached"), Seat::free("memcached"));
        let (port, _) = seat.take(self.port, |port| (port, self.plan(&folder, port)), |port, id| answers(*port, id));
        Memcached { port, folder, options: self, seat }
    }

    fn plan(&self, folder: &Path, port: u16) -> Plan {
        let program = program::find("memcached", "memcached");
        let port = port.to_string();
        let usual = ["-l", "127.0.0.1", "-p", &port, "-U", "0", "-t", "2"].map(str::to_owned);
        // It asks to be told so. As another user it would not hear of the test's death: the system forgets that wish when the user changes.
        let user = if folder::is_root() { vec!["-u".to_owned(), "root".to_owned()] } else { Vec::new() };
        let arguments = usual.into_iter().chain(user).chain(self.arguments.clone()).collect();
        Plan { program, arguments, folder: folder.to_owned(), user: None, ending: Ending::Kill }
    }
}

impl Memcached {
    /// One with the usual settings (64 MB, items up to 1 MB).
    ///
    /// # Panics
    /// If memcached is not installed, or does not start.
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
    /// If memcached is not installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Memcached> = LazyLock::new(Memcached::start);
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

    /// Sends one line (`flush_all`, `version`, `mg key v`) on a connection of its own; yields the first line of the answer.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn command(&self, line: &str) -> String {
        command(self.port, line).unwrap_or_else(|error| panic!("memcached did not answer `{line}`: {error}"))
    }

    /// The names of all items. It moves items while it lists them, so that the list may lack some; and it has none to tell while it looks through
    /// them for reasons of its own.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn items(&self) -> BTreeSet<String> {
        Self::items_at(self.address())
    }

    /// The same for the one at this address.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn items_at(address: SocketAddr) -> BTreeSet<String> {
        items(address).unwrap_or_else(|error| panic!("memcached did not name its items: {error}"))
    }

    /// Stops answering: connections are still accepted, and nothing happens on them.
    pub fn pause(&self) {
        self.seat.signal("STOP");
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.seat.signal("CONT");
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&self) {
        self.seat.leave();
    }

    /// Starts it after [`kill`](Self::kill), on the same port, and empty.
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

    /// Its process id, if it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.seat.id()
    }
}

const fn address(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Whether this very process does: its id is the first line of what it counts.
fn answers(port: u16, id: u32) -> bool {
    command(port, "stats").is_ok_and(|answer| answer == format!("STAT pid {id}"))
}

fn items(address: SocketAddr) -> io::Result<BTreeSet<String>> {
    let patience = Duration::from_secs(10);
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(b"lru_crawler metadump all\r\n")?;
    let mut items = BTreeSet::new();
    for line in BufReader::new(stream).lines() {
        // Anything else is its end, or a refusal: it is busy.
        let line = line?;
        let Some((name, _)) = line.strip_prefix("key=").and_then(|line| line.split_once(' ')) else { break };
        items.insert(name.replace("%3A", ":").replace("%23", "#"));
    }
    Ok(items)
}

fn command(port: u16, line: &str) -> io::Result<String> {
    let patience = Duration::from_secs(10);
    let mut stream = TcpStream::connect_timeout(&address(port), patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}
