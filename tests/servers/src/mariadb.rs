//! A MariaDB of one's own, and in it a database for each test.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::postgres::Database;
use crate::process::{Ending, Plan, Process};
use crate::seat::Seat;
use crate::{folder, program, unique, wait};

/// Who tests connect as; no password is needed.
const USER: &str = "test";

/// A running MariaDB, which ends when this is dropped. It never waits for the disk.
#[derive(Debug)]
pub struct MariaDb {
    port: u16,
    folder: PathBuf,
    settings: Vec<String>,
    seat: Seat,
}

/// How a MariaDB is started.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    settings: Vec<String>,
}

impl Options {
    /// A setting as on the command line, such as `("transaction-isolation", "READ-COMMITTED")`.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push(format!("--{name}={}", value.to_string()));
        self
    }

    /// Makes its files, starts it, and returns when it answers: a few seconds.
    ///
    /// # Panics
    /// If MariaDB is not installed, or does not start.
    #[must_use]
    pub fn start(self) -> MariaDb {
        let folder = folder::new("mariadb");
        initialise(&folder);
        let seat = Seat::free("mariadbd");
        let attempt = |port| {
            let (folder, settings) = (folder.clone(), self.settings.clone());
            let server = MariaDb { port, folder, settings, seat: Seat::free("mariadbd") };
            let plan = server.plan();
            (server, plan)
        };
        let (_, server) = seat.take(None, attempt, |server, _| server.answers());
        MariaDb { seat, ..server }
    }
}

impl MariaDb {
    /// One with the usual settings.
    ///
    /// # Panics
    /// If MariaDB is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::options().start()
    }

    /// Settings first.
    pub fn options() -> Options {
        Options::default()
    }

    /// One that all tests of this process share.
    ///
    /// # Panics
    /// If MariaDB is not installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<MariaDb> = LazyLock::new(MariaDb::start);
        &SHARED
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// A new, empty database.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database(&self) -> Database {
        let name = unique("test");
        self.sql("mysql", &format!("create database {name} character set utf8mb4"));
        Database { url: format!("mysql://{USER}@127.0.0.1:{}/{name}", self.port), name }
    }

    /// Runs SQL in a database by the `mariadb` client; yields the rows, a line each, columns separated by tabs.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.client(database, sql).unwrap_or_else(|error| panic!("failed to run mariadb: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{sql}` failed in {database}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Ends it as `kill -9` does: what was committed is there again after [`start_again`](Self::start_again).
    pub fn kill(&self) {
        self.seat.leave();
    }

    /// Starts it after [`kill`](Self::kill), on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&self) {
        self.seat.take_again(|| self.plan(), |_| self.answers());
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        self.seat.log()
    }

    fn plan(&self) -> Plan {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let mut arguments = vec![
            // First, or it is refused: nothing of the system's settings counts here.
            "--no-defaults".to_owned(),
            format!("--datadir={}", file("data")),
            format!("--socket={}", file("socket")),
            format!("--pid-file={}", file("pid")),
            // A server that starts removes the temporary tables of all others that share its folder.
            format!("--tmpdir={}", self.folder.display()),
            format!("--port={}", self.port),
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--innodb-flush-log-at-trx-commit=2".to_owned(),
            "--innodb-doublewrite=0".to_owned(),
            "--innodb-buffer-pool-size=32M".to_owned(),
            "--performance-schema=OFF".to_owned(),
        ];
        arguments.extend(self.settings.iter().cloned());
        let program = program::find("mariadbd", "mariadb-server");
        Plan { program, arguments, folder: self.folder.clone(), user: user(), ending: Ending::Kill }
    }

    /// Whether this very server does: on a taken port another one answers, which has its files elsewhere.
    fn answers(&self) -> bool {
        let own = self.folder.join("data").display().to_string();
        let answer = self.client("mysql", "select @@datadir");
        answer.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim_end().trim_end_matches('/') == own)
    }

    fn client(&self, database: &str, sql: &str) -> io::Result<std::process::Output> {
        let mut command = Command::new(program::find("mariadb", "mariadb-client"));
        command.args(["--no-defaults", "-h", "127.0.0.1", "-u", USER, "-N", "-B", "-D", database]);
        command.args(["-P", &self.port.to_string(), "-e", sql]).output()
    }
}

/// The user that the server runs as: it refuses to be root.
fn user() -> Option<&'static str> {
    folder::is_root().then_some("mysql")
}

/// Makes the system's tables, and a user who may do everything from anywhere on this machine.
fn initialise(folder: &Path) {
    user().iter().for_each(|user| folder::give_to(folder, user));
    let grant = folder.join("grant.sql");
    let user_at = format!("'{USER}'@'127.0.0.1'");
    // The first line puts the grant tables in force, which are left aside while they are made.
    let sql = format!("flush privileges;\ncreate user {user_at};\ngrant all on *.* to {user_at} with grant option;\n");
    std::fs::write(&grant, sql).unwrap_or_else(|error| panic!("failed to write {}: {error}", grant.display()));
    let program = program::find("mariadb-install-db", "mariadb-server");
    let words = ["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve"];
    let data = format!("--datadir={}", folder.join("data").display());
    let extra = format!("--extra-file={}", grant.display());
    let temporary = format!("--tmpdir={}", folder.display());
    let arguments = words.map(str::to_owned).into_iter().chain([data, extra, temporary]).collect();
    let mut install =
        Process::start(&Plan { program, arguments, folder: folder.to_owned(), user: user(), ending: Ending::Kill });
    let status = wait::until_some("mariadb-install-db is done", || install.ended());
    assert!(status.success(), "mariadb-install-db failed:\n{}", install.log());
}
