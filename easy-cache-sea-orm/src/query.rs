//! Queries that are answered from the cache: their key is the query itself, their tags are what it reads. Page by page is
//! left to `pages`, what is read for rows that are there already to `loader`, and what goes on behind a row to `cursor`.

use std::any::type_name;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use easy_cache_core::{GetOrCompute, InProcess, StoresPart, WeightOf};
use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, QueryTrait, Select, SelectModel,
    SelectThree, SelectThreeModel, SelectTwo, SelectTwoMany, SelectTwoModel, SelectTwoRequired, SelectTwoRequiredModel,
    Selector, SelectorRaw, SelectorTrait, Statement, StatementBuilder, Topology,
};

use crate::{CachedDb, CachedPages};

type Read<'a, T, F> = GetOrCompute<'a, F, WeightOf<StoresPart<InProcess>, fn(&T) -> u64>>;

/// A query that is about to be answered from the cache: say options, then `.await` it.
///
/// All that [`GetOrCompute`] offers can be said: [`ttl`](GetOrCompute::ttl), [`refresh`](GetOrCompute::refresh),
/// [`stale_while_revalidate`](GetOrCompute::stale_while_revalidate), and [`shared`](GetOrCompute::shared) where the cache has a store
/// outside of this process.
///
/// In a cache that is bounded by weight a row counts with the size of its type, for what its texts take is not known: say
/// [`weight`](GetOrCompute::weight) where that matters.
pub type CachedRead<'db, T> = Read<'db, T, ReadFuture<T>>;

/// Asks the database. It borrows nothing, so it may be [sent away](GetOrCompute::detach).
pub type ReadFuture<T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send>>;

/// The same for what is read by something that is borrowed: a cursor, or rows that others are loaded for. It cannot be
/// [sent away](GetOrCompute::detach).
pub type BorrowedRead<'r, T> = Read<'r, T, BorrowedFuture<'r, T>>;

/// Asks the database.
pub type BorrowedFuture<'r, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'r>>;

/// The methods of SeaORM's queries that read, answered from the cache: on `Entity::find()` with whatever filters, joins and
/// columns, and on raw SQL.
///
/// A result is kept until something that the query reads is changed, or for [`query_ttl`](crate::CachedDbBuilder::query_ttl). Results are
/// shared, so nothing is copied on a hit, and nothing is asked of a model.
///
/// **A cache with a store outside of the process** keeps only what says [`shared()`](GetOrCompute::shared), under the
/// [name](crate::CachedDbBuilder::named) of the database. The model must then be `Serialize` and `Deserialize`, and come back as it
/// was written: `#[serde(skip_deserializing)]` on its id, as some examples have it for forms, breaks that.
///
/// The database is asked, and nothing is kept,
/// - inside of [`transaction`](sea_orm::TransactionTrait::transaction). A [`CachedTx`](crate::CachedTx) cannot be given at all: there the
///   plain methods are the ones to use;
/// - if the result does not depend on tables alone (`now()`, `random()`, `FOR UPDATE`, temporary tables).
///
/// Cursors have [a trait of their own](crate::CachedCursor), and so have [loaders](crate::CachedLoader). Streams have no such methods, for
/// what is streamed is not kept in memory at once, nor has `Entity::load()`, which sends as many queries as it is told relations: put
/// these into [`get_or_compute`](easy_cache_core::Cache::get_or_compute) or a [cached function](easy_cache_core::ecached), with a key of
/// your own. Their tags are collected just the same.
///
/// # Example: one statement for two calls
/// ```
/// use easy_cache_core::Cache;
/// use easy_cache_sea_orm::{CachedDb, CachedSelect};
/// use sea_orm::{ActiveModelTrait, ActiveValue::Set, Database, EntityTrait};
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
/// # let sql = "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL); INSERT INTO books VALUES (42, 'Emma')";
/// # db.inner().execute_unprepared(sql).await?;
/// let emma = || book::Entity::find_by_id(42).one_cached(&db);
/// assert_eq!(emma().await?.unwrap().title, "Emma");
///
/// book::ActiveModel { id: Set(42), title: Set("Persuasion".into()) }.update(&db).await?;
/// assert_eq!(emma().await?.unwrap().title, "Persuasion");
/// # Ok(())
/// # }
/// ```
pub trait CachedSelect: Sized + Send + 'static {
    /// What a row becomes.
    type Row: Send + Sync + 'static;

    /// The statement, and how its rows are read.
    #[doc(hidden)]
    fn prepare(self, backend: DbBackend) -> Prepared<Self::Row>;

    /// All rows.
    fn all_cached(self, db: &CachedDb) -> CachedRead<'_, Arc<Vec<Self::Row>>> {
        let Prepared { statement, run } = self.prepare(db.get_database_backend());
        read::<Self, _>(db, statement, weigh_rows, |db, statement| {
            Box::pin(async move { run(db, statement).await.map(Arc::new) })
        })
    }

    /// The first row, or `None`. That there is none is remembered as well, until a row is added to what the query reads.
    fn one_cached(self, db: &CachedDb) -> CachedRead<'_, Option<Arc<Self::Row>>>
    where
        Self: SelectsRows,
    {
        let statement = self.first(db.get_database_backend());
        let weigh: fn(&Option<Arc<Self::Row>>) -> u64 = |row| row.as_deref().map_or(0, |row| size_of_val(row) as u64);
        read::<Self, _>(db, statement, weigh, |db, statement| {
            Box::pin(async move {
                let row = db.query_one_raw(statement).await?;
                row.map(Self::Selector::from_raw_query_result).transpose().map(|row| row.map(Arc::new))
            })
        })
    }

    /// How many rows there are.
    ///
    /// # Example
    /// ```
    /// # use easy_cache_sea_orm::{CachedDb, CachedSelect};
    /// # use sea_orm::{DbErr, EntityTrait};
    /// # async fn count<Book: EntityTrait<Model: Sync>>(db: &CachedDb) -> Result<u64, DbErr> {
    /// let books = Book::find().count_cached(db).await?;
    /// # Ok(books) }
    /// ```
    fn count_cached(self, db: &CachedDb) -> CachedRead<'_, u64>
    where
        Self: SelectsRows + QueryTrait<QueryStatement = SelectStatement>,
    {
        count(db, self.into_query())
    }

    /// Pages of `size` rows, each of which is kept by itself. The query should say an order.
    ///
    /// # Panics
    /// If `size` is zero, as SeaORM's own `paginate` does.
    fn paginate_cached(self, db: &CachedDb, size: u64) -> CachedPages<'_, Self::Row>
    where
        Self: SelectsRows + QueryTrait<QueryStatement = SelectStatement>,
    {
        CachedPages::new::<Self::Selector>(db, self.into_query(), size)
    }
}

