//! Reads from a replica: whether it has replayed what was committed before the read. What is built from one that has not is not kept.
//!
//! Why not: the fence of a computation says "whatever was invalidated before me is in what I read". A replica that lags breaks that, and
//! the old value would be kept *after* the invalidation that was to drop it.
//!
//! The fence of a replica is a position in the primary's log. It is asked for when the tags have been observed, and the replica must have
//! replayed it before it reads: so everything that was committed, and invalidated, until then is in the read. What is invalidated later
//! is compared by the tags, as ever. Both positions come from the servers themselves, so writes of other programs count as well, and
//! no writer has to note anything, or can die before it has.

use easy_cache_core::Cache;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, Statement,
    TransactionTrait,
};

use crate::beginning::Beginning;

/// A transaction on a connection of `replica` in which every read sees what `primary` had committed when this was called. `None` if it
/// does not, or if nobody can tell.
///
/// The same connection for question and read: behind one address there may be several replicas. READ COMMITTED: a snapshot from before
/// the answer would prove nothing.
pub(crate) async fn caught_up(
    primary: &DatabaseConnection,
    replica: &DatabaseConnection,
    cache: &Cache,
) -> Option<DatabaseTransaction> {
    if primary.get_database_backend() != DbBackend::Postgres {
        return None;
    }
    let asked = ask(primary, replica, cache).await;
    asked.unwrap_or_else(|error| {
        tracing::warn!(%error, "failed to learn how far a replica is: what is read from it is not kept");
        None
    })
}

async fn ask(
    primary: &DatabaseConnection,
    replica: &DatabaseConnection,
    cache: &Cache,
) -> Result<Option<DatabaseTransaction>, DbErr> {
    // Where the next record goes, and not how much is written out: a COMMIT that does not wait for the disk is visible before.
    let position = Statement::from_string(DbBackend::Postgres, "SELECT pg_current_wal_insert_lsn()::text AS answer");
    let Some(position) = answer::<String>(primary, position).await? else { return Ok(None) };
    let replica = replica.clone();
    let (level, mode) = (Some(IsolationLevel::ReadCommitted), Some(AccessMode::ReadOnly));
    let tx = Beginning::new(async move { replica.begin_with_config(level, mode).await }, cache).await?;
    // One that was promoted follows nobody any more, however far it had come.
    let question = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::text::pg_lsn AS answer";
    let question = Statement::from_sql_and_values(DbBackend::Postgres, question, [position.into()]);
    if answer::<bool>(&tx, question).await? == Some(true) {
        return Ok(Some(tx));
    }
    tx.rollback().await?;
    Ok(None)
}

async fn answer<T: sea_orm::TryGetable>(
    connection: &impl ConnectionTrait,
    question: Statement,
) -> Result<Option<T>, DbErr> {
    let row = connection.query_one_raw(question).await?;
    row.map_or(Ok(None), |row| row.try_get("", "answer"))
}
