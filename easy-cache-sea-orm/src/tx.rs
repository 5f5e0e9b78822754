//! A transaction: what it has written is remembered, and told to the cache only when the outermost COMMIT has succeeded.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use easy_cache_core::{Bypass, scope};
use easy_cache_sql::hook::{Hook, Outcome, Pending, Plan};
use parking_lot::Mutex;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult,
    Statement, StreamTrait, TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};

use crate::db::in_transaction;
use crate::outcome;
use crate::stream::CachedStream;
use crate::values::Bound;

/// What a transaction, or a savepoint of it, has written so far.
type Frame = Arc<Mutex<Pending>>;

/// A [`DatabaseTransaction`] that tells the cache what it has written, once it is committed.
///
/// Reads use no cache and taint what is computed from them. Dropping it rolls back, and nothing is invalidated.
pub struct CachedTx {
    inner: DatabaseTransaction,
    hook: Hook,
    written: Frame,
    /// The frame around a savepoint's; `None` for the outermost transaction.
    around: Option<Frame>,
}

impl CachedTx {
    pub(crate) fn outermost(inner: DatabaseTransaction, hook: Hook) -> Self {
        Self { inner, hook, written: Frame::default(), around: None }
    }

    fn savepoint(&self, inner: DatabaseTransaction) -> Self {
        Self { inner, hook: self.hook.clone(), written: Frame::default(), around: Some(Arc::clone(&self.written)) }
    }

    /// The kind of database.
    #[must_use]
    pub fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.inner)
    }

    /// Remembers a write **before** it is sent: if its future is dropped, it may have happened.
    fn note(&self, sql: &str, values: &Bound<'_>) -> Plan {
        scope::taint();
        let plan = self.hook.plan(sql, values);
        self.hook.note_session(&plan, sql);
        if let Some(pending) = plan.pending() {
            self.written.lock().merge(pending);
        }
        plan
    }

    /// Runs a statement. One that may end the transaction by itself is treated as a commit of everything.
    async fn run<T>(&self, plan: Plan, run: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        if !plan.controls_transaction() || plan.leaves_transaction_open() {
            return run.await;
        }
        let hold = self.hook.hold(&Pending::Everything).await;
        let result = run.await;
        self.hook.settle(hold, Outcome::Committed).await;
        result
    }

    fn taken(&self) -> Pending {
        std::mem::take(&mut *self.written.lock())
    }
}

#[async_trait]
impl TransactionSession for CachedTx {
    /// Commits. An outermost transaction holds what it has written before, and invalidates it after.
    async fn commit(self) -> Result<(), DbErr> {
        let pending = self.taken();
        if let Some(around) = self.around {
            around.lock().merge(pending);
            return self.inner.commit().await;
        }
        if pending.is_empty() {
            return self.inner.commit().await;
        }
        let hold = self.hook.hold(&pending).await;
        let result = self.inner.commit().await;
        self.hook.settle(hold, outcome::of(&result, false)).await;
        result
    }

    async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
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
}

#[async_trait]
impl ConnectionTrait for CachedTx {
    fn get_database_backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let plan = self.note(&statement.sql, &Bound::of(&statement));
        self.run(plan, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let plan = self.note(sql, &Bound::nothing());
        self.run(plan, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let plan = self.note(&statement.sql, &Bound::of(&statement));
        self.run(plan, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let plan = self.note(&statement.sql, &Bound::of(&statement));
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
            self.note(&statement.sql, &Bound::of(&statement));
            Ok(CachedStream::new(self.inner.stream_raw(statement).await?, None))
        })
    }
}

#[async_trait]
impl TransactionTrait for CachedTx {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        self.inner.begin().await.map(|tx| self.savepoint(tx))
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        self.inner.begin_with_config(isolation_level, access_mode).await.map(|tx| self.savepoint(tx))
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        self.inner.begin_with_options(options).await.map(|tx| self.savepoint(tx))
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let tx = self.begin().await.map_err(TransactionError::Connection)?;
        in_transaction(tx, callback).await
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
        in_transaction(tx, callback).await
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
        f.debug_struct("CachedTx").field("written", &*self.written.lock()).finish_non_exhaustive()
    }
}
