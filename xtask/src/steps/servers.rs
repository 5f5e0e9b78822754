//! The servers that tests start for themselves, and the libraries of databases that some are linked with: looks for each, and installs
//! Debian's package of it where this program may. Before anything is compiled, since that already needs the libraries.
//!
//! It may as root, with apt-get at hand. Nothing that is installed is started: the tests start their own, on free ports. A server that is
//! missing afterwards is a problem of this step, and the tests that need it fail.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{env, io};

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// A program that a test or a build starts, and the package that has it.
const SERVERS: [(&str, &str); 11] = [
    ("redis-server", "redis-server"),
    ("memcached", "memcached"),
    ("initdb", "postgresql"),
    ("mariadbd", "mariadb-server"),
    ("mariadb", "mariadb-client"),
    ("varnishd", "varnish"),
    ("nginx", "nginx"),
    ("wrk", "wrk"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("pkg-config", "pkg-config"),
];
/// A library that synchronous connections of Diesel are linked with, under the names that it may have, and the package that has it.
const LIBRARIES: [(&[&str], &str); 2] =
    [(&["libpq"], "libpq-dev"), (&["libmariadb", "mysqlclient", "mariadb"], "libmariadb-dev")];
/// Where programs are that are on nobody's path.
const ELSEWHERE: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];
/// What Debian asks before it starts a service. This answer is "no".
const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO: &str = "#!/bin/sh\nexit 101\n";

/// Looks, installs, looks again.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let missing = missing(context)?;
    let mut problems = Vec::new();
    if !missing.is_empty() && may_install() {
        println!("    missing: {}. Installing them, without starting any:", missing.join(", "));
        problems = install(context, &missing)?;
    }
    let still = self::missing(context)?;
    if !still.is_empty() {
        problems.push(format!("tests need what is not installed: run `apt-get install {}`", still.join(" ")));
    }
    let installed = if missing.len() > still.len() {
        format!(", {} of them installed now", missing.len() - still.len())
    } else {
        String::new()
    };
    let found = SERVERS.len() + LIBRARIES.len() - still.len();
    Ok(Outcome::of(format!("{found} programs and libraries{installed}")).with_problems(problems))
}

/// The packages of what is not there.
fn missing(context: &Context<'_>) -> Result<Vec<&'static str>> {
    let missing = SERVERS.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package);
    let mut packages: Vec<_> = missing.collect();
    for (names, package) in LIBRARIES {
        if !has_library(context, names)? {
            packages.push(package);
        }
    }
    Ok(packages)
}

fn has_library(context: &Context<'_>, names: &[&str]) -> Result<bool> {
    for name in names {
        if is_installed("pkg-config") && context.run_quietly(Command::new(["pkg-config", "--exists", name]))?.success {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = env::split_paths(&path).chain(ELSEWHERE.map(PathBuf::from));
    folders.chain(versions.map(|version| version.path().join("bin"))).any(|folder| folder.join(program).is_file())
}

fn may_install() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    is_root && is_installed("apt-get")
}

fn install(context: &Context<'_>, packages: &[&str]) -> Result<Vec<String>> {
    let _quiet = NothingStarts::begin(Path::new(POLICY))?;
    let apt = |words: &[&str]| {
        let line = ["apt-get", "-y", "-q"].iter().chain(words).copied();
        context.expect_success(Command::new(line).with_environment("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = |packages: &[&str]| apt(&[&["install", "--no-install-recommends"], packages].concat());
    let mut problems = apt(&["update"])?;
    if install(packages)?.is_empty() {
        return Ok(problems);
    }
    // One that this system does not have, such as Chromium on Ubuntu, is no reason to go without the others.
    for package in packages {
        problems.extend(install(&[package])?);
    }
    Ok(problems)
}

/// While it lives, Debian starts no service that is installed.
struct NothingStarts<'a> {
    /// The file to remove again, unless somebody else's was there.
    written: Option<&'a Path>,
}

impl<'a> NothingStarts<'a> {
    fn begin(policy: &'a Path) -> io::Result<Self> {
        if policy.exists() {
            return Ok(Self { written: None });
        }
        fs::write(policy, NO)?;
        fs::set_permissions(policy, Permissions::from_mode(0o755))?;
        Ok(Self { written: Some(policy) })
    }
}

impl Drop for NothingStarts<'_> {
    fn drop(&mut self) {
        // If it cannot be removed, services are not started later on either, which a person will notice and find.
        let _ignored = self.written.map(fs::remove_file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_and_one_that_does_not_exist_is_not() {
        assert!(is_installed("sh"));
        assert!(!is_installed("no-such-server"));
    }

    #[test]
    fn services_are_kept_from_starting_only_while_packages_are_installed() {
        let policy = env::temp_dir().join(format!("easy-cache-policy-{}", std::process::id()));
        let quiet = NothingStarts::begin(&policy).unwrap();
        assert_eq!(fs::read_to_string(&policy).unwrap(), NO);
        drop(NothingStarts::begin(&policy).unwrap());
        assert!(policy.exists(), "a policy of somebody else was removed");
        drop(quiet);
        assert!(!policy.exists());
    }
}
