//! Queries that are answered from the cache: their key is the query itself, their tags are what it reads.

use std::any::type_name;
use std::sync::Arc;

use diesel::connection::Instrumentation;
use diesel::dsl::{Find, Limit, Select, count_star};
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::{FindDsl, LimitDsl, LoadQuery, SelectDsl};
use diesel::result::QueryResult;
use diesel::{Connection, QueryDsl};
use easy_cache_core::Cache;

use crate::Database;
use crate::database::sql_of;
use crate::db::Shared;
use crate::instrumentation::{find, find_mut};
use crate::text::Text;
use crate::tracker::Tracker;

/// The methods of [`RunQueryDsl`](diesel::RunQueryDsl) that read, answered from the cache: on any query, also boxed ones and raw SQL.
///
/// A result is kept until something that the query reads is changed, or for
/// [`query_ttl`](crate::CachedDbBuilder::query_ttl). Results are shared, so nothing is copied on a hit.
///
/// The database is asked, and nothing is kept,
/// - in a transaction;
/// - if nobody follows the connection (see [`CachedDb`](crate::CachedDb));
/// - if the result does not depend on tables alone (`now()`, `random()`, `FOR UPDATE`, temporary tables);
/// - if a value of a type of the application's own is bound to the query, and its `Debug` is not a literal: what it leaves out
///   would not be part of the key. Wrap such a query in a [cached function](easy_cache_core::ecached) that says what its key is.
///
/// # Example: one statement for two calls
/// ```
/// use diesel::prelude::*;
/// use diesel::sqlite::Sqlite;
/// use easy_cache_core::Cache;
/// use easy_cache_diesel::{CachedDb, CachedQuery};
/// # diesel::table! { books { id -> Integer, title -> Text, } }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use diesel::connection::SimpleConnection;
/// let db = CachedDb::<Sqlite>::builder(&Cache::new()).model(books::table).build();
/// # let mut conn = SqliteConnection::establish(":memory:")?;
/// # let conn = &mut conn;
/// db.instrument(conn);
/// # conn.batch_execute("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL); INSERT INTO books VALUES (42, 'Emma')")?;
/// let title = books::table.find(42).select(books::title);
/// assert_eq!(*title.first_cached::<String, _>(conn)?, "Emma");
/// diesel::update(books::table.find(42)).set(books::title.eq("Persuasion")).execute(conn)?;
/// assert_eq!(*title.first_cached::<String, _>(conn)?, "Persuasion");
/// # Ok(())
/// # }
/// ```
pub trait CachedQuery: Sized {
    /// All rows.
    ///
    /// # Errors
    /// What the database said. Errors are not kept.
    fn load_cached<'query, U, C>(self, conn: &mut C) -> QueryResult<Arc<Vec<U>>>
    where
        U: Send + Sync + 'static,
        C: Connection<Backend: Database>,
        Self: LoadQuery<'query, C, U> + QueryFragment<C::Backend>,
    {
        cached("load", self, conn, |query, conn| query.load(conn), Vec::len)
    }

    /// The one row that there is.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) without a row, or what the database said. Errors are not kept.
    fn get_result_cached<'query, U, C>(self, conn: &mut C) -> QueryResult<Arc<U>>
    where
        U: Send + Sync + 'static,
        C: Connection<Backend: Database>,
        Self: LoadQuery<'query, C, U> + QueryFragment<C::Backend>,
    {
        cached("one", self, conn, |query, conn| query.get_result(conn), |_| 1)
    }

    /// The first row.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) without a row, or what the database said. Errors are not kept.
    fn first_cached<'query, U, C>(self, conn: &mut C) -> QueryResult<Arc<U>>
    where
        U: Send + Sync + 'static,
        C: Connection<Backend: Database>,
        Self: LimitDsl,
        Limit<Self>: LoadQuery<'query, C, U> + QueryFragment<C::Backend>,
    {
        self.limit(1).get_result_cached(conn)
    }

    /// The row with this primary key.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) without a row, or what the database said. Errors are not kept.
    fn find_cached<'query, U, C, K>(self, key: K, conn: &mut C) -> QueryResult<Arc<U>>
    where
        U: Send + Sync + 'static,
        C: Connection<Backend: Database>,
        Self: FindDsl<K>,
        Find<Self, K>: LimitDsl,
        Limit<Find<Self, K>>: LoadQuery<'query, C, U> + QueryFragment<C::Backend>,
    {
        FindDsl::find(self, key).first_cached(conn)
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database said.
    fn count_cached<'query, C>(self, conn: &mut C) -> QueryResult<i64>
    where
        C: Connection<Backend: Database>,
        Self: QueryDsl + SelectDsl<count_star>,
        Select<Self, count_star>: LoadQuery<'query, C, i64> + QueryFragment<C::Backend>,
    {
        self.count().get_result_cached(conn).map(|count| *count)
    }
}

impl<Q> CachedQuery for Q {}

/// Answers from the cache of the connection, or else by `run`, whose statement records its own tags; `count` tells how many
/// rows its result is made of.
fn cached<Q, T, C>(
    what: &str,
    query: Q,
    conn: &mut C,
    run: impl FnOnce(Q, &mut C) -> QueryResult<T>,
    count: impl FnOnce(&T) -> usize,
) -> QueryResult<Arc<T>>
where
    Q: QueryFragment<C::Backend>,
    T: Send + Sync + 'static,
    C: Connection<Backend: Database>,
{
    let place = place::<C::Backend, T>(what, &query, conn.instrumentation());
    let Some(Place { cache, db, key }) = place else { return run(query, conn).map(Arc::new) };
    let load = || {
        follow(conn, Tracker::count_next);
        let result = run(query, conn);
        follow(conn, |tracker| tracker.counted(result.as_ref().ok().map(count)));
        result.map(Arc::new)
    };
    let prepared = cache.get_or_compute_sync(key, load).local();
    match db.query_ttl {
        Some(ttl) => prepared.ttl(ttl).wait(),
        None => prepared.wait(),
    }
}

fn follow<C: Connection>(conn: &mut C, tell: impl FnOnce(&mut Tracker)) {
    if let Some(ours) = find_mut(conn.instrumentation()) {
        tell(ours.tracker_mut());
    }
}

/// Where the result of a query is kept.
pub(crate) struct Place {
    pub(crate) cache: Cache,
    pub(crate) db: Arc<Shared>,
    pub(crate) key: String,
}

/// The cache and the key for a query, unless it must not be answered from any.
pub(crate) fn place<DB: Database, T>(
    what: &str,
    query: &impl QueryFragment<DB>,
    instrumentation: &dyn Instrumentation,
) -> Option<Place> {
    let Some(ours) = find(instrumentation) else {
        tracing::warn!("a cached query runs on a connection that nobody follows: it is not cached");
        return None;
    };
    if ours.tracker().is_open().load(std::sync::atomic::Ordering::Acquire) {
        return None;
    }
    let mut text = Text::default();
    text.read(&sql_of::<DB>(query));
    if !text.is_faithful() {
        tracing::warn!(
            sql = text.sql(),
            "a query is not cached: `Debug` of a value bound to it may leave something out"
        );
        return None;
    }
    let db = Arc::clone(ours.db());
    let key = format!("diesel:{}:{what}:{}:{}\0{}", db.id, type_name::<T>(), text.sql(), text.list());
    Some(Place { cache: db.hook.cache().clone(), db, key })
}
