//! What an error says about the statement that it came from. What is done about it is left to `tracker`.

use diesel::result::{DatabaseErrorKind as Kind, Error};
use easy_cache_sql::Dialect;

/// How far a statement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has run.
    Done,
    /// The database said no, and changed nothing.
    Refused,
    /// It has ended, one way or the other, and will not do anything any more.
    Over,
    /// It was to end a transaction, and there was none: SQLite had rolled it back before.
    NotOpen,
    /// No answer came, or nobody knows whether this is one: it may have happened, or may yet happen.
    Lost,
}

impl Answer {
    pub(crate) fn of(error: Option<&Error>, dialect: Dialect) -> Self {
        match error {
            None => Self::Done,
            Some(Error::DatabaseError(_, information))
                if dialect == Dialect::Sqlite && information.message().ends_with("no transaction is active") =>
            {
                Self::NotOpen
            }
            Some(Error::DatabaseError(kind, _)) => of_kind(kind, dialect),
            // The statement could not even be written down.
            Some(Error::InvalidCString(_) | Error::QueryBuilderError(_) | Error::SerializationError(_)) => {
                Self::Refused
            }
            // What is found in the answer to a statement that has run.
            Some(Error::NotFound | Error::DeserializationError(_) | Error::IntegerConversion(_)) => Self::Over,
            Some(_) => Self::Lost,
        }
    }
}

fn of_kind(kind: &Kind, dialect: Dialect) -> Answer {
    match kind {
        Kind::UniqueViolation
        | Kind::ForeignKeyViolation
        | Kind::NotNullViolation
        | Kind::CheckViolation
        | Kind::RestrictViolation
        | Kind::ExclusionViolation
        | Kind::SerializationFailure
        | Kind::ReadOnlyTransaction => Answer::Refused,
        // SQLite is in this process: when it has answered, whatever it is, nothing goes on.
        _ if dialect == Dialect::Sqlite => Answer::Over,
        _ => Answer::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: Kind, dialect: Dialect) -> Answer {
        Answer::of(Some(&Error::DatabaseError(kind, Box::new(String::new()))), dialect)
    }

    #[test]
    fn a_violated_constraint_changes_nothing() {
        for kind in [Kind::UniqueViolation, Kind::ForeignKeyViolation, Kind::CheckViolation, Kind::SerializationFailure]
        {
            assert_eq!(answer(kind, Dialect::Postgres), Answer::Refused);
        }
    }

    #[test]
    fn an_error_without_a_name_may_be_a_broken_connection_unless_there_is_none() {
        assert_eq!(answer(Kind::Unknown, Dialect::Sqlite), Answer::Over);
        for kind in [Kind::Unknown, Kind::ClosedConnection, Kind::UnableToSendCommand] {
            assert_eq!(answer(kind, Dialect::Postgres), Answer::Lost);
            assert_eq!(answer(kind, Dialect::MySql), Answer::Lost);
        }
    }

    #[test]
    fn what_was_never_written_down_was_never_sent() {
        let error = Error::SerializationError("no".into());
        assert_eq!(Answer::of(Some(&error), Dialect::MySql), Answer::Refused);
        assert_eq!(Answer::of(Some(&Error::NotFound), Dialect::MySql), Answer::Over);
        assert_eq!(Answer::of(None, Dialect::MySql), Answer::Done);
    }
}
