//! Reads the outbox at an interval and invalidates what it tells. Which rows are new is decided by `easy_cache_sql::feed`.

use std::convert::Infallible;
use std::time::Duration;

use easy_cache_sql::Dialect;
use easy_cache_sql::feed::{Outbox, Record};
use easy_cache_sql::hook::{Hook, Pending};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value};

use super::invalidate;
use crate::CachedDb;

/// Often enough that nobody notices, seldom enough that nobody pays: five small queries a second.
const EVERY: Duration = Duration::from_millis(200);
/// Long enough for a relay that was down over night.
const KEEP: Duration = Duration::from_secs(24 * 3_600);
/// A relay whose database does not answer asks again after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Invalidates what the outbox tells, whoever wrote it.
///
/// A relay begins by dropping everything. One with a [name](Self::named) reads on where the last of that name stopped, and drops nothing: with
/// a store that outlives the process that is the one to have.
///
/// # Example: one task beside the server
/// ```no_run
/// use easy_cache_core::Cache;
/// use easy_cache_sea_orm::{CachedDb, feed::Relay};
/// use sea_orm::Database;
///
/// # async fn example() -> Result<(), sea_orm::DbErr> {
/// let db = CachedDb::new(Database::connect("postgres://localhost/shop").await?, &Cache::new());
/// tokio::spawn(Relay::of(&db).run());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a relay does nothing until it runs"]
pub struct Relay {
    inner: DatabaseConnection,
    hook: Hook,
    dialect: Dialect,
    name: Option<String>,
    every: Duration,
    keep: Duration,
    outbox: Option<Outbox>,
    /// When old rows were deleted last, by the cache's clock.
    purged: Option<Duration>,
}

impl Relay {
    /// A relay for the cache, the models and the cascades of this connection.
    pub fn of(db: &CachedDb) -> Self {
        let dialect = match db.get_database_backend() {
            DbBackend::MySql => Dialect::MySql,
            DbBackend::Postgres => Dialect::Postgres,
            _ => Dialect::Sqlite,
        };
        Self {
            inner: db.inner().clone(),
            hook: db.hook().clone(),
            dialect,
            name: None,
            every: EVERY,
            keep: KEEP,
            outbox: None,
            purged: None,
        }
    }

    /// Keeps its position in the database under this name, and reads on from there.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long it waits between two looks: 200 ms unless said otherwise. Each costs one query.
    pub const fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// How long rows stay in the outbox: a day unless said otherwise. A named relay that was away for more than half of it drops everything.
    pub const fn keep(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// Looks, invalidates, waits, for ever. What the database refuses is told as an event, and tried again.
    pub async fn run(mut self) -> Infallible {
        let clock = self.hook.cache().clock().clone();
        let mut pause = self.every;
        loop {
            match self.look().await {
                Ok(_) => pause = self.every,
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be read: what others write is heard later");
                    pause = (pause * 2).min(LONGEST_PAUSE).max(self.every);
                }
            }
            clock.sleep(pause).await;
        }
    }

    /// Looks once, and yields the number of changes that were told. The first look finds out where to begin.
    ///
    /// # Errors
    /// What the database said; the next look begins where this one did.
    pub async fn look(&mut self) -> Result<usize, DbErr> {
        if self.outbox.is_none() {
            self.outbox = Some(self.begin().await?);
        }
        let Some(outbox) = &mut self.outbox else { return Ok(0) };
        let answer = self.inner.query_all_raw(statement(&self.inner, outbox.read(), [])).await?;
        let answer = answer.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let batch = outbox.take(&answer);
        let (changes, before) = (batch.changes.len(), outbox.saved());
        invalidate(&self.hook, &batch.pending(self.hook.analyzer())).await;
        outbox.done(batch);
        let after = outbox.saved();
        if before != after {
            self.save(after).await?;
        }
        self.purge().await?;
        Ok(changes)
    }

    /// Where the last relay of this name stopped; else here and now, with everything dropped.
    async fn begin(&self) -> Result<Outbox, DbErr> {
        if let Some(outbox) = self.resume().await? {
            return Ok(outbox);
        }
        let start = self.inner.query_one_raw(statement(&self.inner, Outbox::start(self.dialect), [])).await?;
        let start = start.as_ref().map(record).transpose()?.unwrap_or_default();
        // After the position was read: what is committed from now on is told.
        invalidate(&self.hook, &Pending::everything()).await;
        let outbox = Outbox::begin(self.dialect, &start);
        self.save(outbox.saved()).await?;
        Ok(outbox)
    }

    async fn resume(&self) -> Result<Option<Outbox>, DbErr> {
        let Some(name) = &self.name else { return Ok(None) };
        let load = statement(&self.inner, Outbox::load(self.dialect), [name.as_str().into()]);
        let Some(row) = self.inner.query_one_raw(load).await? else { return Ok(None) };
        let (saved, age): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if age.unsigned_abs() > self.keep.as_secs() / 2 {
            tracing::warn!(name, age, "a relay was away for too long: everything is dropped");
            return Ok(None);
        }
        Ok(Outbox::resume(self.dialect, &saved).inspect_err(|error| tracing::warn!(name, %error)).ok())
    }

    async fn save(&self, position: String) -> Result<(), DbErr> {
        let Some(name) = &self.name else { return Ok(()) };
        let save = statement(&self.inner, Outbox::save(self.dialect), [name.as_str().into(), position.into()]);
        self.inner.execute_raw(save).await.map(drop)
    }

    /// Deletes old rows, now and then, a thousand at each look. Several relays may do it: there is nothing to agree on.
    async fn purge(&mut self) -> Result<(), DbErr> {
        let now = self.hook.cache().clock().elapsed();
        if self.purged.is_some_and(|last| now.saturating_sub(last) < self.keep / 10) {
            return Ok(());
        }
        let old = statement(&self.inner, Outbox::old(self.dialect, self.keep.as_secs()), []);
        let ids = self.inner.query_all_raw(old).await?;
        let ids = ids.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<i64>, _>>()?;
        if ids.is_empty() {
            self.purged = Some(now);
            return Ok(());
        }
        self.inner.execute_raw(statement(&self.inner, Outbox::delete(&ids), [])).await.map(drop)
    }
}

fn statement(inner: &DatabaseConnection, sql: String, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(inner.get_database_backend(), sql, values)
}

fn record(row: &QueryResult) -> Result<Record, DbErr> {
    Ok(Record {
        id: row.try_get_by_index(0)?,
        table: row.try_get_by_index(1)?,
        operation: row.try_get_by_index(2)?,
        keys: row.try_get_by_index(3)?,
        floor: row.try_get_by_index(4)?,
        now: row.try_get_by_index(5)?,
    })
}
