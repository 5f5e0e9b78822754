//! The bookstore as a fleet: three processes, one database, one Redis, and a near cache in each process.
//!
//! `cargo run -p fleet` starts all of them on free ports, sends them readers and a writer, and prints a table once a second: which
//! tier answered, how many trips to Redis that took, and how old the oldest thing was that anybody was shown, by the database.
//! Ctrl-C ends it; nothing is left behind.
//!
//! | module | job |
//! |---|---|
//! | `conductor` | starts everything, shows the table, ends everything |
//! | `redis`, `process` | a private Redis; children that end when this process does, however it does |
//! | `traffic` | readers and a writer, and what the readers were shown, compared with the database |
//! | `client` | one HTTP connection |
//! | `table` | the table |
//! | `shop`, `counts` | one of the three processes, and what it counts |

mod conductor;

mod process;
mod redis;

mod client;
mod traffic;

mod table;

mod counts;
mod shop;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// The bookstore as three processes with a shared Redis and near caches.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    fleet: Fleet,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What the fleet is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct Fleet {
    /// Stop after so many seconds; without it, at Ctrl-C
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,

    /// How old copies near may get, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(20..))]
    near: u64,

    /// A Redis to use instead of a private one, such as redis://127.0.0.1:6379
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// One of the three; started by the fleet itself
    #[command(hide = true)]
    Shop(shop::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match &arguments.role {
        Some(Role::Shop(options)) => shop::run(options).await,
        None => conductor::run(&arguments.fleet).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _closed = writeln!(io::stderr(), "error: {reason}");
            ExitCode::FAILURE
        }
    }
}
