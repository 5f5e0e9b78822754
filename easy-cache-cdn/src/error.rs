//! Why a purge did not succeed.

use std::error::Error;
use std::fmt;

/// A purge that a cache in front did not acknowledge.
#[derive(Debug)]
pub struct PurgeError {
    message: Box<str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl PurgeError {
    /// Says what was attempted, on what, and what came of it.
    ///
    /// # Example
    /// ```
    /// use easy_cache_cdn::PurgeError;
    ///
    /// assert_eq!(PurgeError::new("the API answered 429").to_string(), "the API answered 429");
    /// ```
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into().into(), source: None }
    }

    /// The same with its cause.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}

impl fmt::Display for PurgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for PurgeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
