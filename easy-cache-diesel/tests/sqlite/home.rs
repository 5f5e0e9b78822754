//! SQLite: a file for each test, and how it says what the suite leaves open.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::update;

use crate::suite::schema::books;
use crate::unfinished::Broken;

pub(crate) use diesel::sqlite::{Sqlite as Backend, SqliteConnection as Conn};

const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE books (
        id INTEGER PRIMARY KEY,
        title TEXT NOT NULL UNIQUE,
        author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TABLE loans (
        book_id INTEGER NOT NULL,
        member INTEGER NOT NULL,
        days INTEGER NOT NULL CHECK (days > 0),
        PRIMARY KEY (book_id, member)
    );
    CREATE TABLE shelves (room INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (room, name));
    CREATE VIEW novels AS SELECT * FROM books;
";

/// The first rows, and no others.
const ROWS: &str = "
    DELETE FROM loans; DELETE FROM books; DELETE FROM authors;
    INSERT INTO authors VALUES (1, 'Austen'), (2, 'Eliot');
    INSERT INTO books (id, title, author_id) VALUES (1, 'Emma', 1), (2, 'Persuasion', 1);
    INSERT INTO loans VALUES (1, 5, 7), (2, 6, 7);
";

/// Changes what is read by the session, and what is not.
pub(crate) const SETTING: &str = "PRAGMA case_sensitive_like = ON";
pub(crate) const TUNING: &str = "PRAGMA cache_size = 100";
/// Answers that change without a write.
pub(crate) const VOLATILE: [&str; 3] =
    ["SELECT random() FROM books", "SELECT datetime('now')", "SELECT * FROM sqlite_master"];
/// Begins a transaction that sees one state until it ends.
pub(crate) const SNAPSHOT: &str = "BEGIN; SELECT * FROM books";
/// What an update by hand may look like.
pub(crate) const QUOTED: &str = "update [main].\"Books\" SET `title` = 'New' where \"ID\" = 1";
/// What the database knows, and the analysis of SQL does not.
pub(crate) const STRANGE: [&str; 1] = ["DETACH x"];
/// How many random programs are run.
pub(crate) const PROGRAMS: u32 = 256;
/// Texts that begin a transaction, and ones that commit it.
pub(crate) const BEGINNINGS: [&str; 3] = ["BEGIN", "begin immediate;", "BEGIN EXCLUSIVE TRANSACTION"];
pub(crate) const ENDINGS: [&str; 2] = ["COMMIT", "END"];
/// Control of transactions in random programs.
pub(crate) const CONTROL: [&str; 4] = ["BEGIN IMMEDIATE", "END", "COMMIT", "BEGIN"];

/// Writes that only this database has: `{id}`, `{a}` and `{b}` are replaced.
pub(crate) const OWN_WRITES: [&str; 5] = [
    "INSERT OR IGNORE INTO books VALUES ({id}, 'title {a}', 1)",
    "INSERT OR FAIL INTO books (title, author_id) VALUES ('title {a}', 1), ('title {b}', 1)",
    "UPDATE OR ROLLBACK books SET title = 'title {a}' WHERE id = {id}",
    "REPLACE INTO books VALUES ({id}, 'title {a}', 1)",
    "UPDATE books SET author_id = 77 WHERE id = {id}",
];

/// A database of one's own.
pub(crate) struct Home {
    path: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home =
            Self { path: std::env::temp_dir().join(format!("easy-cache-diesel-{}-{number}.db", std::process::id())) };
        home.connect().batch_execute(SCHEMA).unwrap();
        home.reset();
        home
    }

    /// Puts the first rows back. Nobody else may be in the middle of something.
    pub(crate) fn reset(&self) {
        self.connect().batch_execute(ROWS).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        self.path.display().to_string()
    }

    /// Readers and a writer can use the database at the same time.
    pub(crate) fn connect(&self) -> Conn {
        let mut conn = Conn::establish(&self.url()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON").unwrap();
        conn
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut file = self.path.clone().into_os_string();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A transaction that is going to write: it begins as a writer, since a reader cannot always become one.
pub(crate) fn writing<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
    conn.immediate_transaction(work)
}

/// Bound values are `?` in the suite.
pub(crate) fn sql(text: &str) -> String {
    text.to_owned()
}

/// Sends a write by key with a value that cannot be sent: of this one Diesel never tells the end.
pub(crate) fn unfinished(conn: &mut Conn, broken: Broken) {
    update(books::table.find(1)).set(books::title.eq(broken)).execute(conn).unwrap_err();
}
