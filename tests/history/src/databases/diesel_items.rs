//! The same rows, read and written through Diesel: diesel-async on PostgreSQL, whose connections tell the cache what they do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use easy_cache_core::Cache;
use easy_cache_diesel::CachedDb;

use self::schema::items;
use super::items::{HOLD_FOR, Items, PATIENCE, Snapshot, TAKEN_BACK, Way};

mod schema {
    diesel::table! {
        items {
            id -> Integer,
            number -> BigInt,
        }
    }
}

/// Whatever went wrong.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The rows, behind a cache.
#[derive(Clone)]
pub struct DieselItems {
    db: CachedDb<Pg>,
    pool: Pool<AsyncPgConnection>,
    url: String,
}

impl std::fmt::Debug for DieselItems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DieselItems").field("db", &self.db).finish_non_exhaustive()
    }
}

impl DieselItems {
    /// Makes a pool. Writers wait for the store as long as that may take: Diesel cannot keep them from writing.
    ///
    /// # Errors
    /// If the pool is not as it should be.
    pub fn connect(url: &str, cache: &Cache, hold_for: Duration) -> Result<Self, Failed> {
        let builder = CachedDb::<Pg>::builder(cache).model(items::table);
        let db = builder.hold_for(hold_for).wait_for_store(HOLD_FOR).build();
        let manager = AsyncDieselConnectionManager::new_with_config(url, db.manager_config());
        Ok(Self { db, pool: Pool::builder(manager).max_size(4).build()?, url: url.to_owned() })
    }

    /// The cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.db.cache()
    }

    async fn conn(&self) -> Result<Object<AsyncPgConnection>, Failed> {
        Ok(tokio::time::timeout(PATIENCE, self.pool.get()).await??)
    }

    async fn load(&self, row: i32) -> Result<i64, Failed> {
        let conn = &mut self.conn().await?;
        Ok(read(conn, row).await?)
    }

    /// The number of a row, by the cache.
    ///
    /// # Errors
    /// What the database says.
    pub async fn call(&self, row: i32, computed: &AtomicBool) -> Result<i64, Failed> {
        let load = async {
            computed.store(true, Ordering::SeqCst);
            self.load(row).await
        };
        self.cache().get_or_compute(Items::key(row), load).await
    }

    /// All numbers, by the cache: built from a query, and from two rows that are in the cache by themselves.
    ///
    /// # Errors
    /// What the database says.
    pub async fn call_all(&self, computed: &AtomicBool) -> Result<Vec<i64>, Failed> {
        let load = async {
            computed.store(true, Ordering::SeqCst);
            let mut numbers: Vec<i64> = {
                let conn = &mut self.conn().await?;
                items::table.order(items::id).select(items::number).load(conn).await?
            };
            for row in [0, 1] {
                numbers[row as usize] = self.call(row, &AtomicBool::default()).await?;
            }
            Ok::<_, Failed>(numbers)
        };
        self.cache().get_or_compute(Items::ALL, load).await
    }

    /// Writes a row.
    ///
    /// # Errors
    /// What the database says; then nobody knows whether it was written.
    pub async fn write(&self, row: i32, way: Way) -> Result<(), Failed> {
        let conn = &mut self.conn().await?;
        match way {
            Way::Autocommit => Ok(raise(conn, row, 1).await?),
            Way::Transaction => Ok(conn.transaction(async |conn| raise_by_model(conn, row).await).await?),
            Way::Savepoint => Ok(conn.transaction(async |conn| raise_and_take_back(conn, row).await).await?),
            Way::Closure => {
                // An autocommit statement that is said to have ended when its row arrives.
                let raised = diesel::update(items::table.find(row)).set(items::number.eq(items::number + 1));
                let _number: i64 = raised.returning(items::number).get_result(conn).await?;
                Ok(())
            }
        }
    }

    /// Writes all rows in one statement.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write_all(&self) -> Result<(), Failed> {
        let conn = &mut self.conn().await?;
        Ok(conn.batch_execute("UPDATE items SET number = number + 1").await?)
    }

    /// Writes, computes a cached value from that, and takes it back.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_back(&self, row: i32) -> Result<(), Failed> {
        let conn = &mut self.conn().await?;
        let taken_back = conn.transaction::<(), diesel::result::Error, _>(async |conn| {
            raise(conn, row, TAKEN_BACK).await?;
            self.cache().get_or_compute(Items::key(row), async { read(conn, row).await }).refresh().await?;
            Err(diesel::result::Error::RollbackTransaction)
        });
        // It always ends in an error.
        let _taken_back = taken_back.await;
        Ok(())
    }

    /// A transaction that goes on seeing what was there when it began computes a value: nobody else may get it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn compute_from_a_snapshot(&self, row: i32, snapshot: Snapshot) -> Result<(), Failed> {
        if snapshot.is_kept {
            return self.keep_a_snapshot(row, snapshot.pause).await;
        }
        let conn = &mut self.conn().await?;
        let transaction = conn.build_transaction().read_only();
        let mut transaction =
            if snapshot.is_repeatable { transaction.repeatable_read() } else { transaction.read_committed() };
        let compute = transaction.run::<(), diesel::result::Error, _>(async |conn| {
            read(conn, row).await?;
            tokio::time::sleep(snapshot.pause).await;
            self.cache().get_or_compute(Items::key(row), async { read(conn, row).await }).refresh().await?;
            self.cache().get_or_compute(Items::key(row), async { read(conn, row).await }).await?;
            Ok(())
        });
        Ok(compute.await?)
    }

    /// The mistake: a connection that nobody follows. What the one that is would say of it is missing, but for the tag.
    async fn keep_a_snapshot(&self, row: i32, pause: Duration) -> Result<(), Failed> {
        let conn = &mut AsyncPgConnection::establish(&self.url).await?;
        conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        read(conn, row).await?;
        tokio::time::sleep(pause).await;
        let tag = self.db.row_tag(items::table, row);
        self.cache().get_or_compute(Items::key(row), async { read(conn, row).await }).refresh().tags([tag]).await?;
        Ok(())
    }
}

async fn read(conn: &mut AsyncPgConnection, row: i32) -> QueryResult<i64> {
    Ok(items::table.find(row).select(items::number).first(conn).await.optional()?.unwrap_or(0))
}

async fn raise(conn: &mut AsyncPgConnection, row: i32, by: i64) -> QueryResult<()> {
    let raised = diesel::update(items::table.find(row)).set(items::number.eq(items::number + by));
    raised.execute(conn).await.map(drop)
}

/// What is read by the model is locked, so that no write is lost.
async fn raise_by_model(conn: &mut AsyncPgConnection, row: i32) -> QueryResult<()> {
    let number: i64 = items::table.find(row).select(items::number).for_update().first(conn).await?;
    diesel::update(items::table.find(row)).set(items::number.eq(number + 1)).execute(conn).await.map(drop)
}

async fn raise_and_take_back(conn: &mut AsyncPgConnection, row: i32) -> QueryResult<()> {
    raise(conn, row, 1).await?;
    let taken_back = conn.transaction::<(), _, _>(async |conn| {
        raise(conn, row, TAKEN_BACK).await?;
        Err(diesel::result::Error::RollbackTransaction)
    });
    match taken_back.await {
        Err(diesel::result::Error::RollbackTransaction) => Ok(()),
        other => other,
    }
}
