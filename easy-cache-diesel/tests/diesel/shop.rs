//! A shop of its own for each test: a database in a file, a cache with a clock that stands still, and witnesses that tell which
//! tags were invalidated.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use easy_cache_core::{Cache, ManualClock, Tag};
use easy_cache_diesel::CachedDb;

use crate::schema::{SCHEMA, authors, books, loans};

/// The tags that each write is checked against. `+` stands for rows that were added and are not known.
const TAGS: [&str; 13] = [
    "authors",
    "authors:1",
    "authors:*",
    "authors:+",
    "books",
    "books:1",
    "books:2",
    "books:*",
    "books:+",
    "loans",
    "loans:1,anna",
    "loans:*",
    "loans:+",
];

pub(crate) struct Shop {
    pub(crate) db: CachedDb<Sqlite>,
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
    statements: Arc<AtomicUsize>,
    path: PathBuf,
}

impl Shop {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("easy-cache-diesel-{}-{number}.db", std::process::id()));
        let clock = ManualClock::new();
        let cache = Cache::builder().clock(clock.clock()).build();
        let db = CachedDb::<Sqlite>::builder(&cache)
            .model(authors::table)
            .model(books::table)
            .model(loans::table)
            .cascade("authors", ["books"])
            .view("novels", ["books"])
            .build();
        let shop = Self { db, cache, clock, statements: Arc::default(), path };
        shop.behind().batch_execute(SCHEMA).unwrap();
        shop
    }

    /// A connection that is followed, and whose statements are counted.
    pub(crate) fn connection(&self) -> SqliteConnection {
        let mut conn = self.behind();
        let statements = Arc::clone(&self.statements);
        conn.set_instrumentation(self.db.instrumentation().then(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::SeqCst);
            }
        }));
        conn
    }

    /// A connection that no cache hears of. Readers and a writer can use the database at the same time.
    pub(crate) fn behind(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(&self.url()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON").unwrap();
        conn
    }

    pub(crate) fn url(&self) -> String {
        self.path.display().to_string()
    }

    /// How many statements were sent over followed connections.
    pub(crate) fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// How many statements a piece of work sends.
    pub(crate) fn statements_of<T>(&self, work: impl FnOnce() -> T) -> usize {
        let before = self.statements();
        work();
        self.statements() - before
    }

    /// Caches one value for each tag.
    pub(crate) fn watch(&self) {
        for name in TAGS {
            self.cache.set(format!("witness:{name}"), 1).tags([tag(name)]).wait();
        }
        assert_eq!(self.dropped(), "", "what nothing has dropped is served");
    }

    /// The tags whose witnesses are not served.
    pub(crate) fn dropped(&self) -> String {
        TAGS.into_iter().filter(|name| !self.serves(name)).collect::<Vec<_>>().join(" ")
    }

    /// Whether the witness of a tag is served.
    pub(crate) fn serves(&self, name: &str) -> bool {
        self.cache.contains(format!("witness:{name}")).wait()
    }

    /// The tags that a piece of work drops in this shop.
    pub(crate) fn dropped_by<T>(&self, work: impl FnOnce() -> T) -> String {
        self.watch();
        work();
        self.dropped()
    }
}

fn tag(name: &str) -> Tag {
    match name.split_once(':') {
        None => Tag::table(name),
        Some((table, "*")) => Tag::unknown_rows(table),
        Some((table, key)) => Tag::row(table, key),
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut file = self.path.clone().into_os_string();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
    }
}

/// The title of a book, through the cache.
pub(crate) fn title(shop: &Shop, conn: &mut SqliteConnection, id: i32) -> String {
    let read = || books::table.find(id).select(books::title).first::<String>(conn).optional();
    let found = shop.cache.get_or_compute_sync(format!("title:{id}"), read).wait().unwrap();
    found.unwrap_or_else(|| "none".to_owned())
}

/// All titles, through the cache.
pub(crate) fn titles(shop: &Shop, conn: &mut SqliteConnection) -> Vec<String> {
    let read = || books::table.select(books::title).order(books::id).load::<String>(conn);
    shop.cache.get_or_compute_sync("titles", read).wait().unwrap()
}
