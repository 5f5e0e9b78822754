//! Why a read or a write was refused, while Diesel is at work: what it says itself becomes one of the domain's errors.

use bookstore::Error;

/// A refusal on its way to the domain's [`Error`]. Diesel's transactions need one that its own error can become.
#[derive(Debug)]
pub struct Refused(Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<diesel::result::Error> for Refused {
    fn from(error: diesel::result::Error) -> Self {
        Self(Error::database(error))
    }
}

impl From<diesel::r2d2::PoolError> for Refused {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self(Error::database(error))
    }
}

impl From<Refused> for Error {
    fn from(Refused(error): Refused) -> Self {
        error
    }
}
