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
    /// A store outside the process could not be reached, or refused.
    Store,
    /// A caller would have had to wait for longer than its hard timeout, or a store outside the process did not answer in time.
    TimedOut,
    /// A store outside the process has failed so often that it is left alone for a while: it was not asked.
    Unavailable,
    /// Invalidations could not be delivered, or work could not be ended, before a cache was shut down.
    Unfinished,
}

/// An operation on the cache that could not be carried out; the message says which, and on what.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn caused_by(self, cause: Option<Self>) -> Self {
        Self { source: cause.map(|cause| Box::new(cause) as _), ..self }
    }

    /// A failure of a store outside the process, for those who write one. `message` says what was attempted, and on what.
    ///
    /// # Example: the error of a file
    /// ```
    /// use easy_cache_core::{Error, ErrorKind};
    ///
    /// let source = std::io::Error::other("no space left");
    /// let error = Error::store("failed to write entry `user:7`", source);
    /// assert_eq!(error.kind(), ErrorKind::Store);
    /// ```
    pub fn store(message: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: ErrorKind::Store, message: message.into(), source: Some(source.into()) }
    }

    /// The same for a store that has not answered in time.
    pub fn timed_out(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TimedOut, message)
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
