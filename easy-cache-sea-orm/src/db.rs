//! The connection: every statement passes here on its way to the database, with what it reads and writes known.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use easy_cache_core::{Bypass, Cache, scope};
use easy_cache_sql::hook::{Hook, Pending, Plan, Reading};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, SchemaBuilder, Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
};

use crate::beginning::Beginning;
use crate::identity::{Identity, Queries};
use crate::raw::RawTransactions;
use crate::stream::{CachedStream, StreamedWrite};
use crate::tx::CachedTx;
use crate::values::Bound;
use crate::{CachedDbBuilder, outcome, refusal, replica};

/// A [`DatabaseConnection`] that tells the cache what is read and what was written. Cloning is cheap.
#[derive(Clone)]
pub struct CachedDb {
    inner: DatabaseConnection,
    hook: Hook,
    raw: Arc<RawTransactions>,
    /// Whom a replica follows.
    primary: Option<DatabaseConnection>,
    queries: Arc<Identity>,
}

/// A read of a replica that has caught up.
struct UpToDate {
    reading: Reading,
    tx: DatabaseTransaction,
}

impl UpToDate {
    async fn end<T>(self, result: Result<T, DbErr>, count: impl Fn(&T) -> usize) -> Result<T, DbErr> {
        self.reading.returned(result.as_ref().ok().map(count));
        let ended = self.tx.commit().await;
        result.and_then(|read| ended.map(|()| read))
    }
}

impl CachedDb {
    /// Wraps a connection. Rows are not known by their keys: register models with [`CachedDb::builder`] for that.
    #[must_use]
    pub fn new(inner: DatabaseConnection, cache: &Cache) -> Self {
        Self::builder(inner, cache).build()
    }

    /// Wraps a connection, after declaring models and what SQL text does not show.
    pub fn builder(inner: DatabaseConnection, cache: &Cache) -> CachedDbBuilder {
        CachedDbBuilder::new(inner, cache)
    }

    pub(crate) fn with(
        inner: DatabaseConnection,
        hook: Hook,
        primary: Option<DatabaseConnection>,
        queries: Queries,
    ) -> Self {
        Self { inner, hook, raw: Arc::default(), primary, queries: Arc::new(Identity::of(queries)) }
    }

