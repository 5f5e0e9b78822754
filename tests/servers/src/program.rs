//! Where the programs are, and what to install where they are not.

use std::env;
use std::path::PathBuf;

/// Where Debian puts what is not on everybody's path.
const ELSEWHERE: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// The program called `name`.
///
/// # Panics
/// If it is missing; the message says which of Debian's packages has it.
pub(crate) fn find(name: &str, package: &str) -> PathBuf {
    search(name).unwrap_or_else(|| missing(name, package))
}

pub(crate) fn search(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(ELSEWHERE.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Ends the test.
pub(crate) fn missing(name: &str, package: &str) -> ! {
    panic!(
        "{name} is not installed, and this test needs a real one: run `cargo xtask test servers` (as root, it installs \
         all of them), or `apt-get install {package}`"
    )
}
