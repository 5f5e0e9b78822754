//! `cargo xtask bench`: builds a benchmark in release mode, with all rivals, and runs it, on one core where it has one thread.
//!
//! What is measured, and how, is written in `benches/`.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use crate::Result;
use crate::workspace::Workspace;

/// Those that measure what several threads, or a client and a server, do together, or that choose the cores for what they start.
const ON_ALL_CORES: [&str; 5] = ["http", "orm", "redis", "stampede", "threads"];

/// Those whose rivals are other programs, or that have none.
const WITHOUT_RIVALS: [&str; 2] = ["http", "orm"];

/// What to measure.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) name: Option<String>,
    /// What the benchmark itself understands.
    pub(crate) options: Vec<OsString>,
}

/// Builds, then runs the benchmark with its output on the terminal.
pub(crate) fn run(request: &Request) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let (package, name) = find(&workspace, request.name.as_deref())?;
    if !build(&workspace, &package, &name)? {
        return Ok(ExitCode::FAILURE);
    }
    let program = workspace.target.join("release").join(&name);
    let mut command = if ON_ALL_CORES.contains(&name.as_str()) { Command::new(program) } else { on_one_core(&program) };
    let status = command.args(&request.options).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// With the rivals that nothing else builds, since they take so long: see the manifest in `benches`.
fn build(workspace: &Workspace, package: &str, name: &str) -> Result<bool> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut flags = env::var("RUSTFLAGS").unwrap_or_default();
    if !WITHOUT_RIVALS.contains(&name) {
        flags.push_str(" --cfg rivals");
    }
    let built = Command::new(cargo)
        .args(["build", "--release", "--package", package, "--bin", name])
        .env("RUSTFLAGS", flags)
        .current_dir(&workspace.root)
        .status()?;
    Ok(built.success())
}

/// The benchmark called `name` and the crate it is in: any program in the `benches` folder.
fn find(workspace: &Workspace, name: Option<&str>) -> Result<(String, String)> {
    let folder = workspace.root.join("benches");
    let package = workspace.packages.iter().find(|package| package.folder == folder);
    let package = package.ok_or("the benches folder is not a member of the workspace")?;
    match package.binaries.iter().find(|binary| Some(binary.as_str()) == name) {
        Some(binary) => Ok((package.name.clone(), binary.clone())),
        None => Err(format!("name one of the benchmarks: {}", package.binaries.join(", ")).into()),
    }
}

/// A move to another core in the middle of a round shows as a slow round, so the program is kept on the last core that
/// it may use: the first one serves most interrupts.
fn on_one_core(program: &Path) -> Command {
    let taskset = env::var_os("PATH")
        .and_then(|path| env::split_paths(&path).map(|folder| folder.join("taskset")).find(|file| file.is_file()));
    if let (Some(taskset), Some(core)) = (taskset, last_allowed_core()) {
        println!("Running on core {core}");
        let mut command = Command::new(taskset);
        command.args(["-c", &core]).arg(program);
        return command;
    }
    println!("Running on any core: there is no taskset here, so expect more noise");
    Command::new(program)
}

fn last_allowed_core() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    cores.trim().rsplit([',', '-']).next().map(str::to_owned)
}
