//! A running program: how it is started, stopped in all ways, and what its log says.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{io, thread};

use crate::{keeper, program, wait};

/// A program that runs in a folder of its own and writes a log there.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
    ending: Ending,
}

/// How a program is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It leaves nothing behind, however it ends.
    Kill,
    /// It has children, or shared memory, to tidy up.
    Term,
    /// The same for PostgreSQL, which would wait for its clients.
    Quit,
}

impl Ending {
    const fn signal(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Term => "TERM",
            Self::Quit => "QUIT",
        }
    }
}

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: PathBuf,
    /// As whom, if not as who runs the test.
    pub(crate) user: Option<&'static str>,
    pub(crate) ending: Ending,
}

impl Process {
    /// Starts it; it dies when this process dies.
    pub(crate) fn start(plan: &Plan) -> Self {
        let log = plan.folder.join("log");
        let child = open_log(&log).and_then(|file| keeper::spawn(command(plan, file)?));
        let child = child.unwrap_or_else(|error| panic!("failed to start {}: {error}", plan.program.display()));
        Self { child, log, ending: plan.ending }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends it a signal by name (`STOP`, `CONT`, `TERM`).
    ///
    /// The process id is its own as long as nobody has asked how it ended.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Ends it at once: it can neither write nor say goodbye.
    pub fn kill(&mut self) {
        let _gone_already = self.child.kill();
        let _ended = self.child.wait();
    }

    /// Ends it the way it likes best; at once if it does not end by itself.
    pub fn stop(&mut self) {
        if self.ended().is_none() && self.ending != Ending::Kill {
            self.signal("CONT");
            self.signal(self.ending.signal());
            for _ in 0..1_000 {
                if self.ended().is_some() {
                    return;
                }
                thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        self.kill();
    }

    /// Returns as soon as it is ready; `false` if its port was taken by somebody else meanwhile.
    ///
    /// # Panics
    /// If it ends for another reason, or never gets ready; the message has its log.
    pub(crate) fn wait_until_ready(&mut self, name: &str, mut ready: impl FnMut() -> bool) -> bool {
        wait::until_some(&format!("{name} answers"), || {
            if let Some(status) = self.ended() {
                let log = self.log();
                let is_taken = ["in use", "Address already", "bind"].iter().any(|words| log.contains(words));
                assert!(is_taken, "{name} ended ({}) before it was ready. Its log:\n{log}", words_for(status));
                return Some(false);
            }
            ready().then_some(true)
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to a process that this one has started.
pub(crate) fn signal(id: u32, name: &str) {
    let done = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &id.to_string()]).output();
    assert!(done.is_ok_and(|output| output.status.success()), "failed to send {name} to process {id}");
    if name == "STOP" {
        // Each thread stops when the signal reaches it, which may be after an answer or two.
        wait::until("all threads of a process have stopped", || {
            threads_of(id).iter().all(|state| matches!(state, 'T' | 'Z'))
        });
    }
}

/// In which state each thread of a process is, by the system's letter for it; nothing where the system does not tell.
fn threads_of(id: u32) -> Vec<char> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    // The name before the state may contain anything, also brackets.
    let state = |stat: String| stat.rsplit(')').next()?.trim_start().chars().next();
    tasks.filter_map(|task| state(fs::read_to_string(task.path().join("stat")).ok()?)).collect()
}

fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// By way of `setpriv`, which asks the system for a signal when the parent dies, and replaces itself by the program.
fn command(plan: &Plan, log: File) -> io::Result<Command> {
    let mut command = match program::search("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", plan.ending.signal()]);
            if let Some(user) = plan.user {
                command.args(["--reuid", user, "--regid", user, "--init-groups"]);
            }
            command.arg("--").arg(&plan.program);
            command
        }
        None if plan.user.is_some() => program::missing("setpriv", "util-linux"),
        // Elsewhere than on Linux: only a test that is killed leaves servers behind.
        None => Command::new(&plan.program),
    };
    command.args(&plan.arguments).current_dir(&plan.folder).env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    Ok(command)
}

fn words_for(status: ExitStatus) -> String {
    status.signal().map_or_else(|| status.to_string(), |signal| format!("signal {signal}"))
}
