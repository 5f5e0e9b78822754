//! What drives a Chromium without a window: `chromedriver`, which speaks WebDriver. What is said to it is left to the test.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{Ending, Plan, Process};
use crate::{folder, port, program};

/// A running chromedriver, which ends when this is dropped, and all browsers that it has started with it.
#[derive(Debug)]
pub struct Browser {
    port: u16,
    program: PathBuf,
    folder: PathBuf,
    _process: Process,
}

impl Browser {
    /// One that has started no browser yet.
    ///
    /// # Panics
    /// If chromium or chromedriver is not installed.
    #[must_use]
    pub fn start() -> Self {
        let (driver, chromium) =
            (program::find("chromedriver", "chromium-driver"), program::find("chromium", "chromium"));
        let folder = folder::new("browser");
        loop {
            let port = port::free();
            let mut process = Process::start(&Plan {
                program: driver.clone(),
                arguments: vec![format!("--port={port}")],
                folder: folder.clone(),
                user: None,
                ending: Ending::Term,
            });
            if process.wait_until_ready("chromedriver", || answers(port)) {
                return Self { port, program: chromium, folder, _process: process };
            }
        }
    }

    /// Where it answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        address(self.port)
    }

    /// The browser that it is to start.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The words with which that has to be started here: without a window, with a folder of its own, and outside of the sandbox,
    /// which root cannot have.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let profile = format!("--user-data-dir={}", self.folder.join("profile").display());
        let words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
        let quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"];
        words.into_iter().chain(quiet).map(str::to_owned).chain([profile]).collect()
    }
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(address(port)) else { return false };
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .and_then(|()| stream.write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    let mut begin = [0; 12];
    asked.is_ok() && stream.read_exact(&mut begin).is_ok() && begin.ends_with(b"200")
}

const fn address(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
