//! Opens the database so that several requests can use it at once, and has its tables created and filled.
//! Which tables these are is left to `schema`.

use std::time::{Duration, Instant};

use easy_cache_core::Cache;
use easy_cache_sea_orm::CachedDb;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tokio::time::sleep;

use crate::{
    entity::{author, book, transfer},
    schema,
};

/// The connection that the binaries hand to every read and write. It tells the cache what is read and what was written.
pub type Db = CachedDb;

/// How long a writer waits for another one in a file database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to a file database: readers of a write-ahead log do not wait for each other nor for the writer.
const FILE_CONNECTIONS: u32 = 4;

/// Opens the database at `url`; one that is empty gets its tables and the books of the catalogue first. What is read from
/// it is kept in `cache`, and dropped from there when it is written.
///
/// # Errors
///
/// What the database said when it could not be opened, or when its tables could not be created.
pub async fn open(url: &str, cache: &Cache) -> Result<Db, DbErr> {
    let db = connect(url).await?;
    schema::prepare(&db).await?;
    let db = CachedDb::builder(db, cache);
    Ok(db.model::<author::Entity>().model::<book::Entity>().model::<transfer::Entity>().build())
}

/// A new file that another shop is just giving its write-ahead log is refused at once, whatever the timeout says; so it is tried again.
async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let given_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        match Database::connect(connect_options(url)).await {
            Err(error) if error.to_string().contains("database is locked") && Instant::now() < given_up => {
                sleep(Duration::from_millis(10)).await;
            }
            connected => return connected,
        }
    }
}

/// A database in memory lives as long as its connection, and two connections that share one refuse each other's
/// statements at once ("table is locked") instead of waiting. So it gets one connection, kept for ever, for which
/// requests queue; its statements take microseconds. A file gets several, and a write-ahead log.
fn connect_options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false);
    if is_in_memory(url) {
        options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None).test_before_acquire(false);
    } else {
        options.max_connections(FILE_CONNECTIONS);
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite.pragma("journal_mode", "WAL").pragma("synchronous", "NORMAL").busy_timeout(BUSY_TIMEOUT)
        });
    }
    options
}

fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}
