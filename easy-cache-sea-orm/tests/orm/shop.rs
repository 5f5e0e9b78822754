//! A shop of its own for each test: a database, a cache with a clock that stands still, and witnesses that tell which tags
//! were invalidated.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use easy_cache_core::{Cache, ManualClock, Tag};
use easy_cache_sea_orm::CachedDb;
use sea_orm::sqlx::sqlite::SqliteJournalMode;
use sea_orm::{
    ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait,
    TransactionTrait,
};

use crate::entities::{SCHEMA, author, book, loan};

/// The tags that each write is checked against.
pub(crate) const TAGS: [&str; 6] = ["authors", "books", "books:1", "books:2", "books:*", "loans"];

pub(crate) struct Shop {
    pub(crate) db: CachedDb,
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
    statements: Arc<AtomicUsize>,
    loads: Arc<AtomicUsize>,
    path: Option<PathBuf>,
}

impl Shop {
    /// One connection to a database in memory.
    pub(crate) async fn in_memory() -> Self {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        Self::open(options, None).await
    }

    /// Four connections to a file that readers and a writer can use at the same time.
    pub(crate) async fn on_disk() -> Self {
        Self::with_journal(SqliteJournalMode::Wal, Duration::from_secs(20)).await
    }

    /// Four connections to a file whose writer has to wait for all readers to leave before it can commit.
    pub(crate) async fn with_waiting_commits() -> Self {
        Self::with_journal(SqliteJournalMode::Delete, Duration::from_secs(20)).await
    }

    /// The same, but the writer does not wait: its COMMIT is refused.
    pub(crate) async fn with_refused_commits() -> Self {
        Self::with_journal(SqliteJournalMode::Delete, Duration::ZERO).await
    }

    async fn with_journal(journal: SqliteJournalMode, patience: Duration) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("easy-cache-sea-orm-{}-{number}.db", std::process::id()));
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options.max_connections(4);
        options.map_sqlx_sqlite_opts(move |sqlite| sqlite.journal_mode(journal).busy_timeout(patience));
        Self::open(options, Some(path)).await
    }

    async fn open(mut options: ConnectOptions, path: Option<PathBuf>) -> Self {
        options.sqlx_logging(false);
        let clock = ManualClock::new();
        let cache = Cache::builder().clock(clock.clock()).build();
        let mut inner = Database::connect(options).await.unwrap();
        inner.execute_unprepared(SCHEMA).await.unwrap();
        let statements = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&statements);
        inner.set_metric_callback(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let db = CachedDb::builder(inner, &cache)
            .model::<author::Entity>()
            .model::<book::Entity>()
            .model::<loan::Entity>()
            .cascade("authors", ["books"])
            .build();
        Self { db, cache, clock, statements, loads: Arc::default(), path }
    }

    /// The same database with another cache, whose writes are refused without their holds.
    pub(crate) fn strict(&self, cache: &Cache) -> CachedDb {
        CachedDb::builder(self.behind().clone(), cache).model::<book::Entity>().strict_holds().build()
    }

    /// The connection inside, which no cache hears of.
    pub(crate) fn behind(&self) -> &DatabaseConnection {
        self.db.inner()
    }

    /// Takes every connection of the pool: who needs one waits until they are given back.
    pub(crate) async fn occupied(&self) -> Vec<sea_orm::DatabaseTransaction> {
        let mut taken = Vec::new();
        for _ in 0..self.behind().get_sqlite_connection_pool().options().get_max_connections() {
            taken.push(self.behind().begin().await.unwrap());
        }
        taken
    }

    /// How many prepared statements have reached the database.
    pub(crate) fn statements(&self) -> usize {
        self.statements.load(Ordering::SeqCst)
    }

    /// The title of a book, through the cache.
    pub(crate) async fn title(&self, id: i32) -> String {
        let read = async {
            let found = book::Entity::find_by_id(id).one(&self.db).await?;
            Ok::<_, DbErr>(found.map_or_else(|| "none".to_owned(), |book| book.title))
        };
        self.cache.get_or_compute(format!("title:{id}"), read).await.unwrap()
    }

    /// All titles, through the cache.
    pub(crate) async fn titles(&self) -> Vec<String> {
        let read = async {
            let books = book::Entity::find().all(&self.db).await?;
            Ok::<_, DbErr>(books.into_iter().map(|book| book.title).collect::<Vec<_>>())
        };
        self.cache.get_or_compute("titles", read).await.unwrap()
    }

    /// Whether the title is served without a statement.
    pub(crate) async fn title_is_hit(&self, id: i32) -> bool {
        let before = self.statements();
        self.title(id).await;
        self.statements() == before
    }

    /// Caches one value for each of [`TAGS`].
    pub(crate) async fn watch(&self) {
        for name in TAGS {
            self.witness(name).await;
        }
    }

    /// The tags whose witnesses had to be computed again since they were watched. They are watched from now on.
    pub(crate) async fn dropped(&self) -> Vec<&'static str> {
        let mut dropped = Vec::new();
        for name in TAGS {
            if self.witness(name).await {
                dropped.push(name);
            }
        }
        dropped
    }

    /// Whether a witness would be served.
    pub(crate) async fn serves(&self, name: &str) -> bool {
        self.cache.contains(format!("witness:{name}")).await
    }

    async fn witness(&self, name: &str) -> bool {
        let before = self.loads.load(Ordering::SeqCst);
        let load = async { Some(self.loads.fetch_add(1, Ordering::SeqCst)) };
        self.cache.get_or_compute(format!("witness:{name}"), load).tags([self.tag(name)]).await;
        self.loads.load(Ordering::SeqCst) != before
    }

    fn tag(&self, name: &str) -> Tag {
        match name {
            "authors" => self.db.table_tag::<author::Entity>(),
            "books" => self.db.table_tag::<book::Entity>(),
            "books:1" => self.db.row_tag::<book::Entity>(1),
            "books:2" => self.db.row_tag::<book::Entity>(2),
            "books:*" => self.db.unknown_rows_tag::<book::Entity>(),
            "loans" => self.db.table_tag::<loan::Entity>(),
            other => panic!("no witness for {other}"),
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                let mut file = path.clone().into_os_string();
                file.push(suffix);
                let _ = std::fs::remove_file(file);
            }
        }
    }
}

pub(crate) fn new_book(title: &str) -> book::ActiveModel {
    book::ActiveModel { title: Set(title.into()), author_id: Set(1), ..Default::default() }
}

pub(crate) fn retitled(id: i32, title: &str) -> book::ActiveModel {
    book::ActiveModel { id: Set(id), title: Set(title.into()), ..Default::default() }
}

/// One poll that nobody is woken from: for futures that are to be dropped half-way.
pub(crate) fn poll_once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
