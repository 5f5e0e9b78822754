//! MariaDB through the client library of MySQL or its own: a database for each test, and how it says what the suite leaves open.

use std::sync::LazyLock;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use easy_cache_servers::MariaDb;
use easy_cache_servers::postgres::Database;

pub(crate) use diesel::mysql::{Mysql as Backend, MysqlConnection as Conn};

const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL);
    CREATE TABLE books (
        id INTEGER AUTO_INCREMENT PRIMARY KEY,
        title VARCHAR(200) NOT NULL UNIQUE,
        author_id INTEGER NOT NULL,
        FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE CASCADE
    );
    CREATE TABLE loans (
        book_id INTEGER NOT NULL,
        member INTEGER NOT NULL,
        days INTEGER NOT NULL CHECK (days > 0),
        PRIMARY KEY (book_id, member)
    );
    CREATE TABLE shelves (room INTEGER NOT NULL, name VARCHAR(100) NOT NULL, PRIMARY KEY (room, name));
    CREATE VIEW novels AS SELECT * FROM books;
";

/// The first rows, and no others.
const ROWS: &str = "
    DELETE FROM loans; DELETE FROM books; DELETE FROM authors; ALTER TABLE books AUTO_INCREMENT = 3;
    INSERT INTO authors VALUES (1, 'Austen'), (2, 'Eliot');
    INSERT INTO books (id, title, author_id) VALUES (1, 'Emma', 1), (2, 'Persuasion', 1);
    INSERT INTO loans VALUES (1, 5, 7), (2, 6, 7);
";

/// Changes what is read by the session, and what is not.
pub(crate) const SETTING: &str = "SET sql_mode = 'PIPES_AS_CONCAT'";
pub(crate) const TUNING: &str = "SET sort_buffer_size = 1000000";
/// Answers that change without a write.
pub(crate) const VOLATILE: [&str; 3] =
    ["SELECT rand() FROM books", "SELECT now()", "SELECT * FROM information_schema.tables"];
/// Begins a transaction that sees one state until it ends.
pub(crate) const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT * FROM books";
/// What an update by hand may look like.
pub(crate) const QUOTED: &str = "update `books` SET Title = 'New' where `ID` = 1";
/// What the database knows, and the analysis of SQL does not.
pub(crate) const STRANGE: [&str; 2] = ["DO sleep(0)", "FLUSH STATUS"];
/// How many random programs are run.
pub(crate) const PROGRAMS: u32 = 48;
/// Texts that begin a transaction, and ones that commit it.
pub(crate) const BEGINNINGS: [&str; 3] = ["BEGIN", "start transaction;", "BEGIN WORK"];
pub(crate) const ENDINGS: [&str; 2] = ["COMMIT", "COMMIT WORK"];
/// Control of transactions in random programs. The last two end what is open before they begin, or by themselves.
pub(crate) const CONTROL: [&str; 4] =
    ["BEGIN", "COMMIT AND CHAIN", "START TRANSACTION", "CREATE OR REPLACE VIEW novels AS SELECT * FROM books"];

/// Writes that only this database has: `{id}`, `{a}` and `{b}` are replaced.
pub(crate) const OWN_WRITES: [&str; 5] = [
    "INSERT IGNORE INTO books VALUES ({id}, 'title {a}', 1)",
    "INSERT INTO books VALUES ({id}, 'title {a}', 1) ON DUPLICATE KEY UPDATE title = 'title {b}'",
    "REPLACE INTO books VALUES ({id}, 'title {a}', 1)",
    "DELETE books FROM books JOIN authors ON authors.id = books.author_id WHERE books.title = 'title {a}'",
    "UPDATE books SET author_id = 77 WHERE id = {id}",
];

static SERVER: LazyLock<MariaDb> = LazyLock::new(|| MariaDb::options().setting("max-connections", 400).start());

/// A database of one's own.
pub(crate) struct Home {
    pub(crate) database: Database,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { database: SERVER.database() };
        home.connect().batch_execute(SCHEMA).unwrap();
        home.reset();
        home
    }

    /// Puts the first rows back. Nobody else may be in the middle of something.
    pub(crate) fn reset(&self) {
        self.connect().batch_execute(ROWS).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        self.database.url.clone()
    }

    pub(crate) fn connect(&self) -> Conn {
        Conn::establish(&self.database.url).unwrap()
    }
}

/// A transaction that is going to write.
pub(crate) fn writing<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
    conn.transaction(work)
}

/// Bound values are `?` in the suite.
pub(crate) fn sql(text: &str) -> String {
    text.to_owned()
}