    /// The cache that this connection invalidates.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.hook.cache()
    }

    /// Begins to remember what this connection invalidates, so that a test can compare it with what the database's triggers tell:
    /// see [`Audit`](easy_cache_sql::Audit).
    #[must_use]
    pub fn audit(&self) -> easy_cache_sql::Audit {
        self.hook.audit()
    }

    /// The connection inside, for what needs the type itself. **Nothing that is written through it is seen**: for that, see
    /// [`with_inner`](Self::with_inner).
    #[must_use]
    pub const fn inner(&self) -> &DatabaseConnection {
        &self.inner
    }

    /// The connection inside, for good.
    #[must_use]
    pub fn into_inner(self) -> DatabaseConnection {
        self.inner
    }

    /// Lends the connection inside to what needs the type itself, such as a migrator. Nothing is served while it is used, and
    /// everything is dropped afterwards, whether it succeeded or not, and however long it takes: the hold is renewed until then.
    ///
    /// # Errors
    /// What the closure returned.
    ///
    /// # Example: migrations behind a connection that is in use
    /// ```
    /// # use easy_cache_sea_orm::CachedDb;
    /// # use sea_orm::{DatabaseConnection, DbErr};
    /// # struct Migrator;
    /// # impl Migrator { async fn up(_: &DatabaseConnection, _: Option<u32>) -> Result<(), DbErr> { Ok(()) } }
    /// # async fn example(db: &CachedDb) -> Result<(), DbErr> {
    /// db.with_inner(async |inner| Migrator::up(inner, None).await).await?;
    /// # Ok(()) }
    /// ```
    pub async fn with_inner<T, E>(&self, run: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, E>) -> Result<T, E> {
        scope::taint();
        self.hook.hold_everything_while(run(&self.inner)).await
    }

    /// The kind of database.
    #[must_use]
    pub fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    /// A builder of schemas for this kind of database.
    #[must_use]
    pub fn get_schema_builder(&self) -> SchemaBuilder {
        self.inner.get_schema_builder()
    }

    /// Checks that the connection works.
    ///
    /// # Errors
    /// What the database said.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.inner.ping().await
    }

    /// Closes the connection.
    ///
    /// # Errors
    /// What the database said.
    pub async fn close(self) -> Result<(), DbErr> {
        self.inner.close().await
    }

    /// Closes the connection for all its clones.
    ///
    /// # Errors
    /// What the database said.
    pub async fn close_by_ref(&self) -> Result<(), DbErr> {
        self.inner.close_by_ref().await
    }

    /// Is told of every statement that is prepared on the connection inside, with the time that it took.
    pub fn set_metric_callback<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Send + Sync + 'static,
    {
        self.inner.set_metric_callback(callback);
    }

    /// Runs an async closure in a transaction, without any cache: commits if it returns `Ok`, else rolls back.
    ///
    /// # Errors
    /// What the closure returned, or what the database said to the beginning or the end of the transaction.
    pub async fn transaction_async<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c CachedTx) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        self.transaction_with_config_async(callback, None, None).await
    }

    /// The same, with an isolation level, an access mode, or both.
    ///
    /// # Errors
    /// As with [`transaction_async`](Self::transaction_async).
    pub async fn transaction_with_config_async<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c CachedTx) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let tx = self.begin_with_config(isolation_level, access_mode).await.map_err(TransactionError::Connection)?;
        let result = scope::bypass(callback(&tx)).await;
        tx.end(result).await
    }

    pub(crate) fn hook(&self) -> &Hook {
        &self.hook
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.queries
    }

    /// Runs one statement outside of any transaction. `count` tells how many rows came back, where that is known.
    async fn autocommit<T>(
        &self,
        plan: &Plan,
        run: impl Future<Output = Result<T, DbErr>> + Send,
        count: impl Fn(&T) -> Option<usize>,
    ) -> Result<T, DbErr> {
        if plan.controls_transaction() {
            return self.raw.run(&self.hook, plan, run).await;
        }
        let reading = self.observe(plan);
        let result = match plan.pending() {
            None => run.await,
            Some(pending) => {
                let written =
                    self.hook.write(&pending, run, |result| outcome::of(result, plan.is_all_or_nothing())).await;
                written.unwrap_or_else(|refused| Err(refusal::error(&refused)))
            }
        };
        reading.returned(result.as_ref().ok().and_then(count));
        result
    }

    /// The tags are observed before the replica is asked how far it is: what is invalidated in between is then compared by the tags.
    async fn up_to_date(&self, plan: &Plan) -> Option<UpToDate> {
        let primary = self.primary.as_ref()?;
        if plan.writes() || plan.controls_transaction() || self.raw.is_open() {
            return None;
        }
        let reading = Some(self.hook.observe(plan)).filter(Reading::collects)?;
        let tx = replica::caught_up(primary, &self.inner, self.cache()).await?;
        Some(UpToDate { reading, tx })
    }

    fn observe(&self, plan: &Plan) -> Reading {
        if self.raw.is_open() || self.primary.is_some() {
            scope::taint();
        }
        self.hook.observe(plan)
    }

    /// What a computation that writes yields is not kept: on a hit nothing would be written.
    fn plan(&self, sql: &str, values: &Bound<'_>) -> Plan {
        let plan = self.hook.plan(sql, values);
        self.hook.note_session(&plan, sql);
        if plan.writes() {
            scope::taint();
        }
        plan
    }

    async fn begin_by(
        &self,
        begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
    ) -> Result<CachedTx, DbErr> {
        let tx = Beginning::new(begin, self.cache()).await?;
        Ok(CachedTx::outermost(tx, self.hook.clone()))
    }
}

