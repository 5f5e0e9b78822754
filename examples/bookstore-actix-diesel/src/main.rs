//! The command: reads the options, switches logging on, and runs the shop until it is told to stop.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use bookstore_actix_diesel::Options;
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// A bookstore on actix-web and Diesel whose pages are cached and never stale.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match bookstore_actix_diesel::run(&arguments.options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Not through the log, which may be switched off; and if nobody reads this, the exit code still tells.
            let _ = writeln!(io::stderr(), "error: {reason}");
            ExitCode::FAILURE
        }
    }
}
