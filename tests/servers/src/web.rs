//! Varnish and nginx, to compare with.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::process::{Ending, Plan, Process};
use crate::seat::ATTEMPTS;
use crate::{folder, port, program};

/// A running Varnish, which ends when this is dropped.
#[derive(Debug)]
pub struct Varnish(Web);

/// A running nginx, which ends when this is dropped.
#[derive(Debug)]
pub struct Nginx(Web);

struct Web {
    port: u16,
    process: Process,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Web({})", self.port)
    }
}

impl Varnish {
    /// One that runs this VCL (version 4.1; the first line is written here).
    ///
    /// # Panics
    /// If Varnish is not installed, or refuses the text.
    #[must_use]
    pub fn start(vcl: &str) -> Self {
        let program = program::find("varnishd", "varnish");
        let folder = folder::new("varnish");
        let file = folder.join("default.vcl");
        write(&file, &format!("vcl 4.1;\n{vcl}"));
        let own = folder.join("work").display().to_string();
        Self(start("varnishd", |port| {
            let listen = format!("127.0.0.1:{port}");
            let words =
                ["-F", "-j", "none", "-a", &listen, "-f", &file.display().to_string(), "-n", &own, "-s", "malloc,64m"];
            Process::start(&Plan {
                program: program.clone(),
                arguments: words.map(str::to_owned).to_vec(),
                folder: folder.clone(),
                user: None,
                ending: Ending::Term,
            })
        }))
    }

    /// The same before one server.
    ///
    /// # Panics
    /// If Varnish is not installed.
    #[must_use]
    pub fn before(backend: SocketAddr) -> Self {
        let (host, port) = (backend.ip(), backend.port());
        Self::start(&format!("backend default {{ .host = \"{host}\"; .port = \"{port}\"; }}"))
    }

    /// Where it answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        address(self.0.port)
    }

    /// The process to which all others of it belong.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.process.id()
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.process.log()
    }
}

impl Nginx {
    /// One with these directives in its `http` block. `PORT` stands for the port to listen on, `FOLDER` for an empty folder of its own.
    ///
    /// # Panics
    /// If nginx is not installed, or refuses the text.
    #[must_use]
    pub fn start(directives: &str) -> Self {
        let program = program::find("nginx", "nginx");
        let folder = folder::new("nginx");
        let place = folder.display().to_string();
        Self(start("nginx", |port| {
            let file = folder.join("nginx.conf");
            write(&file, &configuration(&directives.replace("PORT", &port.to_string()), &place));
            let words = ["-e", "stderr", "-p", &place, "-c", &file.display().to_string()];
            Process::start(&Plan {
                program: program.clone(),
                arguments: words.map(str::to_owned).to_vec(),
                folder: folder.clone(),
                user: None,
                ending: Ending::Term,
            })
        }))
    }

    /// Where it answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        address(self.0.port)
    }

    /// The process to which all others of it belong.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.process.id()
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.process.log()
    }
}

/// Everything that nginx would write elsewhere is in the folder. The workers stay who the master is, so that they can.
fn configuration(directives: &str, folder: &str) -> String {
    let user = if folder::is_root() { "user root;" } else { "" };
    let folders =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"));
    format!(
        "daemon off; {user} worker_processes 1; pid {folder}/pid; events {{ worker_connections 1024; }}\n\
         http {{\naccess_log off;\n{}{}\n}}\n",
        folders.concat(),
        directives.replace("FOLDER", folder)
    )
}

fn start(name: &str, attempt: impl Fn(u16) -> Process) -> Web {
    for _ in 0..ATTEMPTS {
        let port = port::free();
        let mut process = attempt(port);
        if process.wait_until_ready(name, || answers(port)) {
            return Web { port, process };
        }
    }
    panic!("{name} finds its port taken each time")
}

fn answers(port: u16) -> bool {
    let answer = || -> io::Result<String> {
        let mut stream = TcpStream::connect(address(port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"HEAD /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
    };
    answer().is_ok_and(|line| line.starts_with("HTTP/1."))
}

const fn address(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn write(file: &std::path::Path, text: &str) {
    std::fs::write(file, text).unwrap_or_else(|error| panic!("failed to write {}: {error}", file.display()));
}
