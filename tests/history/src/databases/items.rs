//! What is under test: rows that are read through the cache and written through the wrapped connection, in every way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use easy_cache_core::Cache;
use easy_cache_sea_orm::CachedDb;
use sea_orm::{
    AccessMode, ActiveModelTrait, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DbErr, EntityTrait,
    IsolationLevel, QueryOrder, TransactionTrait,
};

use super::referee::statement;

/// The entity of the rows.
pub mod item {
    use sea_orm::entity::prelude::*;

    /// A row.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "items")]
    pub struct Model {
        /// Which row.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        /// Raised by every write.
        pub number: i64,
    }

    /// None.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Added to a number that is never committed.
pub const TAKEN_BACK: i64 = 1 << 40;

/// How long writers hold: longer than anybody waits for a lock, or for a connection.
pub const HOLD_FOR: Duration = Duration::from_secs(3);
/// How long they wait for a connection.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The rows, behind a cache.
#[derive(Debug, Clone)]
pub struct Items {
    /// The wrapped connection.
    pub db: CachedDb,
}

/// A way to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A statement by itself.
    Autocommit,
    /// A transaction.
    Transaction,
    /// A transaction with a savepoint that is rolled back.
    Savepoint,
    /// A transaction that is begun by itself and runs in a closure; for Diesel, whose transactions all do, a statement that returns the row.
    Closure,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Autocommit, Self::Transaction, Self::Savepoint, Self::Closure];
}

/// How a value is computed from a transaction that goes on seeing what was there when it began.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot {
    /// Whether it does: otherwise each statement sees what is committed.
    pub is_repeatable: bool,
    /// The mistake: the cache keeps it.
    pub is_kept: bool,
    /// Between two of its statements.
    pub pause: Duration,
}

impl Items {
    /// The key of all rows.
    pub const ALL: &'static str = "items";

    /// Connects. Writers that hold for so long, and do not write if the store did not take their hold.
    ///
    /// # Errors
    /// What the database says.
    pub async fn connect(url: &str, cache: &Cache, hold_for: Duration) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(4).acquire_timeout(PATIENCE).connect_timeout(PATIENCE).sqlx_logging(false);
        let connection = Database::connect(options).await?;
        let builder = CachedDb::builder(connection, cache).model::<item::Entity>();
        Ok(Self { db: builder.hold_for(hold_for).strict_holds().build() })
    }

    /// The key of a row.
    #[must_use]
    pub fn key(row: i32) -> String {
        format!("item:{row}")
    }

    /// The number of a row, by the cache.
    ///
    /// # Errors
    /// What the database says.
    pub async fn call(&self, row: i32, computed: &AtomicBool) -> Result<i64, DbErr> {
        let load = async {
            computed.store(true, Ordering::SeqCst);
            read(&self.db, row).await
        };
        self.db.cache().get_or_compute(Self::key(row), load).await
    }

    /// All numbers, by the cache: built from a query, and from two rows that are in the cache by themselves.
    ///
    /// # Errors
    /// What the database says.
    pub async fn call_all(&self, computed: &AtomicBool) -> Result<Vec<i64>, DbErr> {
        let load = async {
            computed.store(true, Ordering::SeqCst);
            let mut numbers: Vec<_> = all(&self.db).await?;
            for row in [0, 1] {
                numbers[row as usize] = self.call(row, &AtomicBool::default()).await?;
            }
            Ok::<_, DbErr>(numbers)
        };
        self.db.cache().get_or_compute(Self::ALL, load).await
    }

    /// Writes a row.
    ///
    /// # Errors
    /// What the database says; then nobody knows whether it was written.
    pub async fn write(&self, row: i32, way: Way) -> Result<(), DbErr> {
        match way {
            Way::Autocommit => raise(&self.db, row, 1).await,
            Way::Transaction => {
                let tx = self.db.begin().await?;
                self.raise_by_model(&tx, row).await?;
                tx.commit().await
            }
            Way::Savepoint => {
                let tx = self.db.begin().await?;
                raise(&tx, row, 1).await?;
                let savepoint = tx.begin().await?;
                raise(&savepoint, row, TAKEN_BACK).await?;
                savepoint.rollback().await?;
                tx.commit().await
            }
            Way::Closure => {
                let work = self.db.transaction_async(async |tx| raise(tx, row, 1).await).await;
                work.map_err(|error| DbErr::Custom(error.to_string()))
            }
        }
    }

    /// Writes all rows in one statement.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write_all(&self) -> Result<(), DbErr> {
        self.db.execute_unprepared("UPDATE items SET number = number + 1").await.map(drop)
    }

    /// Writes, computes a cached value from that, and takes it back.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_back(&self, row: i32) -> Result<(), DbErr> {
        let tx = self.db.begin().await?;
        raise(&tx, row, TAKEN_BACK).await?;
        self.db.cache().get_or_compute(Self::key(row), read(&tx, row)).refresh().await?;
        tx.rollback().await
    }

    /// A transaction that goes on seeing what was there when it began computes a value: nobody else may get it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn compute_from_a_snapshot(&self, row: i32, snapshot: Snapshot) -> Result<(), DbErr> {
        let level = if snapshot.is_repeatable { IsolationLevel::RepeatableRead } else { IsolationLevel::ReadCommitted };
        let cache = self.db.cache();
        if snapshot.is_kept {
            let tx = self.db.inner().begin_with_config(Some(level), None).await?;
            read(&tx, row).await?;
            tokio::time::sleep(snapshot.pause).await;
            // What the wrapped transaction would say of it is missing, but for the tag.
            let tag = self.db.row_tag::<item::Entity>(row);
            cache.get_or_compute(Self::key(row), read(&tx, row)).refresh().tags([tag]).await?;
            return tx.commit().await;
        }
        let tx = self.db.begin_with_config(Some(level), Some(AccessMode::ReadOnly)).await?;
        read(&tx, row).await?;
        tokio::time::sleep(snapshot.pause).await;
        cache.get_or_compute(Self::key(row), read(&tx, row)).refresh().await?;
        cache.get_or_compute(Self::key(row), read(&tx, row)).await?;
        tx.commit().await
    }

    /// Raises a row in a transaction that somebody else ends.
    ///
    /// # Errors
    /// What the database says.
    pub async fn raise_in(&self, tx: &impl ConnectionTrait, row: i32) -> Result<(), DbErr> {
        raise(tx, row, 1).await
    }

    /// What is read by the model is locked, so that no write is lost.
    async fn raise_by_model(&self, tx: &impl ConnectionTrait, row: i32) -> Result<(), DbErr> {
        use sea_orm::QuerySelect;
        let found = item::Entity::find_by_id(row).lock_exclusive().one(tx).await?;
        let number = found.map_or(0, |item| item.number) + 1;
        item::ActiveModel { id: Set(row), number: Set(number) }.update(tx).await.map(drop)
    }
}

async fn read(connection: &impl ConnectionTrait, row: i32) -> Result<i64, DbErr> {
    Ok(item::Entity::find_by_id(row).one(connection).await?.map_or(0, |item| item.number))
}

async fn all(connection: &impl ConnectionTrait) -> Result<Vec<i64>, DbErr> {
    let items = item::Entity::find().order_by_asc(item::Column::Id).all(connection).await?;
    Ok(items.into_iter().map(|item| item.number).collect())
}

async fn raise(connection: &impl ConnectionTrait, row: i32, by: i64) -> Result<(), DbErr> {
    let sql = "UPDATE items SET number = number + ? WHERE id = ?";
    connection.execute_raw(statement(connection, sql, [by.into(), row.into()])).await.map(drop)
}