#[async_trait]
impl ConnectionTrait for CachedDb {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let plan = self.plan(&statement.sql, &Bound::of(&statement));
        self.autocommit(&plan, self.inner.execute_raw(statement), |_| None).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let plan = self.plan(sql, &Bound::nothing());
        self.autocommit(&plan, self.inner.execute_unprepared(sql), |_| None).await
    }

    /// A write that returns a row is read to its end: only then has the database committed it.
    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let plan = self.plan(&statement.sql, &Bound::of(&statement));
        if plan.writes() {
            let rows = self.autocommit(&plan, self.inner.query_all_raw(statement), |rows| Some(rows.len())).await?;
            return Ok(rows.into_iter().next());
        }
        if let Some(read) = self.up_to_date(&plan).await {
            let row = read.tx.query_one_raw(statement).await;
            return read.end(row, |row| usize::from(row.is_some())).await;
        }
        self.autocommit(&plan, self.inner.query_one_raw(statement), |row| Some(usize::from(row.is_some()))).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let plan = self.plan(&statement.sql, &Bound::of(&statement));
        if let Some(read) = self.up_to_date(&plan).await {
            let rows = read.tx.query_all_raw(statement).await;
            return read.end(rows, Vec::len).await;
        }
        self.autocommit(&plan, self.inner.query_all_raw(statement), |rows| Some(rows.len())).await
    }

    fn support_returning(&self) -> bool {
        self.inner.support_returning()
    }

    fn is_mock_connection(&self) -> bool {
        self.inner.is_mock_connection()
    }
}

impl StreamTrait for CachedDb {
    type Stream<'a> = CachedStream<<DatabaseConnection as StreamTrait>::Stream<'a>>;

    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            let plan = self.plan(&statement.sql, &Bound::of(&statement));
            let reading = self.observe(&plan);
            let visible = if plan.controls_transaction() { Some(Pending::everything()) } else { plan.pending() };
            let write = match visible {
                Some(visible) => Some(StreamedWrite::begin(&self.hook, &plan, &visible).await?),
                None => None,
            };
            let stream = CachedStream::open(self.inner.stream_raw(statement), write, None).await?;
            reading.returned(None);
            Ok(stream)
        })
    }
}

#[async_trait]
impl TransactionTrait for CachedDb {
    type Transaction = CachedTx;

    async fn begin(&self) -> Result<CachedTx, DbErr> {
        let inner = self.inner.clone();
        self.begin_by(async move { inner.begin().await }).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<CachedTx, DbErr> {
        let inner = self.inner.clone();
        self.begin_by(async move { inner.begin_with_config(isolation_level, access_mode).await }).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<CachedTx, DbErr> {
        let inner = self.inner.clone();
        self.begin_by(async move { inner.begin_with_options(options).await }).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c CachedTx) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let tx = self.begin().await.map_err(TransactionError::Connection)?;
        tx.within(callback).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c CachedTx) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let tx = self.begin_with_config(isolation_level, access_mode).await.map_err(TransactionError::Connection)?;
        tx.within(callback).await
    }
}

/// A cached function that is called with the connection uses the cache, unless a transaction was begun as text: then its
/// reads may see what is not committed.
impl Bypass for CachedDb {
    fn bypass_cache(&self) -> bool {
        self.raw.is_open()
    }
}

/// A connection with a cache of its own, in memory, and without models: for tests of what takes a [`CachedDb`].
///
/// # Example
/// ```
/// use easy_cache_sea_orm::CachedDb;
/// use sea_orm::Database;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sea_orm::DbErr> {
/// let db = CachedDb::from(Database::connect("sqlite::memory:").await?);
/// # db.ping().await }
/// ```
impl From<DatabaseConnection> for CachedDb {
    fn from(inner: DatabaseConnection) -> Self {
        Self::new(inner, &Cache::new())
    }
}

impl fmt::Debug for CachedDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedDb").field("inner", &self.inner).field("cache", self.cache()).finish_non_exhaustive()
    }
}
