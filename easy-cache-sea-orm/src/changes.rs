//! Callbacks for what was written: which writes they are told of is known to the hook of `easy_cache_sql`, here they get models.

use std::time::Duration;

use easy_cache_sql::hook::Change;
use sea_orm::EntityTrait;

use crate::CachedDb;

/// # Callbacks after COMMIT
impl CachedDb {
    /// Calls back after each write to the table of a model, as soon as others can see it: for what shall happen then, such as a
    /// mail, or a message to a search index.
    ///
    /// Whatever wrote: a model, a bulk update, an upsert, a text. SeaORM's own `after_save` hears of models that are saved one by one
    /// only, before the COMMIT, and also of those that are rolled back.
    ///
    /// A [`Change`] tells the table, what kind of write it was, and the [keys](Change::keys) of its rows where the statement names them
    /// and the model is [registered](crate::CachedDbBuilder::model). A text key is told as `String`, a UUID as its text.
    ///
    /// - Each write is told once, those of one connection in their order, and what was cached is invalidated before. Nothing is told of
    ///   what was rolled back, unless the transaction was begun as text.
    /// - Callbacks run one after the other on a thread of their own, outside of any runtime: a slow one delays other callbacks, but no
    ///   write, and one that panics harms nobody. For async work let it send to a channel. What is not told yet when the process
    ///   ends is lost.
    /// - If the outcome of a write is in doubt, and the connection lives, it is told; if nobody will ever know, it is not.
    /// - If callbacks are very slow (1,024 changes wait), further changes of a table are told as one, without keys.
    ///
    /// A callback that holds on to the connection keeps it alive.
    ///
    /// # Example: a search index
    /// ```
    /// use easy_cache_core::Cache;
    /// use easy_cache_sea_orm::CachedDb;
    /// use sea_orm::{ActiveModelTrait, ActiveValue::Set, Database};
    /// # mod book {
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    /// #     #[sea_orm(table_name = "books")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub title: String }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = CachedDb::builder(Database::connect("sqlite::memory:").await?, &Cache::new()).model::<book::Entity>().build();
    /// # use sea_orm::ConnectionTrait;
    /// # let sql = "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL); INSERT INTO books VALUES (42, 'Ema')";
    /// # db.inner().execute_unprepared(sql).await?;
    /// let (index, mut changed) = tokio::sync::mpsc::unbounded_channel();
    /// db.on_change::<book::Entity>(move |change| {
    ///     let _ = index.send(change.keys::<i32>()); // `None`: nobody knows which, look at all
    /// });
    ///
    /// book::ActiveModel { id: Set(42), title: Set("Emma".into()) }.update(&db).await?;
    /// assert_eq!(changed.recv().await, Some(Some(vec![42])));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_change<E: EntityTrait>(&self, callback: impl Fn(&Change) + Send + Sync + 'static) {
        self.hook().on_change(self.table::<E>(), callback);
    }

    /// Waits until callbacks have been told of all that was committed before; `false` if that takes longer. Blocks: for tests,
    /// and for the end of a process.
    #[must_use]
    pub fn wait_until_told(&self, within: Duration) -> bool {
        self.hook().wait_until_told(within)
    }
}
