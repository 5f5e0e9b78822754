//! Asks the database what the text of statements does not show. What to ask, and what the answer means, is known to `easy_cache_sql`.

use diesel::connection::LoadConnection;
use diesel::result::QueryResult;
use easy_cache_sql::introspect::{Schema, question};

use crate::{CachedDbBuilder, Database};

/// # What the database knows itself
impl<DB: Database> CachedDbBuilder<DB> {
    /// Asks the database for its foreign keys that cascade, its views, partitions and triggers, so that nobody has to declare
    /// them. One query, on a connection that need not be followed.
    ///
    /// It is asked once: migrate before. What a trigger does that nobody understands is warned of: say it with
    /// [`trigger`](Self::trigger), or each write that sets it off drops everything. What a function writes is not found out: see
    /// [`function`](Self::function).
    ///
    /// # Errors
    /// What the database said.
    ///
    /// # Example: a foreign key that cascades
    /// ```
    /// use diesel::prelude::*;
    /// use diesel::connection::SimpleConnection;
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let conn = &mut SqliteConnection::establish(":memory:")?;
    /// conn.batch_execute("CREATE TABLE authors (id INTEGER PRIMARY KEY)")?;
    /// conn.batch_execute("CREATE TABLE books (author INTEGER REFERENCES authors (id) ON DELETE CASCADE)")?;
    ///
    /// let db = CachedDb::<Sqlite>::builder(&Cache::new()).introspect(conn)?.build(); // nobody says `.cascade("authors", ["books"])`
    /// # Ok(()) }
    /// ```
    pub fn introspect<C: LoadConnection<Backend = DB>>(self, conn: &mut C) -> QueryResult<Self> {
        let facts = DB::rows(conn, question(DB::DIALECT).to_owned(), Vec::new())?;
        Ok(self.schema(Schema::read(DB::DIALECT, facts)))
    }

    /// The same on an asynchronous connection.
    ///
    /// # Errors
    /// What the database said.
    ///
    /// # Example: before the pool is made, which needs the database
    /// ```no_run
    /// use diesel::pg::Pg;
    /// use diesel_async::{AsyncConnection, AsyncPgConnection};
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut conn = AsyncPgConnection::establish("postgres://localhost/shop").await?;
    /// let db = CachedDb::<Pg>::builder(&Cache::new()).introspect_async(&mut conn).await?.build();
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "async")]
    pub async fn introspect_async<C>(self, conn: &mut C) -> QueryResult<Self>
    where
        C: diesel_async::AsyncConnection<Backend = DB>,
    {
        let facts = DB::rows_async(conn, question(DB::DIALECT).to_owned(), Vec::new()).await?;
        Ok(self.schema(Schema::read(DB::DIALECT, facts)))
    }
}
