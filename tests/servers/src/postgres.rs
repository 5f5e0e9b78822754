//! A PostgreSQL of one's own, and in it a database for each test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{fs, io};

use crate::process::{Ending, Plan, Process};
use crate::seat::Seat;
use crate::{folder, program, unique};

/// The role that owns everything; it needs no password.
const ROLE: &str = "postgres";

/// A running PostgreSQL, which ends when this is dropped. It never waits for the disk.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    folder: PathBuf,
    programs: PathBuf,
    settings: Vec<(String, String)>,
    seat: Seat,
}

/// A database of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// How drivers name it: `postgres://postgres@127.0.0.1:17001/name`.
    pub url: String,
}

/// How a PostgreSQL is started.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    settings: Vec<(String, String)>,
}

impl Options {
    /// A setting as in `postgresql.conf`, such as `max_prepared_transactions`.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }

    /// Makes its files, starts it, and returns when it answers: about two seconds.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start.
    #[must_use]
    pub fn start(self) -> Postgres {
        let folder = folder::new("postgres");
        initialise(&programs(), &folder);
        Postgres::start_in(folder, self.settings)
    }
}

impl Postgres {
    /// One with the usual settings (100 connections, two-phase commit allowed).
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start.
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
    /// If PostgreSQL is not installed, or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Postgres> = LazyLock::new(Postgres::start);
        &SHARED
    }

    /// A copy of it that follows it by streaming, and answers reads: about two seconds. It has the same databases.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn replica(&self) -> Self {
        let folder = folder::new("postgres-replica");
        copy(&self.programs, self.port, &folder);
        let settings = vec![("hot_standby".to_owned(), "on".to_owned())];
        Self::start_in(folder, settings)
    }

    /// Lets a replica hear of what is committed, and not show it.
    ///
    /// # Panics
    /// If it is no replica.
    pub fn pause_replay(&self) {
        self.sql("postgres", "select pg_wal_replay_pause()");
        crate::wait::until("the replay is paused", || {
            self.sql("postgres", "select pg_get_wal_replay_pause_state()") == "paused"
        });
    }

    /// Lets a replica show it.
    ///
    /// # Panics
    /// If it is no replica.
    pub fn resume_replay(&self) {
        self.sql("postgres", "select pg_wal_replay_resume()");
    }

    /// Returns when a replica shows all that this one has committed.
    ///
    /// # Panics
    /// If it does not within two minutes.
    pub fn wait_for(&self, replica: &Self) {
        let position = self.sql("postgres", "select pg_current_wal_insert_lsn()");
        let question = format!("select pg_last_wal_replay_lsn() >= '{position}'::pg_lsn");
        crate::wait::until("the replica has caught up", || replica.sql("postgres", &question) == "t");
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The database of this name, here: on a replica, the one that was made on the primary.
    #[must_use]
    pub fn database_named(&self, name: &str) -> Database {
        Database { url: format!("postgres://{ROLE}@127.0.0.1:{}/{name}", self.port), name: name.to_owned() }
    }

    /// A new, empty database: about 50 ms.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database(&self) -> Database {
        self.database_like("template1")
    }

    /// A copy of a database that nobody is connected to: make one with all tables once, and copy it for each test.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn database_like(&self, template: &str) -> Database {
        let name = unique("test");
        self.sql("postgres", &format!("create database {name} template {template}"));
        self.database_named(&name)
    }

    /// Runs SQL in a database by `psql`; yields the rows, a line each, columns separated by `|`.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql).unwrap_or_else(|error| panic!("failed to run psql: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{sql}` failed in {database}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Ends it as a crash does: what was committed is there again after [`start_again`](Self::start_again).
    pub fn kill(&self) {
        // Its children end by themselves when the first process is gone; an immediate shutdown is the same to clients, and leaves no shared memory.
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

    fn start_in(folder: PathBuf, settings: Vec<(String, String)>) -> Self {
        let (seat, programs) = (Seat::free("postgres"), programs());
        let attempt = |port| {
            let (folder, programs, settings) = (folder.clone(), programs.clone(), settings.clone());
            let postgres = Self { port, folder, programs, settings, seat: Seat::free("postgres") };
            let plan = postgres.plan();
            (postgres, plan)
        };
        let (_, postgres) = seat.take(None, attempt, |postgres, _| postgres.answers());
        Self { seat, ..postgres }
    }

    fn plan(&self) -> Plan {
        let usual = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            ("unix_socket_directories", String::new()),
            ("fsync", "off".to_owned()),
            ("full_page_writes", "off".to_owned()),
            ("shared_buffers", "32MB".to_owned()),
            ("max_prepared_transactions", "20".to_owned()),
        ];
        let settings = self.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let settings =
            usual.into_iter().chain(settings).flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
        let data = self.folder.join("data").display().to_string();
        let arguments = ["-D".to_owned(), data].into_iter().chain(settings).collect();
        let program = self.programs.join("postgres");
        Plan { program, arguments, folder: self.folder.clone(), user: user(), ending: Ending::Quit }
    }

    /// Whether this very server does: on a taken port another one answers, which has its files elsewhere.
    fn answers(&self) -> bool {
        let own = self.folder.join("data").display().to_string();
        let answer = self.psql("postgres", "show data_directory");
        answer.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim_end() == own)
    }

    fn psql(&self, database: &str, sql: &str) -> io::Result<std::process::Output> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", ROLE, "-d", database]);
        command.args(["-p", &self.port.to_string(), "-c", sql]).output()
    }
}

/// The user that the server runs as: it refuses to be root.
fn user() -> Option<&'static str> {
    folder::is_root().then_some("postgres")
}

fn initialise(programs: &Path, folder: &Path) {
    let data = folder.join("data").display().to_string();
    let words = ["-D", &data, "-U", ROLE, "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "--no-instructions"];
    run_in(folder, programs, "initdb", &words);
}

/// The files of a running server, with what makes a server that is started on them follow it.
fn copy(programs: &Path, port: u16, folder: &Path) {
    let (data, port) = (folder.join("data").display().to_string(), port.to_string());
    let words = ["-D", &data, "-h", "127.0.0.1", "-p", &port, "-U", ROLE, "-R", "-N", "-X", "stream", "-c", "fast"];
    run_in(folder, programs, "pg_basebackup", &words);
}

fn run_in(folder: &Path, programs: &Path, name: &str, words: &[&str]) {
    let arguments = words.iter().map(|word| (*word).to_owned()).collect();
    let (program, ending) = (programs.join(name), Ending::Kill);
    user().iter().for_each(|user| folder::give_to(folder, user));
    let mut process = Process::start(&Plan { program, arguments, folder: folder.to_owned(), user: user(), ending });
    let status = crate::wait::until_some(&format!("{name} is done"), || process.ended());
    assert!(status.success(), "{name} failed:\n{}", process.log());
}

/// The folder of the newest PostgreSQL: Debian keeps its programs away from the path.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin")).filter(|folder| folder.join("initdb").is_file());
    let number = |folder: &PathBuf| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    };
    let on_path = || program::search("initdb").and_then(|program| program.parent().map(Path::to_owned));
    debian.max_by_key(number).or_else(on_path).unwrap_or_else(|| program::missing("postgres", "postgresql"))
}
