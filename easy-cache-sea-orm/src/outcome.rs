//! How a write ended, as far as its result tells.

use easy_cache_sql::hook::Outcome;
use sea_orm::DbErr;

/// The outcome of an autocommit statement, or of a COMMIT.
pub(crate) fn of<T>(result: &Result<T, DbErr>, all_or_nothing: bool) -> Outcome {
    match result {
        Ok(_) => Outcome::Committed,
        Err(error) if was_never_sent(error) => Outcome::RolledBack,
        Err(error) if is_refusal(error) && all_or_nothing => Outcome::RolledBack,
        Err(error) if is_refusal(error) => Outcome::Committed,
        // SeaORM's own findings come after the statement: the row that it wanted back, a value that it cannot read.
        Err(DbErr::RecordNotFound(_) | DbErr::RecordNotInserted | DbErr::RecordNotUpdated | DbErr::Type(_)) => {
            Outcome::Committed
        }
        Err(_) => Outcome::Unknown,
    }
}

/// No connection could be had.
fn was_never_sent(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_))
}

/// The database itself answered, and the answer was no.
fn is_refusal(error: &DbErr) -> bool {
    error.sql_err().is_some() || was_refused_by_driver(error)
}

#[cfg(feature = "sqlx")]
fn was_refused_by_driver(error: &DbErr) -> bool {
    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::Error;

    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    matches!(**error, Error::Database(_))
}

#[cfg(not(feature = "sqlx"))]
fn was_refused_by_driver(_: &DbErr) -> bool {
    false
}
