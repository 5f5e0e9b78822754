//! The database as the cache knows it, and the ways to connect it: one connection, a pool, or the process.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::Connection;
use diesel::connection::{Instrumentation, InstrumentationEvent, TransactionManager, get_default_instrumentation};
use diesel::result::QueryResult;
use easy_cache_core::Cache;
use easy_cache_sql::hook::Hook;
use parking_lot::{Mutex, RwLock};

use crate::instrumentation::{CacheInstrumentation, find};
use crate::{CachedDbBuilder, Database};

/// A database whose connections tell the cache what is read and what was written. Cloning is cheap.
///
/// The connections themselves stay what they are: see [`instrument`](Self::instrument), [`customizer`](Self::customizer) and
/// [`install`](Self::install) for the three ways to connect them.
pub struct CachedDb<DB> {
    shared: Arc<Shared>,
    backend: PhantomData<fn() -> DB>,
}

/// What all connections of a database share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Tells the cached queries of two databases apart that share a cache.
    pub(crate) id: u64,
    pub(crate) hook: Hook,
    /// How long a cached query is fresh, if not for ever.
    pub(crate) query_ttl: Option<Duration>,
    /// How long a store is waited for where a runtime stands still meanwhile.
    #[cfg(feature = "async")]
    pub(crate) patience: Duration,
}

impl<DB: Database> CachedDb<DB> {
    /// Rows are not known by their keys: register models with [`CachedDb::builder`] for that.
    #[must_use]
    pub fn new(cache: &Cache) -> Self {
        Self::builder(cache).build()
    }

    /// Declares models, and what SQL text does not show.
    pub fn builder(cache: &Cache) -> CachedDbBuilder<DB> {
        CachedDbBuilder::new(cache)
    }

    /// Follows one connection. If it is followed already, nothing happens.
    ///
    /// Diesel's default instrumentation is called behind this one. What else was installed on the connection is replaced:
    /// for that, see [`CacheInstrumentation::then`].
    ///
    /// # Example: a connection without a pool
    /// ```
    /// use diesel::prelude::*;
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = CachedDb::<Sqlite>::new(&Cache::new());
    /// let mut conn = SqliteConnection::establish(":memory:")?;
    /// db.instrument(&mut conn);
    /// # Ok(())
    /// # }
    /// ```
    pub fn instrument<C: Connection<Backend = DB>>(&self, conn: &mut C) {
        if find(conn.instrumentation()).is_some_and(|ours| ours.is_of(&self.shared)) {
            return;
        }
        let mut instrumentation = self.instrumentation();
        // A broken one may be open as well.
        let depth = C::TransactionManager::transaction_manager_status_mut(conn).transaction_depth();
        if !matches!(depth, Ok(None)) {
            instrumentation.tracker_mut().begin_in_doubt();
        }
        let default = get_default_instrumentation();
        let is_ours = default.as_deref().and_then(find).is_some_and(|ours| ours.is_of(&self.shared));
        match default.filter(|_| !is_ours) {
            Some(default) => conn.set_instrumentation(instrumentation.then(default)),
            None => conn.set_instrumentation(instrumentation),
        }
    }

    /// Follows every connection that this process establishes from now on, in whatever pool: for applications that have no
    /// single place where their pool is made.
    ///
    /// There is one such slot in a process. What was in it is called behind this one, a single instance for all connections;
    /// another [`CachedDb`] that was installed before is replaced.
    ///
    /// # Errors
    /// What Diesel says to it.
    pub fn install(&self) -> QueryResult<()> {
        let before = get_default_instrumentation();
        let is_ours = before.as_deref().is_some_and(|before| find(before).is_some());
        let mut installed = INSTALLED.write();
        let next = match installed.take() {
            Some(Installed { next, .. }) if is_ours => next,
            _ => before.map(|before| SharedInstrumentation(Arc::new(Mutex::new(before)))),
        };
        *installed = Some(Installed { db: Arc::clone(&self.shared), next });
        diesel::connection::set_default_instrumentation(default_instrumentation)
    }
}

impl<DB> CachedDb<DB> {
    pub(crate) fn with(hook: Hook, query_ttl: Option<Duration>, #[cfg(feature = "async")] patience: Duration) -> Self {
        static DATABASES: AtomicU64 = AtomicU64::new(0);
        let id = DATABASES.fetch_add(1, Ordering::Relaxed);
        let shared = Shared {
            id,
            hook,
            query_ttl,
            #[cfg(feature = "async")]
            patience,
        };
        Self { shared: Arc::new(shared), backend: PhantomData }
    }

    /// What follows one connection, for callers that install it themselves, **before** the connection begins a transaction.
    #[must_use]
    pub fn instrumentation(&self) -> CacheInstrumentation {
        CacheInstrumentation::new(Arc::clone(&self.shared))
    }

    /// The cache that is invalidated.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.shared.hook.cache()
    }

    /// Begins to remember what connections of this database invalidate, so that a test can compare it with what the database's triggers
    /// tell ([`feed::told`](crate::feed::told)): see [`Audit`](easy_cache_sql::Audit).
    #[must_use]
    pub fn audit(&self) -> easy_cache_sql::Audit {
        self.shared.hook.audit()
    }

    #[cfg(feature = "async")]
    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn hook(&self) -> &Hook {
        &self.shared.hook
    }
}

/// What new connections of this process get. Diesel asks a plain function for it, so it has to be kept here.
static INSTALLED: RwLock<Option<Installed>> = RwLock::new(None);

struct Installed {
    db: Arc<Shared>,
    next: Option<SharedInstrumentation>,
}

fn default_instrumentation() -> Option<Box<dyn Instrumentation>> {
    let installed = INSTALLED.read();
    let Installed { db, next } = installed.as_ref()?;
    let ours = CacheInstrumentation::new(Arc::clone(db));
    Some(match next {
        Some(next) => Box::new(ours.then(next.clone())),
        None => Box::new(ours),
    })
}

/// The one instance that is left of what was installed before, for all connections.
#[derive(Clone)]
struct SharedInstrumentation(Arc<Mutex<Box<dyn Instrumentation>>>);

impl Instrumentation for SharedInstrumentation {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        self.0.lock().on_connection_event(event);
    }
}

impl<DB> Clone for CachedDb<DB> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), backend: PhantomData }
    }
}

impl<DB> fmt::Debug for CachedDb<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedDb").field("cache", self.cache()).finish_non_exhaustive()
    }
}
