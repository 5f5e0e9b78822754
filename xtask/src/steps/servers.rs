//! The servers that tests start for themselves, and the libraries that tests reach them by: looks for each, and installs Debian's package
//! of it where this program may.
//!
//! It may as root, with apt-get at hand. Nothing that is installed is started: the tests start their own, on free ports. A server that is
//! missing afterwards is a problem of this step, and the tests that need it fail. So is a library; without one, nothing that has all
//! features can be built, and the run ends here.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{env, io};

use super::Context;
use crate::Result;
use crate::command::Command;
use crate::outcome::Outcome;

/// A program that a test starts, and the package that has it.
const SERVERS: [(&str, &str); 9] = [
    ("redis-server", "redis-server"),
    ("memcached", "memcached"),
    ("initdb", "postgresql"),
    ("mariadbd", "mariadb-server"),
    ("varnishd", "varnish"),
    ("nginx", "nginx"),
    ("wrk", "wrk"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
];
/// A library that Diesel's own connections link, as pkg-config knows it, and the package that has what a build needs of it.
const LIBRARIES: [(&str, &str); 2] = [("libpq", "libpq-dev"), ("libmariadb", "libmariadb-dev")];
/// A library that does as well as the other.
const INSTEAD: [(&str, &str); 1] = [("libmariadb", "mysqlclient")];
/// What finds libraries, and its package.
const FINDER: (&str, &str) = ("pkg-config", "pkg-config");
/// Where programs are that are on nobody's path.
const ELSEWHERE: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];
/// What Debian asks before it starts a service. This answer is "no".
const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO: &str = "#!/bin/sh\nexit 101\n";

/// Looks, installs, looks again.
pub(super) fn run(context: &Context<'_>) -> Result<Outcome> {
    let missing = missing();
    let mut problems = Vec::new();
    if !missing.is_empty() && may_install() {
        println!("    missing: {}. Installing them, without starting any:", missing.join(", "));
        problems = install(context, &missing)?;
    }
    let still = self::missing();
    if !still.is_empty() {
        problems.push(format!(
            "tests need servers and libraries that are not installed: run `apt-get install {}`",
            still.join(" ")
        ));
    }
    let installed = if missing.len() > still.len() {
        format!(", {} of them installed now", missing.len() - still.len())
    } else {
        String::new()
    };
    let all = SERVERS.len() + 1 + LIBRARIES.len();
    Ok(Outcome::of(format!("{} servers and libraries{installed}", all - still.len())).with_problems(problems))
}

/// The packages of the programs and libraries that are not there.
fn missing() -> Vec<&'static str> {
    let programs = SERVERS.iter().chain([&FINDER]).filter(|(program, _)| !is_installed(program));
    let libraries = LIBRARIES.iter().filter(|(library, _)| !can_be_linked(library));
    programs.chain(libraries).map(|(_, package)| *package).collect()
}

/// Whether what has all features can be built.
pub(crate) fn has_libraries() -> bool {
    LIBRARIES.iter().all(|(library, _)| can_be_linked(library))
}

fn can_be_linked(library: &str) -> bool {
    let others = INSTEAD.iter().filter(|(instead, _)| *instead == library).map(|(_, other)| *other);
    [library].into_iter().chain(others).any(|library| {
        let asked = std::process::Command::new(FINDER.0).args(["--exists", library]).status();
        asked.is_ok_and(|status| status.success())
    })
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
    let mut problems = apt(&["update"])?;
    problems.extend(apt(&[&["install", "--no-install-recommends"], packages].concat())?);
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
    fn a_library_that_does_not_exist_cannot_be_linked() {
        assert!(!can_be_linked("no-such-library"));
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
