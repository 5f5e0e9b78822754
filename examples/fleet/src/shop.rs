//! One of the three processes: the bookstore on axum, with a cache that shares a Redis with the others. It ends when its input does,
//! which is when whoever started it has ended, however that was.

use std::io::{self, Write};
use std::time::Duration;

use bookstore_axum::AppState;
use bookstore_axum::server::serve_state;
use clap::Args;
use easy_cache_core::{Cache, Near};
use easy_cache_redis::RedisStore;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};

use crate::counts::{Counted, Counters};

/// How often the numbers are told.
const EVERY: Duration = Duration::from_millis(200);

/// What a shop is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    database: String,
    #[arg(long)]
    redis: String,
    /// In milliseconds.
    #[arg(long)]
    near: u64,
}

/// Serves until the input ends. The first line of the output is the port, each further one the numbers.
pub(crate) async fn run(options: &Options) -> Result<(), String> {
    let counters = Counters::default();
    metrics::set_global_recorder(counters.clone()).map_err(|error| error.to_string())?;
    let store = RedisStore::connect(&options.redis, "bookstore").map_err(|error| error.to_string())?;
    let near = Near::within(Duration::from_millis(options.near));
    let cache = Cache::builder().namespace("bookstore").store(Counted::new(store, counters.clone())).near(near).build();
    let state = AppState::with_cache(&options.database, &cache).await.map_err(|error| error.to_string())?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    tell(&port.to_string());
    let telling = tokio::spawn(tell_counts(cache, counters));
    let served = serve_state(listener, state, end_of_input()).await;
    telling.abort();
    served.map_err(|error| error.to_string())
}

async fn end_of_input() {
    let mut ignored = [0; 64];
    let mut input = tokio::io::stdin();
    while input.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
}

async fn tell_counts(cache: Cache, counters: Counters) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        cache.publish_metrics();
        tell(&serde_json::to_string(&counters.now()).unwrap_or_default());
    }
}

/// Whoever does not listen any more has ended, and so will this process.
fn tell(line: &str) {
    let mut out = io::stdout().lock();
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}
