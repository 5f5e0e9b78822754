//! Diesel's pool: every connection that it makes is followed.

use std::fmt;

use diesel::r2d2::{CustomizeConnection, Error, R2D2Connection};

use crate::{CachedDb, Database};

impl<DB: Database> CachedDb<DB> {
    /// What follows every connection of a pool: give it to
    /// [`connection_customizer`](diesel::r2d2::Builder::connection_customizer).
    ///
    /// # Example: a pool
    /// ```
    /// use diesel::prelude::*;
    /// use diesel::r2d2::{ConnectionManager, Pool};
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = CachedDb::<Sqlite>::new(&Cache::new());
    /// let manager = ConnectionManager::<SqliteConnection>::new(":memory:");
    /// let pool = Pool::builder().connection_customizer(db.customizer()).build(manager)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn customizer<C>(&self) -> Box<dyn CustomizeConnection<C, Error>>
    where
        C: R2D2Connection<Backend = DB> + 'static,
    {
        Box::new(Customizer { db: self.clone(), first: None })
    }

    /// The same, behind a customizer that the pool has already. What that one sets on its connections is not seen: it is the
    /// same for all of them, so it does not change what a read means.
    #[must_use]
    pub fn customizer_after<C>(
        &self,
        first: impl CustomizeConnection<C, Error>,
    ) -> Box<dyn CustomizeConnection<C, Error>>
    where
        C: R2D2Connection<Backend = DB> + 'static,
    {
        Box::new(Customizer { db: self.clone(), first: Some(Box::new(first)) })
    }
}

struct Customizer<DB, C> {
    db: CachedDb<DB>,
    first: Option<Box<dyn CustomizeConnection<C, Error>>>,
}

impl<DB, C> CustomizeConnection<C, Error> for Customizer<DB, C>
where
    DB: Database,
    C: R2D2Connection<Backend = DB> + 'static,
{
    fn on_acquire(&self, conn: &mut C) -> Result<(), Error> {
        if let Some(first) = &self.first {
            first.on_acquire(conn)?;
        }
        self.db.instrument(conn);
        Ok(())
    }

    fn on_release(&self, conn: C) {
        if let Some(first) = &self.first {
            first.on_release(conn);
        }
    }
}

impl<DB, C> fmt::Debug for Customizer<DB, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customizer").field("db", &self.db).finish_non_exhaustive()
    }
}
