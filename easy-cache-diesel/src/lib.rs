//! Diesel
mod builder;
mod bypass;
mod carry;
mod database;
mod db;
mod frames;
mod instrumentation;
mod model;
mod outcome;
#[cfg(feature = "r2d2")]
mod pool;
mod query;
mod tags;
mod text;
mod tracker;

pub use builder::CachedDbBuilder;
pub use bypass::{CachedConn, without_cache};
pub use carry::{Carried, carry};
pub use database::Database;
pub use db::CachedDb;
pub use instrumentation::CacheInstrumentation;
pub use model::{KeyType, Model, PrimaryKey};
pub use query::CachedQuery;
pub use tags::RowKey;
