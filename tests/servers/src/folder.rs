//! Temporary folders, all below one that a small shell removes when this process is gone, however it went.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, process};

/// Waits for the end of its input, which is the end of this process, and then until servers have let go of their files.
const REMOVE: &str = r#"cat >/dev/null; for attempt in 1 2 3 4 5; do rm -rf "$0" 2>/dev/null && break; sleep 1; done"#;

struct Root {
    path: PathBuf,
    /// Holds the other end of the shell's input.
    _remover: Child,
}

static ROOT: LazyLock<Root> = LazyLock::new(|| {
    let path = env::temp_dir().join(format!("easy-cache-servers-{}", process::id()));
    let _left_by_a_namesake = fs::remove_dir_all(&path);
    create(&path);
    let mut remover = Command::new("sh");
    remover.args(["-c", REMOVE]).arg(&path);
    // A group of its own: the signals of a terminal must not end it before the servers.
    remover.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let remover = remover.spawn().unwrap_or_else(|error| panic!("failed to start a shell: {error}"));
    Root { path, _remover: remover }
});

/// A new and empty folder, readable for the users that databases insist on.
pub(crate) fn new(name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let folder = ROOT.path.join(format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    create(&folder);
    folder
}

/// Whether this process may do everything, and therefore has to name a lesser user to servers that refuse to run as root.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Hands a folder over to another user.
pub(crate) fn give_to(folder: &Path, user: &str) {
    let done = Command::new("chown").arg("-R").arg(user).arg(folder).status();
    assert!(done.is_ok_and(|status| status.success()), "failed to hand {} over to {user}", folder.display());
}

fn create(folder: &Path) {
    let open_to_all = fs::Permissions::from_mode(0o755);
    let done = fs::create_dir_all(folder).and_then(|()| fs::set_permissions(folder, open_to_all));
    done.unwrap_or_else(|error| panic!("failed to create {}: {error}", folder.display()));
}
