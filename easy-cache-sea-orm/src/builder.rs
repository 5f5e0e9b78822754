//! What is declared once about a database: which models there are, and what SQL text does not show.

use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_sql::hook::{HOLD_FOR, Hook};
use easy_cache_sql::{Analyzer, AnalyzerBuilder, Dialect, KeyColumn};
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, DatabaseConnection, DbBackend, EntityName, EntityTrait, Iterable, PrimaryKeyToColumn};

use crate::CachedDb;
use crate::identity::Queries;

/// Declares what a [`CachedDb`] should know before its first statement.
#[derive(Debug)]
#[must_use]
pub struct CachedDbBuilder {
    pub(crate) inner: DatabaseConnection,
    cache: Cache,
    analyzer: AnalyzerBuilder,
    hold_for: Duration,
    is_strict: bool,
    reads: Reads,
    queries: Queries,
}

/// What may be kept of what is read.
#[derive(Debug)]
enum Reads {
    Kept,
    Unkept,
    /// If this primary had committed nothing more.
    KeptIfUpToDate(DatabaseConnection),
}

impl CachedDbBuilder {
    pub(crate) fn new(inner: DatabaseConnection, cache: &Cache) -> Self {
        let analyzer = Analyzer::builder(dialect(inner.get_database_backend()));
        let (is_strict, reads, queries) = (false, Reads::Kept, Queries::default());
        Self { inner, cache: cache.clone(), analyzer, hold_for: HOLD_FOR, is_strict, reads, queries }
    }

    /// Makes the rows of a model known by their primary key: a read or write by key then concerns that row alone.
    ///
    /// Without it everything is right, but a write to one row drops what depends on any row of the table. A key of a type
    /// other than integer, text or UUID is not used.
    ///
    /// A text key must compare byte by byte. Do not register a model whose key ignores case (`COLLATE NOCASE`, `citext`, a
    /// collation that is not deterministic): a write to `A` would not reach what was read as `a`.
    pub fn model<E: EntityTrait>(mut self) -> Self {
        let columns: Option<Vec<_>> = E::PrimaryKey::iter().map(|key| key_column(&key.into_column())).collect();
        if let Some(columns) = columns {
            self.analyzer = self.analyzer.primary_key(table_name(&E::default()), columns);
        }
        self
    }

    easy_cache_sql::declarations!(analyzer, hold_for);

    /// Refuses a write whose hold the store outside the process did not take: an error instead of an answer, before anything is sent.
    /// A COMMIT that is refused rolls its transaction back. [`is_refused`](crate::is_refused) knows the error.
    ///
    /// By default such a write goes on, and an event says so: the cache does not fail the request. Until its invalidation has arrived,
    /// other processes then serve what it makes outdated; if the writer dies in between, they do so until somebody else invalidates it.
    /// Without a store outside the process, nothing is ever refused.
    pub const fn strict_holds(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Says that the server is a replica, which may lag: what is built from its reads is not kept. Cached values are served as ever.
    pub fn replica(mut self) -> Self {
        self.reads = Reads::Unkept;
        self
    }

    /// Says that the server is a replica of another PostgreSQL by streaming: what is built from its reads is kept if it had caught up
    /// with `primary` before each of them, and not kept otherwise. Streams and transactions are never kept.
    ///
    /// Each query of a computation asks the primary for the position of its log, and then runs in a transaction of its own on the
    /// replica, after the question for how much of that has been replayed: four trips more. A replica that follows a primary with
    /// many writes is hardly ever there at once; then nothing is kept, and the computation belongs on the primary. With another
    /// kind of database this is [`replica`](Self::replica).
    pub fn replica_of(mut self, primary: &DatabaseConnection) -> Self {
        self.reads = Reads::KeptIfUpToDate(primary.clone());
        self
    }

    /// Names the database, so that what [cached queries](crate::CachedSelect) have put into a store outside the process is found
    /// by every process that gives it the same name.
    ///
    /// Without a name each `CachedDb` finds only what it has stored itself. Two databases with one name would be answered with each other's
    /// rows; so would two roles that see different rows of one database.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.queries.name = Some(name.into());
        self
    }

    /// How long the result of a [cached query](crate::CachedSelect) is fresh. Default: until it is invalidated or evicted.
    pub const fn query_ttl(mut self, ttl: Duration) -> Self {
        self.queries.ttl = Some(ttl);
        self
    }

    /// Makes the connection.
    #[must_use]
    pub fn build(self) -> CachedDb {
        let hook = Hook::new(self.analyzer.build(), self.cache, self.hold_for);
        let hook = if self.is_strict { hook.strict() } else { hook };
        match self.reads {
            Reads::Kept => CachedDb::with(self.inner, hook, None, self.queries),
            Reads::Unkept => CachedDb::with(self.inner, hook.unkept(), None, self.queries),
            Reads::KeptIfUpToDate(primary) => CachedDb::with(self.inner, hook, Some(primary), self.queries),
        }
    }
}

pub(crate) fn dialect(backend: DbBackend) -> Dialect {
    match backend {
        DbBackend::MySql => Dialect::MySql,
        DbBackend::Postgres => Dialect::Postgres,
        _ => Dialect::Sqlite,
    }
}

pub(crate) fn table_name(entity: &impl EntityName) -> String {
    match entity.schema_name() {
        Some(schema) => format!("{schema}.{}", entity.table_name()),
        None => entity.table_name().to_owned(),
    }
}

/// `None` for a type whose values have more than one spelling.
fn key_column<C: ColumnTrait>(column: &C) -> Option<KeyColumn> {
    let name = column.as_str();
    match column.def().get_column_type() {
        ColumnType::TinyInteger
        | ColumnType::SmallInteger
        | ColumnType::Integer
        | ColumnType::BigInteger
        | ColumnType::TinyUnsigned
        | ColumnType::SmallUnsigned
        | ColumnType::Unsigned
        | ColumnType::BigUnsigned => Some(KeyColumn::integer(name)),
        ColumnType::String(_) | ColumnType::Text => Some(KeyColumn::text(name)),
        ColumnType::Uuid => Some(KeyColumn::uuid(name)),
        _ => None,
    }
}
