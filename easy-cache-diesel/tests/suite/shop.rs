//! A shop of its own for each test: a database, a cache with a clock that stands still, and witnesses that tell which tags were
//! invalidated.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use easy_cache_core::{Cache, ManualClock, Tag};
use easy_cache_diesel::CachedDb;

use crate::home::{Backend, Conn, Home};
use crate::suite::schema::{authors, books, loans, shelves};

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
    "loans:1,5",
    "loans:*",
    "loans:+",
];

pub(crate) struct Shop {
    pub(crate) db: CachedDb<Backend>,
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
    statements: Arc<AtomicUsize>,
    pub(crate) home: Home,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let cache = Cache::builder().clock(clock.clock()).build();
        let db = CachedDb::<Backend>::builder(&cache)
            .model(authors::table)
            .model(books::table)
            .model(loans::table)
            .model(shelves::table)
            .cascade("authors", ["books"])
            .view("novels", ["books"])
            .build();
        Self { db, cache, clock, statements: Arc::default(), home: Home::new() }
    }

    /// A connection that is followed, and whose statements are counted.
    pub(crate) fn connection(&self) -> Conn {
        let mut conn = self.behind();
        let statements = Arc::clone(&self.statements);
        conn.set_instrumentation(self.db.instrumentation().then(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::SeqCst);
            }
        }));
        conn
    }

    /// A connection that no cache hears of.
    pub(crate) fn behind(&self) -> Conn {
        self.home.connect()
    }

    pub(crate) fn url(&self) -> String {
        self.home.url()
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
        watch(&self.cache);
    }

    /// The tags whose witnesses are not served.
    pub(crate) fn dropped(&self) -> String {
        dropped(&self.cache)
    }

    /// Whether the witness of a tag is served.
    pub(crate) fn serves(&self, name: &str) -> bool {
        serves(&self.cache, name)
    }

    /// The tags that a piece of work drops in this shop.
    pub(crate) fn dropped_by<T>(&self, work: impl FnOnce() -> T) -> String {
        self.watch();
        work();
        self.dropped()
    }
}

fn watch(cache: &Cache) {
    for name in TAGS {
        cache.set(format!("witness:{name}"), 1).tags([tag(name)]).wait();
    }
    assert_eq!(dropped(cache), "", "what nothing has dropped is served");
}

fn dropped(cache: &Cache) -> String {
    TAGS.into_iter().filter(|name| !serves(cache, name)).collect::<Vec<_>>().join(" ")
}

fn serves(cache: &Cache, name: &str) -> bool {
    cache.contains(format!("witness:{name}")).wait()
}

/// The tags that a piece of work drops in a cache.
pub(crate) fn witnesses<T>(cache: &Cache, work: impl FnOnce() -> T) -> String {
    watch(cache);
    work();
    dropped(cache)
}

fn tag(name: &str) -> Tag {
    match name.split_once(':') {
        None => Tag::table(name),
        Some((table, "*")) => Tag::unknown_rows(table),
        Some((table, key)) => Tag::row(table, key),
    }
}

/// The title of a book, through the cache.
pub(crate) fn title(shop: &Shop, conn: &mut Conn, id: i32) -> String {
    let read = || books::table.find(id).select(books::title).first::<String>(conn).optional();
    let found = shop.cache.get_or_compute_sync(format!("title:{id}"), read).wait().unwrap();
    found.unwrap_or_else(|| "none".to_owned())
}

/// All titles, through the cache.
pub(crate) fn titles(shop: &Shop, conn: &mut Conn) -> Vec<String> {
    let read = || books::table.select(books::title).order(books::id).load::<String>(conn);
    shop.cache.get_or_compute_sync("titles", read).wait().unwrap()
}
