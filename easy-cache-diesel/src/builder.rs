//! What is declared once about a database: which models there are, and what SQL text does not show.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use diesel::Expression;
use easy_cache_core::Cache;
use easy_cache_sql::hook::{HOLD_FOR, Hook};
use easy_cache_sql::{Analyzer, AnalyzerBuilder};

use crate::model::{Model, PrimaryKey};
use crate::{CachedDb, Database};

/// Declares what a [`CachedDb`] should know before its first statement.
#[must_use]
pub struct CachedDbBuilder<DB> {
    cache: Cache,
    analyzer: AnalyzerBuilder,
    hold_for: Duration,
    query_ttl: Option<Duration>,
    #[cfg(feature = "async")]
    patience: Duration,
    backend: PhantomData<fn() -> DB>,
}

impl<DB: Database> CachedDbBuilder<DB> {
    pub(crate) fn new(cache: &Cache) -> Self {
        Self {
            cache: cache.clone(),
            analyzer: Analyzer::builder(DB::DIALECT),
            hold_for: HOLD_FOR,
            query_ttl: None,
            #[cfg(feature = "async")]
            patience: crate::holding::A_MOMENT,
            backend: PhantomData,
        }
    }

    /// Makes the rows of a table known by their primary key: a read or write by key then concerns that row alone.
    ///
    /// Without it everything is right, but a write to one row drops what depends on any row of the table. The columns of the
    /// key, up to four, are integers, texts or UUIDs; a table with another key does not compile here, and is left out.
    ///
    /// A text key must compare byte by byte. Do not register a table whose key ignores case (`COLLATE NOCASE`, `citext`, a
    /// collation that is not deterministic): a write to `A` would not reach what was read as `a`. A type of the application's
    /// own that is bound to a key must show in `Debug` what it stores, or something that is no literal.
    pub fn model<T>(mut self, table: T) -> Self
    where
        T: Model<DB>,
        T::PrimaryKey: Expression + PrimaryKey<<T::PrimaryKey as Expression>::SqlType>,
    {
        self.analyzer = self.analyzer.primary_key(table.name(), T::PrimaryKey::columns());
        self
    }

    easy_cache_sql::declarations!(analyzer, hold_for);

    /// How long the result of a [cached query](crate::CachedQuery) is fresh. Default: until it is invalidated or evicted.
    pub const fn query_ttl(mut self, ttl: Duration) -> Self {
        self.query_ttl = Some(ttl);
        self
    }

    /// How long a write on an asynchronous connection waits until a store outside the process knows what it holds, and then what it has
    /// invalidated: a tenth of a second unless said otherwise. Then it goes on, and an event says so.
    ///
    /// **A thread of the runtime stands still meanwhile**, so this is for runtimes with several of them. If the store does not take
    /// the hold at all, the write goes on as well.
    #[cfg(feature = "async")]
    pub const fn wait_for_store(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Done: connections can be connected.
    #[must_use]
    pub fn build(self) -> CachedDb<DB> {
        CachedDb::with(
            Hook::new(self.analyzer.build(), self.cache, self.hold_for),
            self.query_ttl,
            #[cfg(feature = "async")]
            self.patience,
        )
    }
}

impl<DB> fmt::Debug for CachedDbBuilder<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cache, analyzer, hold_for, .. } = self;
        let mut debug = f.debug_struct("CachedDbBuilder");
        debug.field("cache", cache).field("analyzer", analyzer).field("hold_for", hold_for).finish_non_exhaustive()
    }
}
