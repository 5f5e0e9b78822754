//! Through which ORM a worker reads and writes: the rows are the same, and so are keys and tags.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use easy_cache_core::Cache;

use super::diesel_items::{DieselItems, Failed};
use super::items::{Items, Snapshot, Way};

/// An ORM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orm {
    /// SeaORM, by its wrapped connection.
    SeaOrm,
    /// Diesel, by what its connections tell.
    Diesel,
}

/// What is known of a future of Diesel's is known here, and nothing of it further out: the compiler cannot follow it so far.
fn boxed<'f, T>(future: impl Future<Output = T> + Send + 'f) -> Pin<Box<dyn Future<Output = T> + Send + 'f>> {
    Box::pin(future)
}

/// The rows, behind a cache, through one of them.
#[derive(Debug, Clone)]
pub enum Through {
    /// SeaORM.
    SeaOrm(Items),
    /// Diesel.
    Diesel(DieselItems),
}

impl Orm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SeaOrm, Self::Diesel];

    /// What it is called on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SeaOrm => "sea-orm",
            Self::Diesel => "diesel",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|orm| orm.name() == name)
    }
}

impl Through {
    /// Connects. Writers hold for so long.
    ///
    /// # Errors
    /// What the database says.
    pub async fn connect(orm: Orm, url: &str, cache: &Cache, hold_for: Duration) -> Result<Self, Failed> {
        Ok(match orm {
            Orm::SeaOrm => Self::SeaOrm(Items::connect(url, cache, hold_for).await?),
            Orm::Diesel => Self::Diesel(DieselItems::connect(url, cache, hold_for)?),
        })
    }

    /// Which it is.
    #[must_use]
    pub const fn orm(&self) -> Orm {
        match self {
            Self::SeaOrm(_) => Orm::SeaOrm,
            Self::Diesel(_) => Orm::Diesel,
        }
    }

    /// The cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        match self {
            Self::SeaOrm(items) => items.db.cache(),
            Self::Diesel(items) => items.cache(),
        }
    }

    /// The number of a row, if the cache has it.
    pub async fn look(&self, row: i32) -> Option<i64> {
        self.cache().get(Items::key(row)).await
    }

    /// All numbers, if the cache has them.
    pub async fn look_all(&self) -> Option<Vec<i64>> {
        self.cache().get(Items::ALL).await
    }

    /// The number of a row, by the cache; and whether this call has computed it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn call(&self, row: i32, computed: &AtomicBool) -> Result<i64, Failed> {
        match self {
            Self::SeaOrm(items) => Ok(items.call(row, computed).await?),
            Self::Diesel(items) => boxed(items.call(row, computed)).await,
        }
    }

    /// All numbers, by the cache: built from a query, and from two rows that are in the cache by themselves; and whether this call has
    /// computed them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn call_all(&self, computed: &AtomicBool) -> Result<Vec<i64>, Failed> {
        match self {
            Self::SeaOrm(items) => Ok(items.call_all(computed).await?),
            Self::Diesel(items) => boxed(items.call_all(computed)).await,
        }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// What the database says; then nobody knows whether it was written.
    pub async fn write(&self, row: i32, way: Way) -> Result<(), Failed> {
        match self {
            Self::SeaOrm(items) => Ok(items.write(row, way).await?),
            Self::Diesel(items) => boxed(items.write(row, way)).await,
        }
    }

    /// Writes all rows in one statement.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write_all(&self) -> Result<(), Failed> {
        match self {
            Self::SeaOrm(items) => Ok(items.write_all().await?),
            Self::Diesel(items) => boxed(items.write_all()).await,
        }
    }

    /// Writes, computes a cached value from that, and takes it back.
    ///
    /// # Errors
    /// What the database says.
    pub async fn take_back(&self, row: i32) -> Result<(), Failed> {
        match self {
            Self::SeaOrm(items) => Ok(items.take_back(row).await?),
            Self::Diesel(items) => boxed(items.take_back(row)).await,
        }
    }

    /// A transaction that goes on seeing what was there when it began computes a value: nobody else may get it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn compute_from_a_snapshot(&self, row: i32, snapshot: Snapshot) -> Result<(), Failed> {
        match self {
            Self::SeaOrm(items) => Ok(items.compute_from_a_snapshot(row, snapshot).await?),
            Self::Diesel(items) => boxed(items.compute_from_a_snapshot(row, snapshot)).await,
        }
    }
}
