//! A library of its own: our connection with a cache before it, another one that looks at all rows, and witnesses that tell which tags
//! were invalidated.

use std::collections::BTreeSet;
use std::path::PathBuf;

use easy_cache_core::{Cache, Tag};
use easy_cache_sea_orm::CachedDb;
use easy_cache_sea_orm::feed::Triggers;
use easy_cache_servers::{MariaDb, Postgres, unique};
use easy_cache_sql::feed::{Notice, OUTBOX};
use easy_cache_sql::introspect::{self, Schema};
use easy_cache_sql::{Dialect, KeyColumn};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::library::{self, KEY_KINDS, TABLES};
use crate::orm::{author, book, code, line, loan, stat, unrelated};
use crate::state::{Difference, State};

pub(crate) struct Site {
    pub(crate) kind: Dialect,
    pub(crate) db: CachedDb,
    pub(crate) cache: Cache,
    /// Looks, and puts everything back.
    other: DatabaseConnection,
    pub(crate) before: State,
    file: Option<PathBuf>,
    told: i64,
}

/// What a way of writing has brought about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// The tags that were invalidated.
    pub(crate) published: BTreeSet<String>,
    /// The rows that are different.
    pub(crate) differences: BTreeSet<Difference>,
    /// What the triggers told.
    pub(crate) told: Vec<Notice>,
}

impl Site {
    pub(crate) async fn new(kind: Dialect) -> Self {
        let (url, file) = place(kind);
        let other = connect(&url).await;
        let cache = Cache::new();
        rebuild(&other, kind).await;
        let db = wrap(connect(&url).await, &cache, schema(&other, kind).await);
        let mut site = Self { kind, db, cache, other, before: State::default(), file, told: 0 };
        site.refill().await;
        site.published().await;
        site
    }

    /// Makes everything anew.
    pub(crate) async fn build(&mut self) {
        rebuild(&self.other, self.kind).await;
        // SQLite refuses a definition by what the connection remembers of tables, unless a read has shown it what is there.
        execute(self.db.inner(), "SELECT * FROM codes").await;
        self.refill().await;
    }

    /// Puts all rows back, and all witnesses.
    pub(crate) async fn refill(&mut self) {
        self.run(&library::refill(self.kind)).await;
        self.before = State::of(&self.other, self.kind).await.unwrap();
        self.told = self.last_told().await;
    }

    /// The same after a statement with these effects: where nothing is different, there is nothing to put back.
    pub(crate) async fn put_back(&mut self, effects: &Effects) {
        if *effects != Effects::default() {
            self.refill().await;
        }
    }

    /// What has happened since everything was put back. Does not look at rows whose table is gone.
    pub(crate) async fn effects(&self) -> Effects {
        let after = State::of(&self.other, self.kind).await;
        let differences = after.map(|after| self.before.differences(&after)).unwrap_or_default();
        Effects { published: self.published().await, differences, told: self.changes().await }
    }

    /// What the database says of itself.
    pub(crate) async fn schema(&self) -> Schema {
        schema(&self.other, self.kind).await
    }

    /// Where SQLite keeps it.
    pub(crate) fn file(&self) -> &str {
        self.file.as_deref().and_then(std::path::Path::to_str).unwrap()
    }

    /// What a query says, out of the cache or through it.
    pub(crate) async fn read(&self, sql: &str) -> String {
        let load = async { texts(&self.db.query_all_raw(self.statement(sql.to_owned())).await.unwrap()) };
        self.cache.get_or_compute(format!("read:{sql}"), async { Some(load.await) }).await.unwrap()
    }

    /// What the cache still says.
    pub(crate) async fn kept(&self, sql: &str) -> Option<String> {
        self.cache.get_or_compute(format!("read:{sql}"), async { None::<String> }).await
    }

    /// What the database says.
    pub(crate) async fn looked_up(&self, sql: &str) -> String {
        texts(&self.other.query_all_raw(self.statement(sql.to_owned())).await.unwrap())
    }

    /// The tags whose witnesses are gone; they are watched from now on.
    pub(crate) async fn published(&self) -> BTreeSet<String> {
        let mut gone = BTreeSet::new();
        for (name, tag) in universe() {
            let load = async {
                gone.insert(name.clone());
                Some(1)
            };
            self.cache.get_or_compute(format!("witness:{name}"), load).tags([tag]).await;
        }
        gone
    }

