//! The ways to connect asynchronous connections: one connection, or a pool of them.

use diesel::connection::get_default_instrumentation;
use diesel_async::pooled_connection::{ManagerConfig, SetupCallback};
use diesel_async::{AsyncConnection, TransactionManager};

use easy_cache_sql::Dialect;

use crate::holding::away;
use crate::instrumentation::find;
use crate::{CachedDb, Database};

/// # Asynchronous connections
///
/// With the feature `async`. [`install`](CachedDb::install) follows them as well.
impl<DB: Database> CachedDb<DB> {
    /// Follows one asynchronous connection. If it is followed already, nothing happens.
    ///
    /// Diesel's default instrumentation is called behind this one; what else was installed on the connection is replaced.
    ///
    /// # Example: a connection without a pool
    /// ```no_run
    /// use diesel::pg::Pg;
    /// use diesel_async::{AsyncConnection, AsyncPgConnection};
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = CachedDb::<Pg>::new(&Cache::new());
    /// let mut conn = AsyncPgConnection::establish("postgres://localhost/shop").await?;
    /// db.instrument_async(&mut conn);
    /// # Ok(())
    /// # }
    /// ```
    pub fn instrument_async<C: AsyncConnection<Backend = DB>>(&self, conn: &mut C) {
        if find(conn.instrumentation()).is_some_and(|ours| ours.is_of(self.shared())) {
            return;
        }
        away::prepare(self.hook());
        let mut instrumentation = self.instrumentation();
        // SQLite's connections are synchronous ones, on other threads.
        if DB::DIALECT != Dialect::Sqlite {
            instrumentation.tracker_mut().expect_overlap();
        }
        let depth = C::TransactionManager::transaction_manager_status_mut(conn).transaction_depth();
        if !matches!(depth, Ok(None)) {
            instrumentation.tracker_mut().begin_in_doubt();
        }
        let default = get_default_instrumentation();
        let is_ours = default.as_deref().and_then(find).is_some_and(|ours| ours.is_of(self.shared()));
        match default.filter(|_| !is_ours) {
            Some(default) => conn.set_instrumentation(instrumentation.then(default)),
            None => conn.set_instrumentation(instrumentation),
        }
    }

    /// What a pool of diesel-async (deadpool, bb8, mobc) needs to make connections that are followed.
    ///
    /// # Example: deadpool, with any other setting of the manager
    /// ```no_run
    /// use diesel::pg::Pg;
    /// use diesel_async::AsyncPgConnection;
    /// use diesel_async::pooled_connection::AsyncDieselConnectionManager;
    /// use diesel_async::pooled_connection::deadpool::Pool;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = CachedDb::<Pg>::new(&Cache::new());
    /// let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(
    ///     "postgres://localhost/shop",
    ///     db.manager_config(),
    /// );
    /// let pool = Pool::builder(manager).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn manager_config<C>(&self) -> ManagerConfig<C>
    where
        C: AsyncConnection<Backend = DB> + 'static,
    {
        let mut config = ManagerConfig::default();
        config.custom_setup = self.setup();
        config
    }

    /// The same for a [`ManagerConfig`] of the application's own: its `custom_setup`.
    #[must_use]
    pub fn setup<C>(&self) -> SetupCallback<C>
    where
        C: AsyncConnection<Backend = DB> + 'static,
    {
        away::prepare(self.hook());
        let db = self.clone();
        Box::new(move |url| {
            let (db, connecting) = (db.clone(), C::establish(url));
            Box::pin(async move {
                let mut conn = connecting.await?;
                db.instrument_async(&mut conn);
                Ok(conn)
            })
        })
    }
}
