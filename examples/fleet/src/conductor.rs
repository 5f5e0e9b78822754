//! Starts Redis and the three shops, lets the traffic go, shows the table, and ends everything.

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_redis::RedisStore;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::{Instant, interval, sleep_until};

use crate::Fleet;
use crate::counts::Counts;
use crate::process::Process;
use crate::redis::{self, Redis};
use crate::table::{self, Row};
use crate::traffic::Traffic;

const SHOPS: usize = 3;

/// The folder of this run, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn create() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("easy-cache-fleet-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What keeps Redis may have been faster.
        let _gone_already = fs::remove_dir_all(&self.0);
    }
}

/// One of the three.
struct Shop {
    process: Process,
    port: u16,
    counts: Arc<Mutex<Counts>>,
}

/// Runs the fleet until its time is over, or it is told to stop.
pub(crate) async fn run(fleet: &Fleet) -> Result<(), String> {
    let folder = Folder::create().map_err(|error| format!("cannot create a temporary folder: {error}"))?;
    let private = match &fleet.redis {
        Some(_) => None,
        None => Some(redis::start(&folder.0).await?),
    };
    let url = private.as_ref().map(|redis| redis.url.clone()).or_else(|| fleet.redis.clone()).unwrap_or_default();
    if private.is_none() {
        empty(&url).await?;
    }
    let mut shops = Vec::new();
    let ended = show(fleet, &folder.0, &url, &mut shops).await;
    for shop in shops {
        shop.process.end().await;
    }
    if let Some(Redis { process, .. }) = private {
        process.end().await;
    }
    ended
}

/// Another run may have left values of another database in a Redis that is not ours.
async fn empty(url: &str) -> Result<(), String> {
    let store = RedisStore::connect(url, "bookstore").map_err(|error| error.to_string())?;
    let cache = Cache::builder().namespace("bookstore").store(store).build();
    cache.invalidate_all().await.map_err(|error| format!("cannot use the Redis at {url}: {error}"))
}

async fn show(fleet: &Fleet, folder: &Path, redis: &str, shops: &mut Vec<Shop>) -> Result<(), String> {
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let database = format!("sqlite://{}?mode=rwc", folder.join("shop.db").display());
    for _ in 0..SHOPS {
        shops.push(Shop::start(&database, redis, fleet.near).await?);
    }
    let ports: Vec<u16> = shops.iter().map(|shop| shop.port).collect();
    let mut traffic = Traffic::start(&ports, &database).await.map_err(|error| error.to_string())?;
    let over = fleet.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let bound = Duration::from_millis(fleet.near);
    let (mut ticks, mut shown) = (interval(Duration::from_secs(1)), 0);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sleep_until(over.unwrap_or_else(Instant::now)), if over.is_some() => break,
            () = &mut stop => break,
            failed = traffic.failed() => return Err(failed),
        }
        if io::stdout().is_terminal() {
            shown = print(&rows(shops, &traffic), &traffic, bound, shown);
        }
    }
    let rows = rows(shops, &traffic);
    print(&rows, &traffic, bound, shown);
    let oldest = table::oldest(&rows);
    if oldest > bound { Err(format!("something was shown that had been outdated for {oldest:?}")) } else { Ok(()) }
}

impl Shop {
    /// Returns when it listens.
    async fn start(database: &str, redis: &str, near: u64) -> Result<Self, String> {
        let failed = |error: io::Error| format!("cannot start a shop: {error}");
        let mut command = Command::new(env::current_exe().map_err(failed)?);
        command.args(["shop", "--database", database, "--redis", redis, "--near", &near.to_string()]);
        let mut process = Process::start(command.stdout(Stdio::piped())).map_err(failed)?;
        let output = process.child.stdout.take().ok_or("a shop without an output")?;
        let mut lines = BufReader::new(output).lines();
        let port = lines.next_line().await.map_err(failed)?.and_then(|line| line.parse().ok());
        let port = port.ok_or("a shop ended before it listened; its reason is above")?;
        let counts = Arc::new(Mutex::new(Counts::default()));
        let told = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(counts) = serde_json::from_str(&line) {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = counts;
                }
            }
        });
        Ok(Self { process, port, counts })
    }
}

fn rows(shops: &[Shop], traffic: &Traffic) -> Vec<Row> {
    let row = |(shop, seen): (&Shop, &Arc<crate::traffic::Seen>)| Row {
        port: shop.port,
        requests: seen.requests.load(Ordering::Relaxed),
        counts: *shop.counts.lock().unwrap_or_else(PoisonError::into_inner),
        stale: seen.stale.load(Ordering::Relaxed),
        oldest: Duration::from_micros(seen.oldest.load(Ordering::Relaxed)),
    };
    shops.iter().zip(&traffic.seen).map(row).collect()
}

/// Prints the table over the last one, and yields how many lines it has.
fn print(rows: &[Row], traffic: &Traffic, bound: Duration, shown: usize) -> usize {
    let text = table::text(rows, traffic.writes.load(Ordering::Relaxed), bound);
    let mut out = io::stdout().lock();
    let back = if shown > 0 { format!("\x1b[{shown}A\x1b[J") } else { String::new() };
    let _closed = write!(out, "{back}{text}").and_then(|()| out.flush());
    text.lines().count()
}

/// Ready when the fleet is asked to end. The handlers are installed right away, not when it is first waited for.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};

    let of = |kind| signal(kind).map_err(|error: io::Error| error.to_string());
    let (mut interrupt, mut terminate) = (of(SignalKind::interrupt())?, of(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when the fleet is asked to end.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
