//! Statements of our own, in plain text and answered in text: by relays, introspection and audits. Nothing follows them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::backend::Backend;
use diesel::connection::{Instrumentation, LoadConnection};
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::result::QueryResult;
use diesel::row::{Field, NamedRow};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Text};
use easy_cache_sql::feed::Texts;

use crate::instrumentation::find;

/// A backend that can be asked in plain text.
pub trait Speaks: Backend + Sized {
    #[doc(hidden)]
    fn rows<C>(conn: &mut C, sql: String, values: Vec<String>) -> QueryResult<Vec<Texts>>
    where
        C: LoadConnection<Backend = Self>;

    #[doc(hidden)]
    fn run<C>(conn: &mut C, sql: String, values: Vec<String>) -> QueryResult<()>
    where
        C: LoadConnection<Backend = Self>;

    #[doc(hidden)]
    #[cfg(feature = "async")]
    fn rows_async<C>(
        conn: &mut C,
        sql: String,
        values: Vec<String>,
    ) -> impl Future<Output = QueryResult<Vec<Texts>>> + Send
    where
        C: diesel_async::AsyncConnection<Backend = Self>;

    #[doc(hidden)]
    #[cfg(feature = "async")]
    fn run_async<C>(conn: &mut C, sql: String, values: Vec<String>) -> impl Future<Output = QueryResult<()>> + Send
    where
        C: diesel_async::AsyncConnection<Backend = Self>;
}

/// Every column of a row.
struct Row(Texts);

impl<DB: Backend> QueryableByName<DB> for Row
where
    String: FromSql<Text, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let column = |index: usize| {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            field.value().map(<String as FromSql<Text, DB>>::from_sql).transpose()
        };
        (0..row.field_count()).map(column).collect::<deserialize::Result<_>>().map(Self)
    }
}

macro_rules! speaks {
    ($($feature:literal $backend:ty),*) => {$(
        #[cfg(feature = $feature)]
        impl Speaks for $backend {
            fn rows<C>(conn: &mut C, sql: String, values: Vec<String>) -> QueryResult<Vec<Texts>>
            where
                C: LoadConnection<Backend = Self>,
            {
                let _quiet = Quiet::of(conn.instrumentation());
                let rows: Vec<Row> = diesel::RunQueryDsl::load(query::<Self>(sql, values), conn)?;
                Ok(rows.into_iter().map(|row| row.0).collect())
            }

            fn run<C>(conn: &mut C, sql: String, values: Vec<String>) -> QueryResult<()>
            where
                C: LoadConnection<Backend = Self>,
            {
                let _quiet = Quiet::of(conn.instrumentation());
                diesel::RunQueryDsl::execute(query::<Self>(sql, values), conn).map(drop)
            }

            #[cfg(feature = "async")]
            async fn rows_async<C>(conn: &mut C, sql: String, values: Vec<String>) -> QueryResult<Vec<Texts>>
            where
                C: diesel_async::AsyncConnection<Backend = Self>,
            {
                let _quiet = Quiet::of(conn.instrumentation());
                let rows: Vec<Row> = diesel_async::RunQueryDsl::load(query::<Self>(sql, values), conn).await?;
                Ok(rows.into_iter().map(|row| row.0).collect())
            }

            #[cfg(feature = "async")]
            async fn run_async<C>(conn: &mut C, sql: String, values: Vec<String>) -> QueryResult<()>
            where
                C: diesel_async::AsyncConnection<Backend = Self>,
            {
                let _quiet = Quiet::of(conn.instrumentation());
                diesel_async::RunQueryDsl::execute(query::<Self>(sql, values), conn).await.map(drop)
            }
        }
    )*};
}

speaks!("sqlite" diesel::sqlite::Sqlite, "postgres" diesel::pg::Pg, "mysql" diesel::mysql::Mysql);

fn query<DB>(sql: String, values: Vec<String>) -> BoxedSqlQuery<'static, DB, SqlQuery>
where
    DB: Backend + HasSqlType<Text>,
    String: ToSql<Text, DB>,
{
    let query = diesel::sql_query(sql).into_boxed::<DB>();
    values.into_iter().fold(query, |query, value| query.bind::<Text, String>(value))
}

/// Until this is dropped, a connection is not followed. It keeps nothing of the connection: a future that is dropped in the middle may leave
/// that in use.
struct Quiet(Option<Arc<AtomicBool>>);

impl Quiet {
    fn of(instrumentation: &mut dyn Instrumentation) -> Self {
        let is_quiet = find(instrumentation).map(|ours| Arc::clone(ours.is_quiet()));
        let quiet = Self(is_quiet);
        quiet.be(true);
        quiet
    }

    fn be(&self, is_quiet: bool) {
        if let Some(ours) = &self.0 {
            ours.store(is_quiet, Ordering::Release);
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        self.be(false);
    }
}
