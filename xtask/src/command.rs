//! Runs another program: its output is collected, a terminal shows the latest line of it, and a hang ends at a deadline.
//!
//! What the output means is up to the caller.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::{self, Child, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Longer than any step needs on two cold cores: whoever meets it hangs.
const DEADLINE: Duration = Duration::from_secs(30 * 60);
const POLL: Duration = Duration::from_millis(100);

/// A program and its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    line: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    folder: Option<OsString>,
    with_stderr: bool,
    silent: bool,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) success: bool,
    /// Both streams, in the order in which they were written.
    pub(crate) output: String,
}

impl Command {
    pub(crate) fn new<I: IntoIterator<Item = S>, S: Into<OsString>>(line: I) -> Self {
        let line = line.into_iter().map(Into::into).collect();
        Self { line, environment: Vec::new(), folder: None, with_stderr: true, silent: false }
    }

    /// The cargo that runs this program, so that every step uses one toolchain.
    pub(crate) fn cargo<I: IntoIterator<Item = S>, S: Into<OsString>>(arguments: I) -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new([cargo].into_iter().chain(arguments.into_iter().map(Into::into)))
    }

    pub(crate) fn with_environment(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Leaves the error stream to the terminal, for programs whose output is data.
    pub(crate) fn without_stderr(mut self) -> Self {
        self.with_stderr = false;
        self
    }

    /// Shows no progress, for what runs beside something else.
    pub(crate) fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// The command as one would type it.
    pub(crate) fn line(&self) -> String {
        let environment = self.environment.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let program = self.line.iter().take(1).map(|program| {
            let name = Path::new(program).file_name();
            name.unwrap_or(program).to_string_lossy().into_owned()
        });
        let arguments = self.line.iter().skip(1).map(|argument| quoted(argument));
        environment.chain(program).chain(arguments).collect::<Vec<_>>().join(" ")
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// If the program cannot be started. A failing program is not an error here.
    pub(crate) fn run(&self) -> io::Result<Finished> {
        let (reader, mut child) = self.spawn()?;
        let started = Instant::now();
        let mut progress = Progress::new(self.silent);
        let mut output = String::new();
        let in_time = loop {
            match reader.recv_timeout(POLL) {
                Ok(line) => {
                    progress.show(&line);
                    output.push_str(&line);
                }
                Err(RecvTimeoutError::Disconnected) => break true,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if started.elapsed() > DEADLINE {
                break false;
            }
        };
        if !in_time {
            output.push_str(&format!("\nstopped: not over after {} minutes\n", DEADLINE.as_secs() / 60));
            end_with_descendants(&mut child)?;
        }
        let status = child.wait()?;
        Ok(Finished { success: in_time && status.success(), output })
    }

    fn spawn(&self) -> io::Result<(Receiver<String>, Child)> {
        let (read, write) = io::pipe()?;
        let mut command = process::Command::new(&self.line[0]);
        command.args(&self.line[1..]).stdin(Stdio::null()).env("CARGO_TERM_COLOR", "never");
        if self.with_stderr {
            command.stderr(write.try_clone()?);
        }
        command.stdout(write);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // `cargo run` describes this crate in the environment. Build scripts that watch such a variable would run
        // again whenever cargo is called by hand in between.
        for (name, _) in env::vars_os().filter(|(name, _)| describes_this_crate(name)) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok((lines(read), command.spawn()?))
    }
}

/// Sends what is read line by line; the channel closes when the last process that holds the other end is gone.
fn lines(read: io::PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut read = BufReader::new(read);
        let mut line = Vec::new();
        while read.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

fn describes_this_crate(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| name.starts_with(prefix))
}

fn quoted(argument: &OsStr) -> String {
    let argument = argument.to_string_lossy();
    if argument.contains(' ') { format!("'{argument}'") } else { argument.into_owned() }
}

/// Ends a program and everything it started: `cargo test` alone would leave a hanging test behind. Where there is no
/// `/proc`, only the program itself ends.
fn end_with_descendants(child: &mut Child) -> io::Result<()> {
    let mut family = vec![child.id().to_string()];
    let mut known = 0;
    while known < family.len() {
        let children = children_of(&family[known]);
        family.extend(children);
        known += 1;
    }
    let _ignored =
        process::Command::new("sh").args(["-c", "kill -KILL \"$@\" 2>/dev/null", "sh"]).args(&family).status();
    child.kill()
}

fn children_of(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parent_of =
        |stat: &str| stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1).map(str::to_owned));
    processes
        .filter(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            parent_of(&stat).as_deref() == Some(parent)
        })
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}

/// One line of a terminal that shows where the program is. Nothing, if the output goes elsewhere.
struct Progress {
    shown: bool,
    enabled: bool,
}

impl Progress {
    fn new(silent: bool) -> Self {
        Self { shown: false, enabled: !silent && io::stdout().is_terminal() }
    }

    fn show(&mut self, line: &str) {
        if self.enabled && !line.trim().is_empty() {
            self.shown = true;
            print!("\r\x1b[2K    {}", line.trim().chars().take(72).collect::<String>());
            let _ignored = io::stdout().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            print!("\r\x1b[2K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_both_streams_is_kept_in_order() {
        let finished = Command::new(["sh", "-c", "echo one; echo two >&2; echo three; exit 3"]).silent().run().unwrap();
        assert_eq!(finished.output, "one\ntwo\nthree\n");
        assert!(!finished.success);
    }

    #[test]
    fn a_command_line_is_shown_as_one_would_type_it() {
        let command = Command::new(["/usr/bin/cargo", "doc", "a b"]).with_environment("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(command.line(), "RUSTDOCFLAGS='-D warnings' cargo doc 'a b'");
    }

    #[test]
    fn ending_a_program_ends_what_it_started() {
        let command = Command::new(["sh", "-c", "sleep 600 & sleep 600 & echo started; wait"]).silent();
        let (reader, mut child) = command.spawn().unwrap();
        assert_eq!(reader.recv().unwrap(), "started\n");
        end_with_descendants(&mut child).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(reader.recv().is_err(), "a descendant still holds the output");
    }
}
