//! A database of its own for each test, a cache, another program, and witnesses that tell which tags were invalidated.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::sqlite::Sqlite;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use easy_cache_core::testing::MemoryPlainStore;
use easy_cache_core::{Cache, Tag};
use easy_cache_diesel::feed::Triggers;
use easy_cache_diesel::{CachedDb, CachedDbBuilder};
use easy_cache_servers::{Postgres, postgres, unique};
use easy_cache_sql::{Dialect, KeyColumn};

diesel::table! {
    authors {
        id -> Integer,
    }
}

diesel::table! {
    books {
        id -> Integer,
        title -> Text,
        author -> Integer,
    }
}

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What witnesses watch.
const TAGS: [&str; 7] = ["authors", "authors:*", "books", "books:1", "books:2", "books:3", "books:*"];
pub(crate) const EVERYTHING: &str = "authors authors:* books books:1 books:2 books:3 books:*";

const TABLES: [&str; 4] = [
    "CREATE TABLE authors (id INTEGER PRIMARY KEY)",
    "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, \
     author INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE)",
    "INSERT INTO authors VALUES (1)",
    "INSERT INTO books VALUES (1, 'Emma', 1), (2, 'Persuasion', 1)",
];

/// The tags whose witnesses are gone; they are watched from now on.
pub(crate) fn dropped(cache: &Cache) -> String {
    let mut dropped = Vec::new();
    for name in TAGS {
        let key = format!("witness:{name}");
        if !cache.contains(&key).wait() {
            dropped.push(name);
            cache.set(key, 1).tags([tag(name)]).wait();
        }
    }
    dropped.join(" ")
}

fn tag(name: &str) -> Tag {
    match name.split_once(':') {
        None => Tag::table(name),
        Some((table, "*")) => Tag::unknown_rows(table),
        Some((table, key)) => Tag::row(table, key),
    }
}

/// Waits for a condition, and says whether it came about.
pub(crate) fn comes_about(mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + LONG;
    while Instant::now() < until {
        if condition() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// A cache over a store that processes share.
fn shared() -> Cache {
    Cache::builder().plain_store(MemoryPlainStore::default()).build()
}

/// Both tables.
pub(crate) fn watched(triggers: Triggers) -> Triggers {
    let id = || [KeyColumn::integer("id")];
    triggers.table("authors", id()).never_replaced().table("books", id()).never_replaced()
}

/// A file of SQLite.
pub(crate) struct Site {
    pub(crate) db: CachedDb<Sqlite>,
    pub(crate) cache: Cache,
    path: PathBuf,
}

impl Site {
    /// Books 1 and 2 of author 1, and no triggers.
    pub(crate) fn bare(declare: impl FnOnce(CachedDbBuilder<Sqlite>) -> CachedDbBuilder<Sqlite>) -> Self {
        Self::over(Cache::new(), declare)
    }

    fn over(cache: Cache, declare: impl FnOnce(CachedDbBuilder<Sqlite>) -> CachedDbBuilder<Sqlite>) -> Self {
        let path = std::env::temp_dir().join(format!("{}.db", unique("easy-cache-feeds")));
        let builder = CachedDb::<Sqlite>::builder(&cache).model(authors::table).model(books::table);
        let site = Self { db: declare(builder).build(), cache, path };
        let other = &mut site.other();
        TABLES.iter().for_each(|sql| other.batch_execute(sql).unwrap());
        site
    }

    /// The same with the triggers of the outbox.
    pub(crate) fn new() -> Self {
        Self::with_outbox(Cache::new())
    }

    /// The same with a store that processes share.
    pub(crate) fn shared() -> Self {
        Self::with_outbox(shared())
    }

    fn with_outbox(cache: Cache) -> Self {
        let site = Self::over(cache, |builder| builder.cascade("authors", ["books"]));
        let other = &mut site.other();
        watched(Triggers::outbox(Dialect::Sqlite)).up().iter().for_each(|sql| other.batch_execute(sql).unwrap());
        site
    }

    /// Another program.
    pub(crate) fn other(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(&self.url()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF").unwrap();
        conn
    }

    /// A connection that is followed.
    pub(crate) fn connection(&self) -> SqliteConnection {
        let mut conn = self.other();
        self.db.instrument(&mut conn);
        conn
    }

    /// One connection, which is followed.
    pub(crate) fn pool(&self) -> Pool<ConnectionManager<SqliteConnection>> {
        let manager = ConnectionManager::new(self.url());
        Pool::builder().max_size(1).connection_customizer(self.db.customizer()).build(manager).unwrap()
    }

    pub(crate) fn url(&self) -> String {
        self.path.display().to_string()
    }

    /// Another program writes.
    pub(crate) fn write(&self, sql: &str) {
        self.other().batch_execute(sql).unwrap();
    }

    pub(crate) fn dropped(&self) -> String {
        dropped(&self.cache)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut file = self.path.clone().into_os_string();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A database of PostgreSQL.
pub(crate) struct PgSite {
    pub(crate) db: CachedDb<Pg>,
    pub(crate) cache: Cache,
    pub(crate) database: postgres::Database,
}

impl PgSite {
    pub(crate) fn bare() -> Self {
        Self::over(Cache::new())
    }

    fn over(cache: Cache) -> Self {
        let database = Postgres::shared().database();
        let builder = CachedDb::<Pg>::builder(&cache).model(authors::table).model(books::table);
        let site = Self { db: builder.cascade("authors", ["books"]).build(), cache, database };
        TABLES.iter().for_each(|sql| site.write(sql));
        site
    }

    pub(crate) fn with(triggers: Triggers) -> Self {
        Self::bare().watched(triggers)
    }

    /// The same with a store that processes share.
    pub(crate) fn shared_with(triggers: Triggers) -> Self {
        Self::over(shared()).watched(triggers)
    }

    fn watched(self, triggers: Triggers) -> Self {
        watched(triggers).up().iter().for_each(|sql| self.write(sql));
        self
    }

    /// Another program writes.
    pub(crate) fn write(&self, sql: &str) {
        Postgres::shared().sql(&self.database.name, sql);
    }

    /// A connection that nobody follows.
    pub(crate) async fn other(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.database.url).await.unwrap()
    }

    pub(crate) fn dropped(&self) -> String {
        dropped(&self.cache)
    }
}