    async fn last_told(&self) -> i64 {
        let sql = format!("SELECT COALESCE(MAX(id), 0) FROM {OUTBOX}");
        let row = self.other.query_one_raw(self.statement(sql)).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    async fn changes(&self) -> Vec<Notice> {
        let sql = format!("SELECT tbl, operation, row_keys FROM {OUTBOX} WHERE id > {} ORDER BY id", self.told);
        let Ok(rows) = self.other.query_all_raw(self.statement(sql)).await else { return Vec::new() };
        let change = |row: sea_orm::QueryResult| {
            let text = |index| row.try_get_by_index::<String>(index).unwrap();
            let keys: Option<String> = row.try_get_by_index(2).unwrap();
            Notice::from_row(&text(0), &text(1), keys.as_deref()).unwrap()
        };
        rows.into_iter().map(change).collect()
    }

    fn statement(&self, sql: String) -> Statement {
        Statement::from_string(self.other.get_database_backend(), sql)
    }

    async fn run(&self, sql: &str) {
        execute(&self.other, sql).await;
    }
}

/// The rows of a query as one text, whatever their types.
fn texts(rows: &[sea_orm::QueryResult]) -> String {
    let column = |row: &sea_orm::QueryResult, index: usize| {
        let number = || row.try_get_by_index::<Option<i64>>(index).ok().map(|number| format!("{number:?}"));
        let small = || row.try_get_by_index::<Option<i32>>(index).ok().map(|number| format!("{number:?}"));
        let text = || row.try_get_by_index::<Option<String>>(index).ok().map(|text| format!("{text:?}"));
        number().or_else(small).or_else(text).unwrap_or_else(|| format!("{row:?}"))
    };
    let rows = rows.iter().map(|row| (0..row.column_names().len()).map(|index| column(row, index)).collect::<Vec<_>>());
    rows.map(|row| row.join(",")).collect::<Vec<_>>().join(";")
}

fn place(kind: Dialect) -> (String, Option<PathBuf>) {
    match kind {
        Dialect::Postgres => (Postgres::shared().database().url, None),
        Dialect::MySql => (MariaDb::shared().database().url, None),
        _ => {
            let file = std::env::temp_dir().join(format!("{}.db", unique("easy-cache-truth")));
            (format!("sqlite://{}?mode=rwc", file.display()), Some(file))
        }
    }
}

/// One connection, so that a transaction that is begun as text stays on it.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    // Rows that SQLite replaces are told by triggers only if they may call each other.
    let settings = [("recursive_triggers", "ON"), ("journal_mode", "WAL"), ("synchronous", "OFF")];
    options.map_sqlx_sqlite_opts(move |options| {
        settings.iter().fold(options, |options, (name, value)| options.pragma(*name, *value))
    });
    Database::connect(options).await.unwrap()
}

async fn execute(connection: &DatabaseConnection, sql: &str) {
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("`{sql}` failed: {error}"));
}

async fn rebuild(connection: &DatabaseConnection, kind: Dialect) {
    let triggers = watched(Triggers::outbox(kind)).up();
    for statement in library::drop(kind).into_iter().chain(library::create(kind)).chain(triggers) {
        execute(connection, &statement).await;
    }
}

/// What the database says of itself.
async fn schema(connection: &DatabaseConnection, kind: Dialect) -> Schema {
    let statement = Statement::from_string(connection.get_database_backend(), introspect::question(kind));
    let rows = connection.query_all_raw(statement).await.unwrap();
    let columns = |row: sea_orm::QueryResult| -> Vec<Option<String>> {
        (0..7).map(|index| row.try_get_by_index(index).unwrap()).collect()
    };
    Schema::read(kind, rows.into_iter().map(columns))
}

fn wrap(connection: DatabaseConnection, cache: &Cache, schema: Schema) -> CachedDb {
    CachedDb::builder(connection, cache)
        .model::<author::Entity>()
        .model::<book::Entity>()
        .model::<loan::Entity>()
        .model::<code::Entity>()
        .model::<line::Entity>()
        .model::<stat::Entity>()
        .model::<unrelated::Entity>()
        .schema(schema)
        .function("restock", ["books"])
        .function("restock_all", ["books"])
        .build()
}

fn watched(triggers: Triggers) -> Triggers {
    TABLES.iter().zip(KEY_KINDS).fold(triggers, |triggers, ((table, columns, _), kinds)| {
        let key = kinds.chars().zip(*columns).map(|(kind, column)| match kind {
            'i' => KeyColumn::integer(*column),
            _ => KeyColumn::text(*column),
        });
        triggers.table(*table, key.collect::<Vec<_>>()).never_replaced()
    })
}

/// Every tag that a witness stands for: each table, its unknown and its added rows, and each row that is there or may come.
pub(crate) fn universe() -> Vec<(String, Tag)> {
    let mut all = Vec::new();
    for (table, ..) in TABLES {
        // Names in tags are as the database compares them; that of quoted names is its own on PostgreSQL alone.
        for table in BTreeSet::from([table.to_owned(), table.to_lowercase()]) {
            all.push((table.clone(), Tag::table(&table)));
            all.push((format!("{table}:*"), Tag::unknown_rows(&table)));
            all.push((format!("{table}:+"), Tag::row(&table, "+")));
            all.extend(rows(&table).into_iter().map(|key| (format!("{table}:{key}"), Tag::row(&table, key))));
        }
    }
    all
}

fn rows(table: &str) -> Vec<String> {
    match table {
        "loans" => (1..=9)
            .collect::<Vec<_>>()
            .iter()
            .flat_map(|book| ["ann", "bob", "eve"].map(|member| format!("{book},{member}")))
            .collect(),
        "codes" => ["a", "A", "b", "B", "c"].map(str::to_owned).into(),
        "notes" => Vec::new(),
        "books" => (1..=9).chain([77]).map(|id| id.to_string()).collect(),
        _ => (1..=8).map(|id| id.to_string()).collect(),
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            if let Some(file) = &self.file {
                let mut file = file.clone().into_os_string();
                file.push(suffix);
                let _absent = std::fs::remove_file(file);
            }
        }
    }
}
