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
//! # What is promised
//!
//! - An autocommit write holds its tags before it is sent, and invalidates them when it has succeeded. A write that the
//!   database refused costs no hit.
//! - A transaction holds what it has written right before COMMIT. Nothing is invalidated on ROLLBACK, nor for savepoints
//!   that were rolled back.
//! - Reads in an open transaction use no cache, and what is computed from them is kept by none. Inside
//!   [`transaction`](sea_orm::TransactionTrait::transaction) cached functions compute every time.
//! - If the outcome of a write cannot be known (its future was dropped, the connection lost), its tags are not served until a
//!   deadline (30 s), and count as invalidated from then on.
//! - What the SQL text does not show must be named: see [`CachedDbBuilder::cascade`] and [`CachedDbBuilder::view`].
//!
//! # Modules, in reading order
//!
//! `builder` (models and what text cannot show) → `db` (the connection) → `tx` (the transaction) → `stream`, `outcome`
//! (how a write ended) and `values` (bound values as the SQL analysis sees them).
//!
//! | feature | default | what for |
//! |---|---|---|
//! | `sqlx` | yes | a statement that the database refused is known to have changed nothing |
//! | `uuid` | no | rows whose primary key is a UUID are known by it |

mod builder;
mod db;
mod frames;
mod outcome;
mod raw;
mod stream;
mod tags;
mod tx;
mod values;

pub use builder::CachedDbBuilder;
pub use db::CachedDb;
pub use stream::CachedStream;
pub use tx::CachedTx;
