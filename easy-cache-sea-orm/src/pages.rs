//! Pages of a cached query, each kept by itself. What a page is made of is SeaORM's way of counting.

use std::fmt;
use std::sync::Arc;

use sea_orm::sea_query::SelectStatement;
use sea_orm::{DbErr, ItemsAndPagesNumber, SelectorTrait, Statement, StatementBuilder};

use crate::CachedDb;
use crate::query::{CachedRead, count, read, rows, weigh_rows};

/// Pages of a query, answered from the cache: see [`paginate_cached`](crate::CachedSelect::paginate_cached). Pages count from zero.
///
/// A page and the number of pages are read at different moments, as with SeaORM's own paginator: a row that is added in between is in
/// one and not in the other.
///
/// # Example
/// ```
/// # use easy_cache_sea_orm::{CachedDb, CachedSelect};
/// # use sea_orm::{DbErr, EntityTrait};
/// # async fn pages<Book: EntityTrait<Model: Sync>>(db: &CachedDb) -> Result<u64, DbErr> {
/// let pages = Book::find().paginate_cached(db, 20);
/// let first = pages.fetch_page(0).await?;
/// let number = pages.num_pages().await?;
/// # Ok(number + first.len() as u64) }
/// ```
#[must_use = "nothing is read before a page is asked for"]
pub struct CachedPages<'db, T> {
    db: &'db CachedDb,
    query: SelectStatement,
    size: u64,
    read: ReadPage<'db, T>,
}

/// Reads by what the query makes values of rows with.
type ReadPage<'db, T> = fn(&'db CachedDb, Statement) -> CachedRead<'db, Arc<Vec<T>>>;

fn read_page<S>(db: &CachedDb, statement: Statement) -> CachedRead<'_, Arc<Vec<S::Item>>>
where
    S: SelectorTrait<Item: Send + Sync + 'static>,
{
    let run = rows(S::from_raw_query_result);
    read::<S, _>(db, statement, weigh_rows, |db, statement| {
        Box::pin(async move { run(db, statement).await.map(Arc::new) })
    })
}

impl<'db, T: Send + Sync + 'static> CachedPages<'db, T> {
    pub(crate) fn new<S: SelectorTrait<Item = T>>(db: &'db CachedDb, query: SelectStatement, size: u64) -> Self {
        assert!(size != 0, "a page needs at least one row");
        Self { db, query, size, read: read_page::<S> }
    }

    /// The rows of one page; none behind the last.
    pub fn fetch_page(&self, page: u64) -> CachedRead<'db, Arc<Vec<T>>> {
        let mut query = self.query.clone();
        query.limit(self.size).offset(self.size.saturating_mul(page));
        let statement = StatementBuilder::build(&query, &self.db.get_database_backend());
        (self.read)(self.db, statement)
    }

    /// How many rows there are on all pages.
    pub fn num_items(&self) -> CachedRead<'db, u64> {
        count(self.db, self.query.clone().reset_limit().reset_offset().to_owned())
    }

    /// How many pages there are.
    ///
    /// # Errors
    /// What the database said.
    pub async fn num_pages(&self) -> Result<u64, DbErr> {
        self.num_items_and_pages().await.map(|numbers| numbers.number_of_pages)
    }

    /// How many rows and pages there are.
    ///
    /// # Errors
    /// What the database said.
    pub async fn num_items_and_pages(&self) -> Result<ItemsAndPagesNumber, DbErr> {
        let number_of_items = self.num_items().await?;
        Ok(ItemsAndPagesNumber { number_of_items, number_of_pages: number_of_items.div_ceil(self.size) })
    }
}

impl<T> fmt::Debug for CachedPages<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedPages").field("size", &self.size).finish_non_exhaustive()
    }
}
