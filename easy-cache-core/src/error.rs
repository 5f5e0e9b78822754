//! The one error of this crate. A failing cache does not fail a request: only who asks for an invalidation, a hold or a
//! registration hears of it.

use std::fmt;

/// What went wrong, to branch on.
///
/// # Example
/// ```
/// use easy_cache_core::{Error, ErrorKind, of};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let error: Error = of(async { 7 }).invalidate().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotCached);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A call that was given to [`of`](crate::of) came to no cached function.
    NotCached,
    /// A named cache was replaced more often than a registry slot allows.
    RegistryFull,
    /// A caller would have had to wait for longer than its hard timeout.
    TimedOut,
}

/// An operation on the cache that could not be carried out; the message says which, and on what.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The kind of failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
