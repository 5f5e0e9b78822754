//! How a write ended, as far as its result tells. What is done about it is left to the hook.

use easy_cache_sql::hook::Outcome;
use sea_orm::DbErr;

/// The outcome of an autocommit statement, or of a COMMIT. `all_or_nothing`: a refusal means that nothing of it happened.
pub(crate) fn of<T>(result: &Result<T, DbErr>, all_or_nothing: bool) -> Outcome {
    match result {
        Ok(_) => Outcome::Committed,
        Err(error) => of_error(error, all_or_nothing),
    }
}

/// The same for a statement that failed.
pub(crate) fn of_error(error: &DbErr, all_or_nothing: bool) -> Outcome {
    match Answer::of(error) {
        Answer::NeverSent => Outcome::RolledBack,
        Answer::Refused if all_or_nothing => Outcome::RolledBack,
        Answer::Refused | Answer::Over => Outcome::Committed,
        Answer::Lost => Outcome::Unknown,
    }
}

/// What an error says about the statement that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The database never heard of it.
    NeverSent,
    /// The database said no, and changed nothing.
    Refused,
    /// It has ended, one way or the other, and will not do anything any more.
    Over,
    /// No answer came: it may have happened, or may yet happen.
    Lost,
}

impl Answer {
    fn of(error: &DbErr) -> Self {
        match error {
            // No connection could be had, the values do not fit, or SeaORM itself objected.
            DbErr::ConnectionAcquire(_)
            | DbErr::KeyArityMismatch { .. }
            | DbErr::PrimaryKeyNotSet { .. }
            | DbErr::AttrNotSet(_)
            | DbErr::BackendNotSupported { .. }
            | DbErr::RbacError(_)
            | DbErr::AccessDenied { .. } => Self::NeverSent,
            // What SeaORM finds in the answer to a statement that has run.
            DbErr::RecordNotFound(_)
            | DbErr::RecordNotInserted
            | DbErr::RecordNotUpdated
            | DbErr::UnpackInsertId
            | DbErr::UpdateGetPrimaryKey
            | DbErr::ConvertFromU64(_)
            | DbErr::TryIntoErr { .. }
            | DbErr::Type(_)
            | DbErr::Json(_) => Self::Over,
            // What SeaORM itself recognises, of every driver.
            DbErr::Exec(_) | DbErr::Query(_) if error.sql_err().is_some() => Self::Refused,
            DbErr::Conn(cause) => driver::before_sending(cause),
            DbErr::Exec(cause) | DbErr::Query(cause) => driver::answer(cause),
            _ => Self::Lost,
        }
    }
}

/// What the errors of SQLx say.
#[cfg(feature = "sqlx")]
mod driver {
    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::Error;
    use sea_orm::sqlx::error::DatabaseError;

    use super::Answer;

    /// SeaORM reports so what happens while a connection is taken out of the pool.
    pub(super) fn before_sending(cause: &RuntimeErr) -> Answer {
        if matches!(cause, RuntimeErr::SqlxError(_)) { Answer::NeverSent } else { Answer::Lost }
    }

    pub(super) fn answer(cause: &RuntimeErr) -> Answer {
        let RuntimeErr::SqlxError(error) = cause else { return Answer::Lost };
        match &**error {
            Error::Database(error) if is_refusal(&**error) => Answer::Refused,
            Error::Database(_) => Answer::Over,
            Error::PoolTimedOut | Error::PoolClosed | Error::Encode(_) | Error::InvalidSavePointStatement => {
                Answer::NeverSent
            }
            _ => Answer::Lost,
        }
    }

    fn is_refusal(error: &dyn DatabaseError) -> bool {
        error
            .code()
            .is_some_and(|code| if code.len() == 5 { is_sqlstate_refusal(&code) } else { is_sqlite_refusal(&code) })
    }

    /// PostgreSQL and MySQL. Not in these classes: the connection or the server broke, something inside of it did, or the
    /// code tells nothing (MySQL's `HY000` is also what a COMMIT says that went wrong half-way).
    fn is_sqlstate_refusal(code: &str) -> bool {
        const BROKEN: [&str; 7] = ["08", "40003", "57P", "58", "F0", "HY", "XX"];
        !BROKEN.iter().any(|class| code.starts_with(class))
    }

