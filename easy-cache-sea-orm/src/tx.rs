//! A transaction: what it has written is remembered, and told to the cache only when the outermost COMMIT has succeeded.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use easy_cache_core::{Bypass, scope};
use easy_cache_sql::hook::{Hook, Pending, Plan};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult,
    Statement, StreamTrait, TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};

use crate::frames::{Ending, Frames, Open};
use crate::outcome;
use crate::refusal;
use crate::stream::{CachedStream, StreamedWrite};
use crate::values::Bound;

/// A [`DatabaseTransaction`] that tells the cache what it has written, once it is committed.
///
/// Reads use no cache and taint what is computed from them. Dropping it rolls back, and nothing is invalidated.
pub struct CachedTx {
    /// Before `inner`, so that it is closed first: a write that comes in between counts for the frame around.
    open: Open,
    inner: DatabaseTransaction,
    hook: Hook,
}

impl CachedTx {
    pub(crate) fn outermost(inner: DatabaseTransaction, hook: Hook) -> Self {
        Self { open: Frames::default().open(), inner, hook }
    }

    /// SeaORM rolls the transaction around back if a savepoint cannot be set.
    async fn savepoint(&self, begin: impl Future<Output = Result<DatabaseTransaction, DbErr>>) -> Result<Self, DbErr> {
        let doubt = Doubt::of(self.frames(), Frames::doubt_everything);
        let inner = begin.await?;
        doubt.dispel();
        Ok(Self { open: self.frames().open(), inner, hook: self.hook.clone() })
    }

    fn frames(&self) -> &Frames {
        self.open.frames()
    }

    /// The kind of database.
    #[must_use]
    pub fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.inner)
    }

    fn plan(&self, sql: &str, values: &Bound<'_>) -> Plan {
        scope::taint();
        let plan = self.hook.plan(sql, values);
        self.hook.note_session(&plan, sql);
        plan
    }

    /// Notes a write, and says what is to be held while it runs: nothing, as long as only the COMMIT makes it visible.
    fn note(&self, plan: &Plan) -> Option<Pending> {
        let pending = plan.pending();
        self.frames().write(pending.clone().unwrap_or_default());
        if plan.may_end_transaction() {
            self.frames().doubt_everything();
            let mut visible = Pending::everything();
            visible.merge(self.frames().all());
            return Some(visible);
        }
        pending.filter(|_| self.frames().is_doubtful())
    }

    async fn run<T>(&self, plan: Plan, run: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        let doubt = Doubt::of(self.frames(), Frames::doubt);
        let result = match self.note(&plan) {
            None => run.await,
            Some(visible) => {
                let written =
                    self.hook.write(&visible, run, |result| outcome::of(result, plan.is_all_or_nothing())).await;
                written.unwrap_or_else(|refused| Err(refusal::error(&refused)))
            }
        };
        if result.is_ok() {
            doubt.dispel();
        }
        result
    }
}

/// Dropped with the future of a statement that did not finish, or failed, it says that the transaction may be over.
struct Doubt<'a> {
    frames: &'a Frames,
    say: Option<fn(&Frames)>,
}

impl<'a> Doubt<'a> {
    fn of(frames: &'a Frames, say: fn(&Frames)) -> Self {
        Self { frames, say: Some(say) }
    }

    fn dispel(mut self) {
        self.say = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(say) = self.say {
            say(self.frames);
        }
    }
}

#[async_trait]
impl TransactionSession for CachedTx {
    /// Commits. What becomes visible by it is held before, and invalidated after.
    async fn commit(self) -> Result<(), DbErr> {
        let Self { open, inner, hook } = self;
        let frames = open.frames().clone();
        let doubt = Doubt::of(&frames, Frames::doubt);
        let Ending { visible, is_certain } = open.commit();
        // Refused, the COMMIT is dropped unsent, and the transaction with it: that rolls back.
        let result = hook.write(&visible, inner.commit(), |result| outcome::of(result, is_certain)).await;
        let result = result.unwrap_or_else(|refused| Err(refusal::error(&refused)));
        if result.is_ok() {
            doubt.dispel();
        }
        result
    }

