//! Why a read or a write was refused. How a framework answers that is left to the binaries.

use std::{error, fmt};

use sea_orm::DbErr;

/// A refused read or write, with a text that may be shown to the person who asked.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// What to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What the request names does not exist.
    NotFound,
    /// What the request says makes no sense.
    Invalid,
    /// The request was understood, and undone.
    Conflict,
    /// The database failed; nobody outside can do anything about it.
    Database,
}

impl Error {
    /// There is no such book.
    #[must_use]
    pub fn no_book(id: i32) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no book {id}"))
    }

    /// There is no such author.
    #[must_use]
    pub fn no_author(id: i32) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no author {id}"))
    }

    /// The request makes no sense, and why.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// The request was undone, and why.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// The database failed. Its text stays in the source: it is for the log, not for who asked.
    pub fn database(source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(ErrorKind::Database, "the shop cannot answer at the moment") }
    }

    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<DbErr> for Error {
    fn from(source: DbErr) -> Self {
        Self::database(source)
    }
}