    /// SQLite, by its primary code: the others are failures of files and memory in the middle of the work.
    fn is_sqlite_refusal(code: &str) -> bool {
        const ERROR: u32 = 1;
        const PERMISSION: u32 = 3;
        const BUSY: u32 = 5;
        const LOCKED: u32 = 6;
        const READ_ONLY: u32 = 8;
        const SCHEMA: u32 = 17;
        const TOO_BIG: u32 = 18;
        const CONSTRAINT: u32 = 19;
        const MISMATCH: u32 = 20;
        const MISUSE: u32 = 21;
        const AUTHORIZATION: u32 = 23;
        const RANGE: u32 = 25;
        let primary = code.parse::<u32>().map(|extended| extended & 0xff);
        matches!(
            primary,
            Ok(ERROR
                | PERMISSION
                | BUSY
                | LOCKED
                | READ_ONLY
                | SCHEMA
                | TOO_BIG
                | CONSTRAINT
                | MISMATCH
                | MISUSE
                | AUTHORIZATION
                | RANGE)
        )
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_constraint_or_a_lock_refuses_and_changes_nothing() {
            for code in ["23505", "42P01", "40001", "40P01", "57014", "25P02", "23000", "42000"] {
                assert!(is_sqlstate_refusal(code), "{code}");
            }
            for code in ["1", "5", "517", "787", "1555", "2067"] {
                assert!(is_sqlite_refusal(code), "{code}");
            }
        }

        #[test]
        fn what_broke_half_way_is_no_refusal() {
            for code in ["08006", "08S01", "57P02", "40003", "58030", "XX000", "HY000"] {
                assert!(!is_sqlstate_refusal(code), "{code}");
            }
            for code in ["7", "10", "2570", "11", "13", "none", ""] {
                assert!(!is_sqlite_refusal(code), "{code}");
            }
        }
    }
}

/// Nothing more is known of other drivers' errors.
#[cfg(not(feature = "sqlx"))]
mod driver {
    use sea_orm::RuntimeErr;

    use super::Answer;

    pub(super) fn before_sending(_: &RuntimeErr) -> Answer {
        Answer::Lost
    }

    pub(super) fn answer(_: &RuntimeErr) -> Answer {
        Answer::Lost
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sea_orm::{ConnAcquireErr, RuntimeErr};

    use super::*;

    fn answers(errors: impl IntoIterator<Item = DbErr>) -> Vec<Answer> {
        let mut answers: Vec<_> = errors.into_iter().map(|error| Answer::of(&error)).collect();
        answers.dedup();
        answers
    }

    #[test]
    fn without_a_connection_nothing_was_sent() {
        let errors = [
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            DbErr::AttrNotSet("id".into()),
            DbErr::PrimaryKeyNotSet { ctx: "update" },
            DbErr::KeyArityMismatch { expected: 1, received: 2 },
            DbErr::BackendNotSupported { db: "Proxy", ctx: "streams" },
        ];
        assert_eq!(answers(errors), [Answer::NeverSent]);
    }

    #[test]
    fn what_is_found_in_an_answer_comes_after_the_statement_has_run() {
        let not_a_number = "x".parse::<i32>().map_err(|error| Arc::new(error) as Arc<_>);
        let source = not_a_number.expect_err("x is no number");
        let errors = [
            DbErr::RecordNotFound("gone".into()),
            DbErr::RecordNotInserted,
            DbErr::RecordNotUpdated,
            DbErr::UnpackInsertId,
            DbErr::UpdateGetPrimaryKey,
            DbErr::ConvertFromU64("Uuid"),
            DbErr::TryIntoErr { from: "a", into: "b", source },
            DbErr::Type("a null".into()),
            DbErr::Json("no object".into()),
        ];
        assert_eq!(answers(errors), [Answer::Over]);
    }

    #[test]
    fn an_error_of_unknown_origin_says_nothing() {
        let internal = || RuntimeErr::Internal("cut".into());
        let errors =
            [DbErr::Exec(internal()), DbErr::Query(internal()), DbErr::Conn(internal()), DbErr::Custom("?".into())];
        assert_eq!(answers(errors), [Answer::Lost]);
    }

    #[cfg(feature = "sqlx")]
    #[test]
    fn a_connection_that_breaks_says_nothing_unless_it_breaks_in_the_pool() {
        use sea_orm::sqlx::Error;

        let broken = || RuntimeErr::SqlxError(Arc::new(Error::WorkerCrashed));
        assert_eq!(answers([DbErr::Exec(broken()), DbErr::Query(broken())]), [Answer::Lost]);
        assert_eq!(answers([DbErr::Conn(broken())]), [Answer::NeverSent]);
        let full = RuntimeErr::SqlxError(Arc::new(Error::PoolTimedOut));
        assert_eq!(answers([DbErr::Exec(full)]), [Answer::NeverSent]);
    }

    #[test]
    fn a_refusal_of_several_statements_may_have_done_the_first() {
        assert_eq!(of(&Ok(()), true), Outcome::Committed);
        let lost = DbErr::Custom("?".into());
        assert_eq!(of_error(&lost, true), Outcome::Unknown);
    }
}