/// Queries whose rows stand each for itself, so that one can be taken: all but those that gather rows under a model.
pub trait SelectsRows: CachedSelect {
    /// What SeaORM reads a row with.
    type Selector: SelectorTrait<Item = Self::Row>;

    /// The statement for the first row.
    #[doc(hidden)]
    fn first(self, backend: DbBackend) -> Statement;
}

/// A query that is ready to be asked.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "it is made and used up by the same call")]
pub struct Prepared<T> {
    statement: Statement,
    run: Run<Vec<T>>,
}

/// How the rows of a statement are asked for and read.
pub(crate) type Run<T> = Box<dyn FnOnce(CachedDb, Statement) -> ReadFuture<T> + Send>;

/// Answers from the cache of the connection, or else by `run`, whose statements record their own tags. `Q` is what makes values of rows.
pub(crate) fn read<'db, Q, T>(
    db: &'db CachedDb,
    statement: Statement,
    weigh: fn(&T) -> u64,
    run: impl FnOnce(CachedDb, Statement) -> ReadFuture<T>,
) -> CachedRead<'db, T>
where
    T: Clone + Send + Sync + 'static,
{
    let key = key::<Q, T>(db, &statement);
    look_up(db, key, run(db.clone(), statement), weigh)
}

/// The same under a key that is made already. Nothing is looked up once a session's state has changed: what another process has shared was
/// read in another state.
pub(crate) fn look_up<T, F>(db: &CachedDb, key: String, load: F, weigh: fn(&T) -> u64) -> Read<'_, T, F>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, DbErr>>,
{
    let read = db.cache().get_or_compute(key, load).local().weight_of(weigh);
    let read = if db.hook().is_session_changed() { read.refresh() } else { read };
    match db.identity().ttl() {
        Some(ttl) => read.ttl(ttl),
        None => read,
    }
}

/// The number of rows of a query, as SeaORM counts them.
pub(crate) fn count(db: &CachedDb, query: SelectStatement) -> CachedRead<'_, u64> {
    let mut counted = SelectStatement::new();
    counted
        .expr(Expr::cust("COUNT(*) AS num_items"))
        .from_subquery(query.to_owned().clear_order_by().to_owned(), "sub_query");
    let statement = StatementBuilder::build(&counted, &db.get_database_backend());
    read::<SelectStatement, _>(
        db,
        statement,
        |_| 0,
        |db, statement| {
            Box::pin(async move {
                let row = db.query_one_raw(statement).await?;
                row.map_or(Ok(0), |row| row.try_get::<i64>("", "num_items").map(i64::unsigned_abs))
            })
        },
    )
}

