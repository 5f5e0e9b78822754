//! Asks the database what the text of statements does not show. What to ask, and what the answer means, is known to `easy_cache_sql`.

use easy_cache_sql::feed::Ask;
use easy_cache_sql::introspect::{self, Schema};
use sea_orm::{DatabaseConnection, DbErr};

use crate::CachedDbBuilder;
use crate::builder::dialect;
use crate::feed::Inner;

impl CachedDbBuilder {
    /// Asks the database for its foreign keys that cascade, its views, partitions and triggers, so that nobody has to declare
    /// them. One query.
    ///
    /// It is asked once: migrate before, and again after [`with_inner`](crate::CachedDb::with_inner). What a trigger does that
    /// nobody understands is warned of: say it with [`trigger`](Self::trigger), or each write that sets it off drops everything. What a
    /// function writes is not found out: see [`function`](Self::function).
    ///
    /// # Errors
    /// What the database said.
    ///
    /// # Example: a foreign key that cascades
    /// ```
    /// use easy_cache_core::Cache;
    /// use easy_cache_sea_orm::CachedDb;
    /// use sea_orm::{ConnectionTrait, Database};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), sea_orm::DbErr> {
    /// let connection = Database::connect("sqlite::memory:").await?;
    /// connection.execute_unprepared("CREATE TABLE authors (id INTEGER PRIMARY KEY)").await?;
    /// let books = "CREATE TABLE books (id INTEGER PRIMARY KEY, author INTEGER REFERENCES authors (id) ON DELETE CASCADE)";
    /// connection.execute_unprepared(books).await?;
    ///
    /// let db = CachedDb::builder(connection, &Cache::new()).introspect().await?.build(); // nobody says `.cascade("authors", ["books"])`
    /// # db.ping().await }
    /// ```
    pub async fn introspect(self) -> Result<Self, DbErr> {
        let schema = schema(&self.inner).await?;
        Ok(self.schema(schema))
    }
}

async fn schema(inner: &DatabaseConnection) -> Result<Schema, DbErr> {
    let dialect = dialect(inner.get_database_backend());
    let facts = Inner(inner.clone()).rows(introspect::question(dialect).to_owned(), Vec::new()).await?;
    Ok(Schema::read(dialect, facts))
}
