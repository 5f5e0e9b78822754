//! Diesel, connected to the cache once: every insert, update, delete, bulk write and raw statement invalidates the tags of its
//! tables and rows after COMMIT, and every read inside a cached computation is tagged with what it read.
//!
//! Say which tables have rows that shall be known by their primary keys, and connect the pool. Nothing else changes: no type of
//! the application, no query, no transaction.
//!
//! ```
//! use diesel::prelude::*;
//! # #[cfg(feature = "r2d2")]
//! use diesel::r2d2::{ConnectionManager, Pool};
//! use diesel::sqlite::Sqlite;
//! use easy_cache_core::Cache;
//! use easy_cache_diesel::CachedDb;
//! # diesel::table! { books { id -> Integer, title -> Text, } }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # #[cfg(feature = "r2d2")] {
//! let cache = Cache::new();
//! let db = CachedDb::<Sqlite>::builder(&cache).model(books::table).build();
//! let pool = Pool::builder()
//!     .max_size(1)
//!     .connection_customizer(db.customizer())
//!     .build(ConnectionManager::<SqliteConnection>::new(":memory:"))?;
//! let conn = &mut pool.get()?;
//! # diesel::sql_query("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL)").execute(conn)?;
//!
//! // This value depends on the tags of what is read: nobody names one.
//! let count = |conn: &mut SqliteConnection| {
//!     cache.get_or_compute_sync("count", || books::table.count().get_result::<i64>(conn)).wait()
//! };
//! assert_eq!(count(conn)?, 0);
//! diesel::insert_into(books::table).values(books::title.eq("Emma")).execute(conn)?;
//! assert_eq!(count(conn)?, 1);
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # Adopting it
//!
//! 1. `Cargo.toml`: `easy-cache-core`, and `easy-cache-diesel` with the feature of the database (`sqlite`, `postgres`, `mysql`)
//!    and `r2d2` if that is the pool.
//! 2. Where the pool is made: `let db = CachedDb::<Sqlite>::builder(&cache).model(books::table).build();`, with a
//!    [`model`](CachedDbBuilder::model) for each table, and [`cascade`](CachedDbBuilder::cascade) where foreign keys cascade;
//!    then `.connection_customizer(db.customizer())`. Without a pool: [`CachedDb::instrument`]. For whatever this process
//!    connects: [`CachedDb::install`].
//! 3. On what shall be cached: `#[ecached("user:{id}", skip(conn))]` above a function that is given the connection, or
//!    `load_cached` instead of `load` on a query ([`CachedQuery`]).
//! 4. Where a request leaves its task for a thread, the scope goes with it: [`scope::spawn_blocking`] instead of tokio's, or
//!    [`scope::carry`] for `web::block` and a pool's `interact`. Without that, what the thread reads is not noticed by the cached
//!    function or response around it, which **outlives the changes**.
//! 5. Where a transaction calls cached functions: `conn.transaction(|conn| without_cache(|| …))` (see [`without_cache`]), or
//!    functions that are given a [`CachedConn`].
//!
//! [`scope::spawn_blocking`]: easy_cache_core::scope::spawn_blocking
//! [`scope::carry`]: easy_cache_core::scope::carry()
//!
//! # What is promised
//!
//! - An autocommit write holds its tags before it is sent, and invalidates them when it has succeeded. A write that violates a
//!   constraint costs no hit. What a write returns is kept by no cache.
//! - A transaction holds what it has written right before COMMIT, and has invalidated it when the COMMIT returns. Nothing is
//!   invalidated on ROLLBACK, nor for savepoints that were rolled back. What counts is the SQL: a `BEGIN` by hand is a
//!   transaction like Diesel's own.
//! - What is read in an open transaction is kept by no cache, and [cached queries](CachedQuery) use none.
//! - If the outcome of a write cannot be known, its tags are not served until the connection answers to another statement, or
//!   until a deadline (30 s), and count as invalidated from then on.
//! - If the store outside the process does not take a hold, the write goes on and an event says so: until its invalidation, other
//!   processes may serve what it makes outdated. Diesel only tells what it is about to do, and cannot be stopped, so who would rather
//!   not write asks first: `let hold = cache.hold([db.table_tag(books::table)], within).wait();`, and runs the transaction only if
//!   [`hold.refusal()`](easy_cache_core::Hold::refusal) is `None`; then `hold.commit()`, whatever came of it.
//! - After an error in a transaction the database may have ended it: what is written then is treated as an autocommit write
//!   as well, unless the error was in a savepoint that has ended since.
//! - What was listening to connections before is still called. A panic in here reaches nobody; it invalidates everything.
//!
//! # What is not seen
//!
//! - What the SQL text does not show must be asked for, with [`CachedDbBuilder::introspect`], or named: see [`CachedDbBuilder::cascade`],
//!   [`CachedDbBuilder::view`], [`CachedDbBuilder::trigger`] and [`CachedDbBuilder::function`].
//! - Other programs, and connections that nobody follows: let the database tell ([`feed`]), or invalidate by hand, see
//!   [`CachedDb::table_tag`]. The latter is also what a connection becomes when the application calls `set_instrumentation` on it later; [`CacheInstrumentation::then`] is for that.
//! - A hit needs no statement, so in a transaction a cached function answers from the cache, and does not see what the
//!   transaction has written, unless it is called as in step 5 above.
//! - How many rows came back: Diesel does not tell. What is read by primary key therefore also depends on all inserts that do not say
//!   which rows they add: one of them may add a row that was not found. [Cached queries](CachedQuery) know, and do not.
//! - Statements that change the state of a session (`SET ROLE`, a `PRAGMA` that is not mere tuning) change what reads mean, and
//!   nobody knows for whom. After the first one no read through this database is cached any more, and a warning says so. What all
//!   connections of a pool are set to belongs into a customizer that runs before: see `CachedDb::customizer_after`.
//! - A SQLite schema that says `ON CONFLICT REPLACE` for a key: an insert then removes another row, and only its own is known.
//!   And a database that is put into a connection as a whole (`deserialize_readonly_database_from_buffer`).
//! - ROLLBACK is trusted. Tables that it does not roll back (MyISAM) are not covered.
//!
//! # Asynchronous connections
//!
//! With the feature `async`, those of diesel-async: PostgreSQL and MySQL as they are, SQLite by [`CarriedConnection`]. A pool gets
//! [`CachedDb::manager_config`], a connection [`CachedDb::instrument_async`]. What is different there:
//!
//! - A future that is dropped while its statement runs tells nobody how it ended. Its tags are not served until the connection has
//!   answered to a later statement. To MySQL it never does: the driver gives the connection up, and the deadline counts.
//! - An autocommit statement with `RETURNING` is said to have ended when its first row arrives, before it is committed. The same holds
//!   for it, and if it fails after that it counts as if it had succeeded. It is invalidated at once as well, for who goes on with its rows.
//! - A statement is collected where its future is made. One that was made outside of the computation that awaits it makes a value that is
//!   not kept, and a warning says so: write `cache.get_or_compute("n", async { query.load(conn).await })`.
//! - Statements that run at once on one connection (`&AsyncPgConnection`) are told apart by their text. One that was made first, sent
//!   last, and dropped in the middle is invalidated too early: none of the three alone is.
//! - A store outside the process is told by a thread of our own, and the runtime waits for it a tenth of a second at most, or as
//!   [`CachedDbBuilder::wait_for_store`] says.
//! - diesel-async's own `SyncConnectionWrapper` tells what is written, but nobody collects what is read on its threads.
//!
//! # Modules, in reading order
//!
//! `builder` (models and what text cannot show) → `introspect` (what the database knows of that) → `db` (the ways to connect), `pool` (r2d2) → `instrumentation` (what Diesel calls)
//! → `tracker` (one connection, statement by statement) over `text` (statement and values), `frames` (what a transaction has
//! written, savepoint by savepoint), `outcome` (what an error says), `holding` (what a write holds, and who tells the store) and
//! `overlap` (statements that run at once). `async_db`, `async_query` and `blocking` are the doors of diesel-async. `query` (cached queries), `bypass` (transactions and
//! cached functions), `changes` (callbacks), `tags` (tags by hand), `model` and `database` (what types tell). [`feed`] hears of the writes of others, by statements of
//! our own (`texts`).
//!
//! | feature | default | what for |
//! |---|---|---|
//! | `sqlite` | no | SQLite, with `diesel/sqlite` |
//! | `postgres` | no | PostgreSQL, with `diesel/postgres_backend`: links no client library |
//! | `mysql` | no | MySQL and MariaDB, with `diesel/mysql_backend`: links no client library |
//! | `libpq` | no | `postgres`, and Diesel's own connections, with `diesel/postgres`: links libpq (Debian: `libpq-dev`) |
//! | `libmysqlclient` | no | `mysql`, and Diesel's own connections, with `diesel/mysql`: links the library of MySQL or MariaDB (`libmariadb-dev`) |
//! | `r2d2` | no | `CachedDb::customizer`, which connects a pool |
//! | `async` | no | diesel-async: its connections, its pools, `AsyncCachedQuery` |
//! | `listen` | no | `feed::Listener`: PostgreSQL's notifications, by a connection of diesel-async |

mod builder;
mod db;
mod introspect;
#[cfg(feature = "r2d2")]
mod pool;

mod holding;
mod instrumentation;
#[cfg(feature = "async")]
mod overlap;
mod tracker;

mod frames;
mod outcome;
mod text;

#[cfg(feature = "async")]
mod async_db;
#[cfg(feature = "async")]
mod async_query;
#[cfg(feature = "async")]
mod blocking;

mod bypass;
mod changes;
mod query;
mod tags;

mod database;
pub mod feed;
mod model;
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "without a database nobody is asked")
)]
mod texts;

#[cfg(feature = "async")]
pub use async_query::AsyncCachedQuery;
#[cfg(feature = "async")]
pub use blocking::{CarriedConnection, CarryScope};
pub use builder::CachedDbBuilder;
pub use bypass::{CachedConn, without_cache};
pub use database::Database;
pub use db::CachedDb;
pub use easy_cache_sql::WriteKind;
pub use easy_cache_sql::hook::{Change, FromKey};
pub use instrumentation::CacheInstrumentation;
pub use model::{KeyType, Model, PrimaryKey};
pub use query::CachedQuery;
pub use tags::RowKey;
