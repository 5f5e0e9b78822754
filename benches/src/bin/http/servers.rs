//! Starts all that answer: this program once more for the sites and the proxy, nginx, and Varnish.

use std::any::Any;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{collections::HashSet, env};

use easy_cache_benches::options::Options;
use easy_cache_servers::{Nginx, Varnish};

use crate::machine::{self, Cores};

/// What this program can be besides the one that measures.
#[derive(Debug)]
pub(crate) enum Kind {
    Plain,
    Layer,
    /// Before an origin.
    Proxy(String),
}

const SERVE: &str = "--serve";

/// What the process that measures has started this one for, if it has.
pub(crate) fn wanted_of_this_process() -> Option<Kind> {
    let mut arguments = env::args().skip(1);
    if arguments.next()? != SERVE {
        return None;
    }
    match (arguments.next()?.as_str(), arguments.next()) {
        ("layer", _) => Some(Kind::Layer),
        ("proxy", Some(origin)) => Some(Kind::Proxy(origin)),
        _ => Some(Kind::Plain),
    }
}

/// Something that answers.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Its processes.
    pub(crate) family: HashSet<u32>,
    /// Whether the handlers are in it, so that it has no origin to ask.
    pub(crate) is_in_process: bool,
    /// It ends with this.
    _running: Box<dyn Any>,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_by_itself = self.0.kill();
        let _status = self.0.wait();
    }
}

/// The bare site first, which is the measure and the origin of those that need one.
pub(crate) fn start(options: &Options, cores: &Cores) -> Result<Vec<Server>, Box<dyn Error>> {
    let plain = itself("axum", &["plain"], &cores.servers)?;
    let origin = format!("http://{}", plain.address);
    let mut servers = vec![plain];
    if options.chooses("axum, ResponseCacheLayer") {
        servers.push(itself("axum, ResponseCacheLayer", &["layer"], &cores.servers)?);
    }
    if options.chooses("reverse-proxy") {
        let proxy = itself("reverse-proxy", &["proxy", &origin], &cores.servers)?;
        servers.push(Server { is_in_process: false, ..proxy });
    }
    if options.chooses("nginx") {
        let nginx = Nginx::start(&nginx_directives(&origin));
        let (address, id) = (nginx.address(), nginx.id());
        servers.push(other("nginx", address, id, Box::new(nginx), cores)?);
    }
    if options.chooses("Varnish") {
        let varnish = Varnish::before(servers[0].address);
        let (address, id) = (varnish.address(), varnish.id());
        servers.push(other("Varnish", address, id, Box::new(varnish), cores)?);
    }
    Ok(servers)
}

/// As its documentation advises; `tcp_nopush` would make it wait on a loopback interface.
fn nginx_directives(origin: &str) -> String {
    format!(
        "sendfile on; tcp_nopush off; tcp_nodelay on; keepalive_requests 100000000;\n\
         open_file_cache max=1000 inactive=60s;\n\
         proxy_cache_path FOLDER/cache levels=1:2 keys_zone=all:10m max_size=256m;\n\
         server {{ listen 127.0.0.1:PORT; location / {{ proxy_pass {origin}; proxy_cache all; \
         add_header Cache-Status $upstream_cache_status; }} }}"
    )
}

fn itself(name: &'static str, what: &[&str], core: &str) -> Result<Server, Box<dyn Error>> {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(env::current_exe()?).arg(SERVE).args(what);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take();
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(output.ok_or("it has no output")?).read_line(&mut line)?;
    let address = line.trim().parse().map_err(|_| format!("{name} did not start"))?;
    let family = machine::family(running.0.id());
    Ok(Server { name, address, family, is_in_process: true, _running: Box::new(running) })
}

fn other(
    name: &'static str,
    address: SocketAddr,
    id: u32,
    running: Box<dyn Any>,
    cores: &Cores,
) -> Result<Server, Box<dyn Error>> {
    cores.keep(id)?;
    Ok(Server { name, address, family: machine::family(id), is_in_process: false, _running: running })
}

impl Server {
    /// Asks once, and reads all of the answer.
    pub(crate) fn answers(&self, path: &str) -> Result<u64, Box<dyn Error>> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        let (mut buffer, mut read) = (vec![0; 1 << 16], 0);
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(read),
                bytes => {
                    if read == 0 && !buffer.starts_with(b"HTTP/1.1 200") {
                        return Err(format!("{} has no answer for {path}", self.name).into());
                    }
                    read += bytes as u64;
                }
            }
        }
    }
}
