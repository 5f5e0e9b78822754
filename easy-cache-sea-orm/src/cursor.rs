//! Pages behind a row, by a cursor: the key is the statement that it would send, which a connection to nowhere hears.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use async_trait::async_trait;
use parking_lot::Mutex;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ConnectionTrait, Cursor, DbBackend, DbErr, ExecResult, QueryResult, QuerySelect, SelectorTrait, Statement,
};

use crate::CachedDb;
use crate::query::{BorrowedRead, key, look_up, weigh_rows};

/// The method of SeaORM's cursors that reads, answered from the cache: see [`CachedSelect`](crate::CachedSelect) for what is kept, and for
/// how long.
///
/// Each page is kept by itself, and all of them are dropped when a row of the table is added, changed or removed.
///
/// # Example: ten books behind the third
/// ```
/// # use easy_cache_sea_orm::CachedDb;
/// # use sea_orm::DbErr;
/// # mod book {
/// #     use sea_orm::entity::prelude::*;
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "books")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub title: String }
/// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// #     pub enum Relation {}
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// use easy_cache_sea_orm::CachedCursor;
/// use sea_orm::EntityTrait;
///
/// # async fn page(db: &CachedDb) -> Result<usize, DbErr> {
/// let books = book::Entity::find().cursor_by(book::Column::Id).after(3).first(10).all_cached(db).await?;
/// # Ok(books.len()) }
/// ```
pub trait CachedCursor {
    /// What a row becomes.
    type Row: Send + Sync + 'static;

    /// The rows of this page. The cursor can be used again: unlike SeaORM's `all`, this adds nothing to its query.
    fn all_cached<'r>(&'r mut self, db: &'r CachedDb) -> BorrowedRead<'r, Arc<Vec<Self::Row>>>;
}

impl<S> CachedCursor for Cursor<S>
where
    S: SelectorTrait<Item: Send + Sync + 'static> + Send,
{
    type Row = S::Item;

    fn all_cached<'r>(&'r mut self, db: &'r CachedDb) -> BorrowedRead<'r, Arc<Vec<S::Item>>> {
        let key = match asked(self, db.get_database_backend()) {
            Ok((statement, is_ascending)) => {
                let order = if is_ascending { "ascending" } else { "descending" };
                format!("{}:{order}", key::<(Self, S), Arc<Vec<S::Item>>>(db, &statement))
            }
            // It will not be asked at all, and errors are not kept.
            Err(error) => format!("sea-orm:{}:{error}", db.identity()),
        };
        let load = async move {
            let restored = Restored::of(self);
            restored.cursor.all(db).await.map(Arc::new)
        };
        look_up(db, key, Box::pin(load), weigh_rows)
    }
}

/// What the cursor asks, and whether its rows ascend: the last rows of an ascending order are asked for as the first ones of a descending order
/// are, and are then turned round. The cursor is as before.
fn asked<S: SelectorTrait>(cursor: &mut Cursor<S>, backend: DbBackend) -> Result<(Statement, bool), DbErr> {
    let statement = sent(cursor, backend)?;
    let is_ascending = sent(cursor.asc(), backend)?.sql == statement.sql;
    if !is_ascending {
        cursor.desc();
    }
    Ok((statement, is_ascending))
}

/// A cursor whose query is put back when this is dropped: to read, it writes its bounds into it, and would add the next ones to them.
struct Restored<'c, S: SelectorTrait> {
    cursor: &'c mut Cursor<S>,
    query: SelectStatement,
}

impl<'c, S: SelectorTrait> Restored<'c, S> {
    fn of(cursor: &'c mut Cursor<S>) -> Self {
        let query = QuerySelect::query(cursor).clone();
        Self { cursor, query }
    }
}

impl<S: SelectorTrait> Drop for Restored<'_, S> {
    fn drop(&mut self) {
        *QuerySelect::query(self.cursor) = std::mem::take(&mut self.query);
    }
}

/// What it sends.
fn sent<S: SelectorTrait>(cursor: &mut Cursor<S>, backend: DbBackend) -> Result<Statement, DbErr> {
    let nowhere = Nowhere { backend, heard: Mutex::new(None) };
    let restored = Restored::of(cursor);
    // Nobody has to be waited for, so one step is the whole way.
    let asked = pin!(restored.cursor.all(&nowhere)).poll(&mut Context::from_waker(Waker::noop()));
    match (nowhere.heard.into_inner(), asked) {
        (Some(statement), _) => Ok(statement),
        (None, std::task::Poll::Ready(Err(error))) => Err(error),
        (None, _) => Err(unasked()),
    }
}

/// A connection that hears what is asked, and finds nothing.
struct Nowhere {
    backend: DbBackend,
    heard: Mutex<Option<Statement>>,
}

fn unasked() -> DbErr {
    DbErr::Custom("a cursor asks for rows, and for nothing else".to_owned())
}

#[async_trait]
impl ConnectionTrait for Nowhere {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(unasked())
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(unasked())
    }

    async fn query_one_raw(&self, _: Statement) -> Result<Option<QueryResult>, DbErr> {
        Err(unasked())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        *self.heard.lock() = Some(statement);
        Ok(Vec::new())
    }
}

impl fmt::Debug for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nowhere").finish_non_exhaustive()
    }
}
