//! Real servers for tests: each on a free loopback port, in a temporary folder, broken on request, and gone with the test.
//!
//! ```no_run
//! use easy_cache_servers::Redis;
//!
//! let redis = Redis::options().setting("maxmemory", "5mb").setting("maxmemory-policy", "allkeys-lru").start();
//! assert_eq!(redis.command(["SET", "greeting", "hello"]).to_string(), "OK");
//! redis.pause(); // accepts connections, answers nothing
//! redis.resume();
//! redis.kill();
//! redis.start_again(); // on the same port, and empty
//! println!("{}", redis.url());
//! ```
//!
//! A server that is missing or does not start ends the test, with a message that says what to install or what its log says:
//! all functions here panic rather than leave something untested. Nothing outlives the test: a server ends when its value is dropped, and when the
//! test's process dies, however it dies.
//!
//! Many tests of one binary can share a server: `Redis::shared()` and its siblings start it once. Then each test takes a
//! name of its own by [`unique`].
//!
//! | module | what it is about |
//! |---|---|
//! | [`redis`] | one Redis, a replica of another, a [cluster](redis::cluster), [sentinels](redis::sentinel) |
//! | [`memcached`] | memcached |
//! | [`postgres`], [`mariadb`] | databases; each test gets a database of its own |
//! | [`web`] | Varnish and nginx, for comparisons |
//! | [`browser`] | what drives a Chromium without a window |
//! | [`proxy`] | stands between client and server: counts trips and commands, delays, cuts, swallows |
//! | [`process`] | a running program: signals, log, end |
//! | `program`, `folder`, `port`, `keeper` | where programs are found, and what they are given |

mod folder;
mod keeper;
mod port;
mod program;
mod seat;

pub mod browser;
pub mod mariadb;
pub mod memcached;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod wait;
pub mod web;

pub use browser::Browser;
pub use mariadb::MariaDb;
pub use memcached::Memcached;
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use redis::Redis;
pub use redis::cluster::Cluster;
pub use redis::sentinel::Sentinel;
pub use web::{Nginx, Varnish};

use std::sync::atomic::{AtomicU64, Ordering};

/// A name that no other call, and no other process, gets: for the namespace of one test in a server that is shared.
#[must_use]
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{name}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
