//! Callbacks for what was written: which writes they are told of is known to the hook of `easy_cache_sql`, here they get names.

use std::time::Duration;

use easy_cache_sql::hook::Change;

use crate::model::Model;
use crate::{CachedDb, Database};

/// # Callbacks after COMMIT
impl<DB: Database> CachedDb<DB> {
    /// Calls back after each write to a table, as soon as others can see it: for what shall happen then, such as a mail, or a message
    /// to a search index. Whatever wrote: a query, bulk SQL, a text.
    ///
    /// A [`Change`] tells the table, what kind of write it was, and the [keys](Change::keys) of its rows where the statement names them.
    ///
    /// - Each write is told once, those of one connection in their order, and what was cached is invalidated before. Nothing is told of
    ///   what was rolled back.
    /// - Callbacks run one after the other on a thread of their own: a slow one delays other callbacks, but no write, and one that
    ///   panics harms nobody. What is not told yet when the process ends is lost.
    /// - If the outcome of a write is in doubt, and the connection lives, it is told; if nobody will ever know, it is not.
    /// - If callbacks are very slow (1,024 changes wait), further changes of a table are told as one, without keys.
    ///
    /// A callback that holds on to the database, or to a pool that is connected to it, keeps it alive.
    ///
    /// # Example: a search index
    /// ```
    /// use diesel::prelude::*;
    /// use diesel::sqlite::Sqlite;
    /// use easy_cache_core::Cache;
    /// use easy_cache_diesel::CachedDb;
    /// # use std::sync::mpsc::channel;
    /// # diesel::table! { books { id -> Integer, title -> Text, } }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use diesel::connection::SimpleConnection;
    /// let db = CachedDb::<Sqlite>::builder(&Cache::new()).model(books::table).build();
    /// let (index, changed) = channel();
    /// db.on_change(books::table, move |change| {
    ///     let _ = index.send(change.keys::<i32>()); // `None`: nobody knows which, look at all
    /// });
    /// # let mut conn = SqliteConnection::establish(":memory:")?;
    /// # let conn = &mut conn;
    /// # conn.batch_execute("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL)")?;
    /// db.instrument(conn);
    ///
    /// diesel::update(books::table.find(42)).set(books::title.eq("Emma")).execute(conn)?;
    /// assert_eq!(changed.recv()?, Some(vec![42]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_change<T: Model<DB>>(&self, table: T, callback: impl Fn(&Change) + Send + Sync + 'static) {
        self.hook().on_change(self.table_name(&table), callback);
    }

    /// Waits until callbacks have been told of all that was committed before; `false` if that takes longer. For tests, and
    /// for the end of a process.
    #[must_use]
    pub fn wait_until_told(&self, within: Duration) -> bool {
        self.hook().wait_until_told(within)
    }
}
