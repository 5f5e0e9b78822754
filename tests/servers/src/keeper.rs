//! Starts all programs from one thread that lives as long as this process.
//!
//! Linux sends a program the signal of its parent's death when the *thread* that started it ends, and each test has a thread of its own: a
//! server that several tests share would die with the first of them.

use std::io;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Sender};
use std::thread;

struct Job {
    command: Command,
    started: Sender<io::Result<Child>>,
}

static KEEPER: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::spawn(move || {
        for mut job in jobs {
            // Nobody is there to hear of it only if the test has ended: its process follows.
            let _unheard = job.started.send(job.command.spawn());
        }
    });
    sender
});

/// Starts a program.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (started, answer) = mpsc::channel();
    KEEPER.send(Job { command, started }).map_err(io::Error::other)?;
    answer.recv().map_err(io::Error::other)?
}
