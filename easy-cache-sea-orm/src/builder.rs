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
    inner: DatabaseConnection,
    cache: Cache,
    analyzer: AnalyzerBuilder,
    hold_for: Duration,
    queries: Queries,
}

impl CachedDbBuilder {
    pub(crate) fn new(inner: DatabaseConnection, cache: &Cache) -> Self {
        let analyzer = Analyzer::builder(dialect(inner.get_database_backend()));
        Self { inner, cache: cache.clone(), analyzer, hold_for: HOLD_FOR, queries: Queries::default() }
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
        CachedDb::with(self.inner, hook, self.queries)
    }
}

fn dialect(backend: DbBackend) -> Dialect {
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
