//! Starts servers to try something by hand, and ends them when its input ends:
//!
//! ```text
//! easy-cache-servers redis memcached cluster postgres mariadb
//! ```

#![expect(clippy::print_stdout, reason = "a program that prints where the servers are")]

use std::any::Any;
use std::io;
use std::process::ExitCode;
use std::thread;

use easy_cache_servers::{Cluster, MariaDb, Memcached, Postgres, Redis};

fn main() -> ExitCode {
    let names: Vec<_> = std::env::args().skip(1).collect();
    // From threads that end at once, as those of tests do: that must not end a server.
    let start = |name: String| thread::spawn(move || start(&name)).join();
    let started: Option<Vec<_>> = names.into_iter().map(|name| start(name).ok().flatten()).collect();
    let Some(started) = started.filter(|started| !started.is_empty()) else {
        println!("name some of: redis, memcached, cluster, postgres, mariadb");
        return ExitCode::FAILURE;
    };
    let waited = io::copy(&mut io::stdin(), &mut io::sink());
    drop(started);
    if waited.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts one, and prints where it is and which process.
fn start(name: &str) -> Option<Box<dyn Any + Send>> {
    match name {
        "redis" => {
            let redis = Redis::start();
            println!("redis {} {}", redis.url(), redis.id().unwrap_or_default());
            Some(Box::new(redis))
        }
        "memcached" => {
            let memcached = Memcached::start();
            println!("memcached {} {}", memcached.address(), memcached.id().unwrap_or_default());
            Some(Box::new(memcached))
        }
        "cluster" => {
            let cluster = Cluster::start();
            println!("cluster {}", cluster.urls().join(" "));
            Some(Box::new(cluster))
        }
        "postgres" => {
            let postgres = Postgres::start();
            println!("postgres {}", postgres.database().url);
            Some(Box::new(postgres))
        }
        "mariadb" => {
            let mariadb = MariaDb::start();
            println!("mariadb {}", mariadb.database().url);
            Some(Box::new(mariadb))
        }
        _ => None,
    }
}