    /// Rolls back. Nothing is invalidated: what was written in doubt has been told at once.
    async fn rollback(self) -> Result<(), DbErr> {
        let Self { open, inner, .. } = self;
        let rolling_back = open.roll_back();
        let result = inner.rollback().await;
        if result.is_ok() {
            rolling_back.succeeded();
        }
        result
    }
}

impl CachedTx {
    /// Commits. The same as [`TransactionSession::commit`], without the trait in scope.
    ///
    /// # Errors
    /// What the database said. What was written is then either known not to have happened, or not served until a deadline.
    pub async fn commit(self) -> Result<(), DbErr> {
        TransactionSession::commit(self).await
    }

    /// Rolls back. Nothing is invalidated.
    ///
    /// # Errors
    /// What the database said.
    pub async fn rollback(self) -> Result<(), DbErr> {
        TransactionSession::rollback(self).await
    }

    /// Runs an async closure in a savepoint: see [`CachedDb::transaction_async`](crate::CachedDb::transaction_async).
    ///
    /// # Errors
    /// What the closure returned, or what the database said to the savepoint or to its end.
    pub async fn transaction_async<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c Self) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let tx = self.begin().await.map_err(TransactionError::Connection)?;
        let result = scope::bypass(callback(&tx)).await;
        tx.end(result).await
    }

    /// Runs the callback without any cache, then commits or rolls back.
    pub(crate) async fn within<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let result = scope::bypass(callback(&self)).await;
        self.end(result).await
    }

    /// Commits or rolls back, as the result of what ran in the transaction demands.
    pub(crate) async fn end<T, E: fmt::Display + fmt::Debug>(
        self,
        result: Result<T, E>,
    ) -> Result<T, TransactionError<E>> {
        let ended = if result.is_ok() { self.commit().await } else { self.rollback().await };
        ended.map_err(TransactionError::Connection)?;
        result.map_err(TransactionError::Transaction)
    }
}

#[async_trait]
impl ConnectionTrait for CachedTx {
    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let plan = self.plan(&statement.sql, &Bound::of(&statement));
        self.run(plan, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let plan = self.plan(sql, &Bound::nothing());
        self.run(plan, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let plan = self.plan(&statement.sql, &Bound::of(&statement));
        self.run(plan, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let plan = self.plan(&statement.sql, &Bound::of(&statement));
        self.run(plan, self.inner.query_all_raw(statement)).await
    }

    fn support_returning(&self) -> bool {
        self.inner.support_returning()
    }

    fn is_mock_connection(&self) -> bool {
        self.inner.is_mock_connection()
    }
}

impl StreamTrait for CachedTx {
    type Stream<'a> = CachedStream<<DatabaseTransaction as StreamTrait>::Stream<'a>>;

    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            let plan = self.plan(&statement.sql, &Bound::of(&statement));
            let doubt = Doubt::of(self.frames(), Frames::doubt);
            let write = match self.note(&plan) {
                Some(visible) => Some(StreamedWrite::begin(&self.hook, &plan, &visible).await?),
                None => None,
            };
            let stream =
                CachedStream::open(self.inner.stream_raw(statement), write, Some(self.frames().clone())).await?;
            doubt.dispel();
            Ok(stream)
        })
    }
}

#[async_trait]
impl TransactionTrait for CachedTx {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        self.savepoint(self.inner.begin()).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        self.savepoint(self.inner.begin_with_config(isolation_level, access_mode)).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        self.savepoint(self.inner.begin_with_options(options)).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
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
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let tx = self.begin_with_config(isolation_level, access_mode).await.map_err(TransactionError::Connection)?;
        tx.within(callback).await
    }
}

/// A cached function that is called with a transaction computes, and its result is kept by no cache.
impl Bypass for CachedTx {
    fn bypass_cache(&self) -> bool {
        true
    }
}

impl fmt::Debug for CachedTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedTx").field("frames", self.frames()).finish_non_exhaustive()
    }
}
