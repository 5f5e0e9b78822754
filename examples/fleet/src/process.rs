//! Children that end when this process does: they watch their input, whose other end is here.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a child may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(5);

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
}

impl Process {
    /// Starts it in a group of its own, so that Ctrl-C reaches this process alone, which then ends its children in order.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        command.stdin(Stdio::piped()).kill_on_drop(true);
        Ok(Self { child: command.spawn()? })
    }

    /// Ends it, in peace if it likes.
    pub(crate) async fn end(mut self) {
        drop(self.child.stdin.take());
        if timeout(FAREWELL, self.child.wait()).await.is_err() {
            let _gone_already = self.child.kill().await;
        }
    }
}
