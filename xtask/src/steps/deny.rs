//! Bans, licences and sources of all dependencies, by cargo-deny and `deny.toml`.
//!
//! Where cargo-deny is missing it is built once into the target folder, at low priority beside the other steps: it
//! takes as long as they do to need it. Advisories are left out: they change by the day, and would need a download.

use std::env;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use super::Context;
use crate::Result;
use crate::command::{Command, Finished};
use crate::outcome::Outcome;
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";

/// A cargo-deny that is there, or on its way.
#[derive(Debug)]
pub(crate) enum Installation {
    /// Found, at this path.
    Ready(PathBuf),
    /// Being built; the program will be at this path.
    Building(PathBuf, std::sync::Mutex<Option<JoinHandle<std::io::Result<Finished>>>>),
}

impl Installation {
    /// Looks for cargo-deny, and starts to build it where there is none.
    pub(crate) fn start(workspace: &Workspace) -> Self {
        let tools = workspace.own_folder().join("tools");
        let own = tools.join("bin/cargo-deny");
        if let Some(found) = [on_path(), Some(own.clone())].into_iter().flatten().find(|path| path.is_file()) {
            return Self::Ready(found);
        }
        let command = install(&tools);
        println!(
            "Installing cargo-deny {VERSION} into {}, once, at low priority beside the other steps:",
            tools.display()
        );
        println!("    {}\n", command.line());
        let build = tools.join("build");
        let thread = thread::spawn(move || {
            let finished = command.run();
            // Several hundred megabytes that nobody needs again.
            let _ignored = std::fs::remove_dir_all(build);
            finished
        });
        Self::Building(own, std::sync::Mutex::new(Some(thread)))
    }

    /// Waits for the program. The error is what the person should know about why there is none.
    fn wait(&self) -> Result<&Path, String> {
        match self {
            Self::Ready(path) => Ok(path),
            Self::Building(path, thread) => {
                let thread = thread.lock().ok().and_then(|mut thread| thread.take());
                let built = thread.and_then(|thread| thread.join().ok());
                match built {
                    Some(Ok(finished)) if finished.success => Ok(path),
                    Some(Ok(finished)) => {
                        Err(format!("cargo-deny could not be built: {}", last_line(&finished.output)))
                    }
                    _ => Err("cargo-deny could not be built".to_owned()),
                }
            }
        }
    }
}

/// `cargo deny check`.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let cargo_deny = match context.cargo_deny.map(Installation::wait) {
        Some(Ok(path)) => path,
        // On a laptop without network everything else is still worth knowing; the build server must not skip.
        Some(Err(reason)) if env::var_os("CI").is_none() => return Ok(Outcome::skip(reason)),
        Some(Err(reason)) => return Ok(Outcome::of("nothing").with_problems([reason])),
        None => return Err("cargo-deny was not looked for".into()),
    };
    let arguments = ["--workspace", "--all-features", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    let command = Command::new([cargo_deny.as_os_str()].into_iter().chain(arguments.map(AsRef::as_ref)));
    let line = command.line();
    let finished = context.run(command)?;
    let problems = context.problem_of(&line, &finished);
    Ok(Outcome::of(last_line(&finished.output)).with_problems(problems))
}

/// In the dev profile: it takes half as long to build, and the program runs for a second.
fn install(tools: &Path) -> Command {
    let nice = ["nice", "-n", "10"].map(PathBuf::from);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into()).into();
    let arguments = ["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--root"].map(PathBuf::from);
    let folders = [tools.to_owned(), "--target-dir".into(), tools.join("build")];
    let line = nice.into_iter().chain([cargo]).chain(arguments).chain(folders);
    Command::new(line).silent()
}

fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join("cargo-deny")).find(|path| path.is_file())
}

fn last_line(output: &str) -> &str {
    output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}
