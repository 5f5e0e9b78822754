//! The command: reads the options, switches logging on, and runs the proxy until it is told to stop.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use reverse_proxy::Options;
use tracing_subscriber::EnvFilter;

/// A caching reverse proxy in front of any HTTP server.
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
    match reverse_proxy::run(&arguments.options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Not through the log, which may be switched off; and if nobody reads this, the exit code still tells.
            let _ = writeln!(io::stderr(), "error: {reason}");
            ExitCode::FAILURE
        }
    }
}
