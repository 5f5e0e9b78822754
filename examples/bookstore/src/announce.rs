//! What all binaries do alike around their servers. Starting and stopping one is left to them.

use std::io::{self, Write};
use std::time::Duration;

/// How long an answer is kept if nothing changes. Writes drop it at once, so this only bounds what is never written again.
pub const KEPT_FOR: Duration = Duration::from_secs(3600);

/// How long requests under way may take once the shop was told to stop.
pub const FAREWELL: Duration = Duration::from_secs(3);

/// Prints one line. It is for whoever started the shop; nobody reading it is no reason not to serve.
pub fn announce(line: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(reason) = writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        tracing::warn!("{line} (failed to print that: {reason})");
    }
}