/// The text says what is asked, the types what becomes of it. Every value that is bound is part of it, as `Debug` writes it: SeaORM's values
/// leave nothing out there.
pub(crate) fn key<Q, T>(db: &CachedDb, statement: &Statement) -> String {
    let values = statement.values.as_ref().map(|values| values.0.as_slice()).unwrap_or_default();
    format!("sea-orm:{}:{}:{}\0{values:?}", db.identity(), type_name::<(Q, T)>(), statement.sql)
}

/// What shared rows take, as far as their type tells.
pub(crate) fn weigh_rows<T>(rows: &Arc<Vec<T>>) -> u64 {
    size_of_val(rows.as_slice()) as u64
}

/// Reads all rows, each by itself.
pub(crate) fn rows<T: Send + 'static>(decode: fn(QueryResult) -> Result<T, DbErr>) -> Run<Vec<T>> {
    Box::new(move |db, statement| {
        Box::pin(async move { db.query_all_raw(statement).await?.into_iter().map(decode).collect() })
    })
}

/// The selects that are made of models: what they yield follows from their entities.
macro_rules! selects {
    ($($select:ident<$($entity:ident),+ $(; $topology:ident)?> => $selector:ident;)*) => {$(
        impl<$($entity,)+ $($topology)?> CachedSelect for $select<$($entity,)+ $($topology)?>
        where
            $($entity: EntityTrait, $entity::Model: FromQueryResult + Send + Sync + 'static,)+
            $($topology: Topology + Send + 'static)?
        {
            type Row = <$selector<$($entity::Model),+> as SelectorTrait>::Item;

            fn prepare(self, backend: DbBackend) -> Prepared<Self::Row> {
                Prepared { statement: self.build(backend), run: rows($selector::<$($entity::Model),+>::from_raw_query_result) }
            }
        }

        impl<$($entity,)+ $($topology)?> SelectsRows for $select<$($entity,)+ $($topology)?>
        where
            $($entity: EntityTrait, $entity::Model: FromQueryResult + Send + Sync + 'static,)+
            $($topology: Topology + Send + 'static)?
        {
            type Selector = $selector<$($entity::Model),+>;

            fn first(mut self, backend: DbBackend) -> Statement {
                QueryTrait::query(&mut self).limit(1);
                self.build(backend)
            }
        }
    )*};
}
selects! {
    Select<E> => SelectModel;
    SelectTwo<E, F> => SelectTwoModel;
    SelectTwoRequired<E, F> => SelectTwoRequiredModel;
    SelectThree<E, F, G; TOP> => SelectThreeModel;
}

/// `find_with_related`: rows are gathered under the left model.
impl<E, F> CachedSelect for SelectTwoMany<E, F>
where
    E: EntityTrait<Model: FromQueryResult + Send + Sync + 'static>,
    F: EntityTrait<Model: FromQueryResult + Send + Sync + 'static>,
{
    type Row = (E::Model, Vec<F::Model>);

    fn prepare(self, backend: DbBackend) -> Prepared<Self::Row> {
        Prepared {
            statement: self.build(backend),
            run: Box::new(move |db, _| Box::pin(async move { self.all(&db).await })),
        }
    }
}

/// What was prepared for other types of rows (`into_model`, `into_tuple`, `into_json`), or as SQL. A first row is asked for without a
/// LIMIT: say one where there may be many.
macro_rules! selectors {
    ($($selector:ident($self:ident, $backend:ident) => $statement:expr;)*) => {$(
        impl<S> CachedSelect for $selector<S>
        where
            S: SelectorTrait<Item: Send + Sync + 'static> + Send + 'static,
        {
            type Row = S::Item;

            fn prepare($self, $backend: DbBackend) -> Prepared<S::Item> {
                Prepared { statement: $statement, run: rows(S::from_raw_query_result) }
            }
        }

        impl<S> SelectsRows for $selector<S>
        where
            S: SelectorTrait<Item: Send + Sync + 'static> + Send + 'static,
        {
            type Selector = S;

            fn first($self, $backend: DbBackend) -> Statement {
                $statement
            }
        }
    )*};
}
selectors! {
    Selector(self, backend) => self.into_statement(backend);
    SelectorRaw(self, _backend) => self.into_statement();
}
