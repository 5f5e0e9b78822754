//! A private Redis in a folder of its own, which is removed with it.

use std::env;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use crate::process::Process;

/// Runs Redis until the input ends, which is when the fleet has ended, however that was. Then its folder is removed.
const KEEPER: &str = r#"folder="$1"; shift; "$@" >"$folder/redis.log" 2>&1 & cat >/dev/null; kill $!; wait $!
for attempt in 1 2 3; do rm -rf "$folder" && break; sleep 1; done"#;

const MISSING: &str = "redis-server is not installed. Get it by one of
  apt-get install redis-server
  dnf install redis
  brew install redis
or name one that runs already: --redis redis://127.0.0.1:6379 (its namespace `bookstore` is flushed)";

/// How long it may take to start on a busy machine: so many looks, a tenth of a second apart.
const LOOKS: u32 = 300;

/// Where it is, and what ends it.
#[derive(Debug)]
pub(crate) struct Redis {
    pub(crate) url: String,
    pub(crate) process: Process,
}

/// Starts it with its data, and those of everybody else, in a folder.
pub(crate) async fn start(folder: &Path) -> Result<Redis, String> {
    let program = installed().ok_or(MISSING)?;
    let failed = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
    let port = free_port().map_err(failed)?;
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "fleet"]).arg(folder).arg(&program);
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(port.to_string());
    command.arg("--dir").arg(folder).stdout(Stdio::null());
    let process = Process::start(&mut command).map_err(failed)?;
    for _ in 0..LOOKS {
        if answers(port).await {
            return Ok(Redis { url: format!("redis://127.0.0.1:{port}"), process });
        }
        sleep(Duration::from_millis(100)).await;
    }
    let log = std::fs::read_to_string(folder.join("redis.log")).unwrap_or_default();
    process.end().await;
    Err(format!("redis-server does not answer. Its log:\n{log}"))
}

fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("redis-server")).find(|file| file.is_file())
}

/// One that nobody listened on a moment ago.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return false };
    let mut answer = [0; 7];
    stream.write_all(b"PING\r\n").await.is_ok()
        && stream.read_exact(&mut answer).await.is_ok()
        && &answer == b"+PONG\r\n"
}
