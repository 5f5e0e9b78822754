//! Cached queries on asynchronous connections. Where their results are kept is said in `query`.

use std::future::Future;
use std::sync::Arc;

use diesel::dsl::{Find, Limit, Select, count_star};
use diesel::query_builder::QueryFragment;
use diesel::query_dsl::methods::{FindDsl, LimitDsl, SelectDsl};
use diesel::result::QueryResult;
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::Database;
use crate::instrumentation::find_mut;
use crate::query::{Place, place};
use crate::tracker::Tracker;

/// [`CachedQuery`](crate::CachedQuery) for asynchronous connections: the same methods, awaited, on the same conditions.
///
/// # Example: one statement for two calls
/// ```no_run
/// use diesel::prelude::*;
/// use diesel_async::AsyncPgConnection;
/// use easy_cache_diesel::AsyncCachedQuery;
/// # diesel::table! { books { id -> Integer, title -> Text, } }
///
/// # async fn example(conn: &mut AsyncPgConnection) -> QueryResult<()> {
/// let title = books::table.find(42).select(books::title);
/// let emma = title.first_cached::<String, _>(conn).await?;
/// let again = title.first_cached::<String, _>(conn).await?;
/// # Ok(())
/// # }
/// ```
pub trait AsyncCachedQuery: Sized {
    /// All rows.
    ///
    /// # Errors
    /// What the database said. Errors are not kept.
    fn load_cached<'query, U, C>(self, conn: &mut C) -> impl Future<Output = QueryResult<Arc<Vec<U>>>> + Send
    where
        U: Send + Sync + 'static,
        C: AsyncConnection<Backend: Database>,
        Self: LoadQuery<'query, C, U> + QueryFragment<C::Backend> + Send + 'query,
    {
        async move {
            let place = place::<C::Backend, Vec<U>>("load", &self, conn.instrumentation());
            let Some(place) = place else { return self.load(conn).await.map(Arc::new) };
            let load = async {
                follow(conn, Tracker::count_next);
                let rows: QueryResult<Vec<U>> = self.load(conn).await;
                follow(conn, |tracker| tracker.counted(rows.as_ref().ok().map(Vec::len)));
                rows.map(Arc::new)
            };
            place.answer(load).await
        }
    }

    /// The one row that there is.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) without a row, or what the database said. Errors are not kept.
    fn get_result_cached<'query, U, C>(self, conn: &mut C) -> impl Future<Output = QueryResult<Arc<U>>> + Send
    where
        U: Send + Sync + 'static,
        C: AsyncConnection<Backend: Database>,
        Self: LoadQuery<'query, C, U> + QueryFragment<C::Backend> + Send + 'query,
    {
        async move {
            let place = place::<C::Backend, U>("one", &self, conn.instrumentation());
            let Some(place) = place else { return self.get_result(conn).await.map(Arc::new) };
            let load = async {
                follow(conn, Tracker::count_next);
                let row: QueryResult<U> = self.get_result(conn).await;
                follow(conn, |tracker| tracker.counted(row.is_ok().then_some(1)));
                row.map(Arc::new)
            };
            place.answer(load).await
        }
    }

    /// The first row.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) without a row, or what the database said. Errors are not kept.
    fn first_cached<'query, U, C>(self, conn: &mut C) -> impl Future<Output = QueryResult<Arc<U>>> + Send
    where
        U: Send + Sync + 'static,
        C: AsyncConnection<Backend: Database>,
        Self: LimitDsl,
        Limit<Self>: LoadQuery<'query, C, U> + QueryFragment<C::Backend> + Send + 'query,
    {
        self.limit(1).get_result_cached(conn)
    }

    /// The row with this primary key.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) without a row, or what the database said. Errors are not kept.
    fn find_cached<'query, U, C, K>(self, key: K, conn: &mut C) -> impl Future<Output = QueryResult<Arc<U>>> + Send
    where
        U: Send + Sync + 'static,
        C: AsyncConnection<Backend: Database>,
        Self: FindDsl<K>,
        Find<Self, K>: LimitDsl,
        Limit<Find<Self, K>>: LoadQuery<'query, C, U> + QueryFragment<C::Backend> + Send + 'query,
    {
        FindDsl::find(self, key).first_cached(conn)
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database said.
    fn count_cached<'query, C>(self, conn: &mut C) -> impl Future<Output = QueryResult<i64>> + Send
    where
        C: AsyncConnection<Backend: Database>,
        Self: SelectDsl<count_star>,
        Select<Self, count_star>: LoadQuery<'query, C, i64> + QueryFragment<C::Backend> + Send + 'query,
    {
        let counting = SelectDsl::select(self, diesel::dsl::count_star()).get_result_cached(conn);
        async move { counting.await.map(|count| *count) }
    }
}

impl<Q> AsyncCachedQuery for Q {}

impl Place {
    /// Answers from the cache, or else by `load`.
    async fn answer<T: Send + Sync + 'static>(
        self,
        load: impl Future<Output = QueryResult<Arc<T>>> + Send,
    ) -> QueryResult<Arc<T>> {
        let prepared = self.cache.get_or_compute(self.key, load).local();
        match self.db.query_ttl {
            Some(ttl) => prepared.ttl(ttl).await,
            None => prepared.await,
        }
    }
}

fn follow<C: AsyncConnection>(conn: &mut C, tell: impl FnOnce(&mut Tracker)) {
    if let Some(ours) = find_mut(conn.instrumentation()) {
        tell(ours.tracker_mut());
    }
}
