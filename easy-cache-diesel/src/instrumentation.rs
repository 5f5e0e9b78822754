//! What Diesel calls: the events of one connection, handed to its tracker, then to whoever listened before. Nothing may go wrong
//! here, since some events come out of a `Drop`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent};

use crate::db::Shared;
use crate::tracker::Tracker;

/// Follows one connection. Made by [`CachedDb::instrumentation`](crate::CachedDb::instrumentation).
pub struct CacheInstrumentation {
    db: Arc<Shared>,
    tracker: Tracker,
    next: Option<Box<dyn Instrumentation>>,
    /// Whether the statement at hand is one of ours, which concerns nobody.
    is_quiet: Arc<AtomicBool>,
}

impl CacheInstrumentation {
    pub(crate) fn new(db: Arc<Shared>) -> Self {
        #[cfg_attr(not(feature = "async"), expect(unused_mut, reason = "nothing is said of it"))]
        let mut tracker = Tracker::new(db.hook.clone());
        #[cfg(feature = "async")]
        tracker.wait_for_store(db.patience);
        Self { db, tracker, next: None, is_quiet: Arc::default() }
    }

    /// Hands every event on to another instrumentation, such as a logger: a connection has room for one only. The last one
    /// that is named here counts.
    ///
    /// # Example: a logger of statements
    /// ```
    /// use diesel::connection::InstrumentationEvent;
    /// use diesel::prelude::*;
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = CachedDb::<Sqlite>::new(&Cache::new());
    /// let mut conn = SqliteConnection::establish(":memory:")?;
    /// let log = |event: InstrumentationEvent<'_>| eprintln!("{event:?}");
    /// conn.set_instrumentation(db.instrumentation().then(log));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn then(mut self, next: impl Instrumentation) -> Self {
        self.next = Some(Box::new(next));
        self
    }

    pub(crate) const fn db(&self) -> &Arc<Shared> {
        &self.db
    }

    pub(crate) const fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    pub(crate) const fn tracker_mut(&mut self) -> &mut Tracker {
        &mut self.tracker
    }

    /// Whether what is sent is not followed, for now. Shared with who says so while the connection is in use.
    pub(crate) const fn is_quiet(&self) -> &Arc<AtomicBool> {
        &self.is_quiet
    }

    /// Whether this, or one that it hands events to, follows for the same database.
    pub(crate) fn is_of(&self, db: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.db, db) || self.next.as_deref().and_then(find).is_some_and(|next| next.is_of(db))
    }
}

/// Ours, if it is the one that a connection calls.
pub(crate) fn find(instrumentation: &dyn Instrumentation) -> Option<&CacheInstrumentation> {
    instrumentation.downcast_ref()
}

/// The same, to change what it knows.
pub(crate) fn find_mut(instrumentation: &mut dyn Instrumentation) -> Option<&mut CacheInstrumentation> {
    instrumentation.downcast_mut()
}

impl Instrumentation for CacheInstrumentation {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let (tracker, is_quiet) = (&mut self.tracker, self.is_quiet.load(Ordering::Acquire));
        let followed = catch_unwind(AssertUnwindSafe(|| match &event {
            _ if is_quiet => {}
            InstrumentationEvent::StartQuery { query, .. } => tracker.start(*query),
            InstrumentationEvent::FinishQuery { query, error, .. } => tracker.finish(*query, *error),
            _ => {}
        }));
        if followed.is_err() {
            let _ = catch_unwind(AssertUnwindSafe(|| tracker.give_up()));
        }
        if let Some(next) = &mut self.next {
            next.on_connection_event(event);
        }
    }
}

impl fmt::Debug for CacheInstrumentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheInstrumentation").field("tracker", &self.tracker).finish_non_exhaustive()
    }
}
