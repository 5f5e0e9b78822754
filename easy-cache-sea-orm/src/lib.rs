//! SeaORM, connected to the cache once: every insert, update, delete, bulk write and raw statement invalidates the tags of
//! its tables and rows after COMMIT, and every read inside a cached computation is tagged with what it read.
//!
//! Wrap the connection, register the models whose rows shall be known by their primary keys, and use the wrapper wherever
//! the connection was used:
//!
//! ```
//! use easy_cache_core::Cache;
//! use easy_cache_sea_orm::CachedDb;
//! use sea_orm::{Database, EntityTrait};
//! # mod book {
//! #     use sea_orm::entity::prelude::*;
//! #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
//! #     #[sea_orm(table_name = "books")]
//! #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub title: String }
//! #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
//! #     pub enum Relation {}
//! #     impl ActiveModelBehavior for ActiveModel {}
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::new();
//! let db = CachedDb::builder(Database::connect("sqlite::memory:").await?, &cache).model::<book::Entity>().build();
//! # use sea_orm::ConnectionTrait;
//! # db.inner().execute_unprepared("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL)").await?;
//!
//! // This value depends on the tags of what is read: nobody names one.
//! let count = || cache.get_or_compute("count", async { book::Entity::find().all(&db).await.map(|books| books.len()) });
//! assert_eq!(count().await?, 0);
//! let emma = book::ActiveModel { title: sea_orm::Set("Emma".into()), ..Default::default() };
//! book::Entity::insert(emma).exec(&db).await?;
//! assert_eq!(count().await?, 1);
//! # Ok(())
//! # }
//! ```
//!
//! An application that names `DatabaseConnection` in its functions changes one line: `use easy_cache_sea_orm::CachedDb as
//! DatabaseConnection;`. There is no `Deref` to the inner connection: it would be a way around the cache that nobody sees.
//!
//! # Cached queries
//!
//! [`CachedSelect`] adds to SeaORM's queries [`all_cached`](CachedSelect::all_cached), [`one_cached`](CachedSelect::one_cached),
//! [`count_cached`](CachedSelect::count_cached) and [`paginate_cached`](CachedSelect::paginate_cached): the query is the key, and its result
//! is dropped when something that it reads is written. [`CachedCursor`] and [`CachedLoader`] do the same for cursors and for loaders.
//! [`CachedDb::on_change`] calls back after each COMMIT that has changed a model.
//!
//! # What is promised
//!
//! - An autocommit write holds its tags before it is sent, and invalidates them when it has succeeded. A write that the
//!   database refused costs no hit. What a write returns is kept by no cache.
//! - A transaction holds what it has written right before COMMIT, and has invalidated it when `commit` returns. Nothing is
//!   invalidated on ROLLBACK, nor for savepoints that were rolled back, nor if the COMMIT is refused.
//! - Reads in an open transaction use no cache, and what is computed from them is kept by none. Inside
//!   [`transaction`](sea_orm::TransactionTrait::transaction) cached functions compute every time.
//! - If the outcome of a write cannot be known (its future was dropped, the connection lost), its tags are not served until a
//!   deadline (30 s), and count as invalidated from then on.
//! - If the store outside the process does not take a hold, the write goes on and an event says so: until its invalidation, other
//!   processes may serve what it makes outdated. With [`CachedDbBuilder::strict_holds`] it is refused instead, before it is sent.
//! - After an error in a transaction the database may have ended it: what is written then is treated as an autocommit write
//!   as well, unless the error was in a savepoint that has ended since.
//! - A transaction that is begun as text (`BEGIN` through `execute_unprepared`) has a meaning only on a pool with one
//!   connection. While it is open nothing is served; when it has ended everything is dropped. Prefer
//!   [`begin`](sea_orm::TransactionTrait::begin).
//!
//! # Cached functions that are given a connection
//!
//! A function that takes `&CachedDb` is answered from the cache, and one that takes `&CachedTx` never is. A generic one must say
//! that it wants to be asked, with [`Bypass`](easy_cache_core::Bypass) among its bounds; then it serves both:
//!
//! ```
//! use easy_cache_core::{Bypass, ecached};
//! use sea_orm::{ConnectionTrait, DbErr, EntityTrait, PaginatorTrait};
//! # mod book {
//! #     use sea_orm::entity::prelude::*;
//! #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
//! #     #[sea_orm(table_name = "books")]
//! #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub title: String }
//! #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
//! #     pub enum Relation {}
//! #     impl ActiveModelBehavior for ActiveModel {}
//! # }
//!
//! #[ecached("books:count", skip(db))]
//! async fn count_books<C: ConnectionTrait + Bypass>(db: &C) -> Result<u64, DbErr> {
//!     book::Entity::find().count(db).await
//! }
//! # fn main() {}
//! ```
//!
//! A hit needs no statement, so in a transaction that was begun with `begin`, a cached function that is *not* given the
//! transaction answers from the cache: it does not see what the transaction has written.
//!
//! # Replicas
//!
//! A replica repeats what the primary has committed, some time later. What is read from it may come from before an invalidation that
//! has long returned, and nobody would drop it again. So say of a connection to a replica what it is:
//!
//! - [`CachedDbBuilder::replica`]: its reads are as good as any, and nothing that is built from them is kept.
//! - [`CachedDbBuilder::replica_of`]: they are kept if the replica (of PostgreSQL, by streaming) had caught up with the primary before the
//!   read. Four short trips more for each query of a computation, one of them to the primary; none for a hit.
//!
//! ```
//! # use easy_cache_core::Cache;
//! # use easy_cache_sea_orm::CachedDb;
//! # use sea_orm::DatabaseConnection;
//! # fn connect(primary: DatabaseConnection, replica: DatabaseConnection, cache: &Cache) {
//! let writes = CachedDb::new(primary.clone(), cache);
//! let reads = CachedDb::builder(replica, cache).replica_of(&primary).build();
//! # }
//! ```
//!
//! # What is not seen
//!
//! - What the SQL text does not show must be asked for, with [`CachedDbBuilder::introspect`], or named: see
//!   [`CachedDbBuilder::cascade`], [`CachedDbBuilder::view`], [`CachedDbBuilder::trigger`] and [`CachedDbBuilder::function`].
//! - Other programs, and what is written through [`CachedDb::inner`]: let the database tell ([`feed`]), or invalidate by hand, see
//!   [`CachedDb::table_tag`].
//! - Statements that change the state of a session (`SET ROLE`, a `PRAGMA` that is not mere tuning) change what reads mean, and
//!   nobody knows for whom. After the first one no read through this connection is cached any more, and a warning says so. Give
//!   settings to [`ConnectOptions`](sea_orm::ConnectOptions), where they hold for every connection of the pool.
//! - A SQLite schema that says `ON CONFLICT REPLACE` for a key: an insert then removes another row, and only its own is known.
//! - ROLLBACK is trusted. Tables that it does not roll back (MyISAM) and rows that a refused statement leaves behind
//!   (SQLite's `ON CONFLICT FAIL`) are not covered.
//!
//! # Modules, in reading order
//!
//! `builder` (models and what text cannot show) → `introspect` (what the database knows of that) → `identity` (whose queries) → `db`
//! (the connection) → `beginning` and `tx` (the transaction) over
//! `frames` (what it has written, savepoint by savepoint) → `raw` (transactions as text) → `replica` (how far one is) → `stream`,
//! `outcome` (how a write ended), `refusal` (why it was not sent), `values` (bound values as the SQL analysis sees them). On top of it:
//! `query`, `pages`, `cursor` and `loader` (cached queries), `changes` (callbacks) and `tags` (tags by hand). [`feed`] hears of the writes of others.
//!
//! | feature | default | what for |
//! |---|---|---|
//! | `sqlx` | yes | every statement that the database refused is known to have changed nothing, not only those that violate a unique or foreign key |
//! | `listen` | no | [`feed::Listener`]: PostgreSQL's notifications |
//! | `uuid` | no | rows whose primary key is a UUID are known by it |

mod beginning;
mod builder;
mod changes;
mod cursor;
mod db;
pub mod feed;
mod frames;
mod identity;
mod introspect;
mod loader;
mod outcome;
mod pages;
mod query;
mod raw;
mod refusal;
mod replica;
mod stream;
mod tags;
mod tx;
mod values;

pub use builder::CachedDbBuilder;
pub use cursor::CachedCursor;
pub use db::CachedDb;
pub use easy_cache_sql::WriteKind;
pub use easy_cache_sql::hook::{Change, FromKey};
pub use loader::CachedLoader;
pub use pages::CachedPages;
pub use query::{BorrowedFuture, BorrowedRead, CachedRead, CachedSelect, ReadFuture, SelectsRows};
pub use refusal::is_refused;
pub use stream::CachedStream;
pub use tx::CachedTx;
