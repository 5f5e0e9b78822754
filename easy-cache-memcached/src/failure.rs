//! What can go wrong on the way to a server, told as what it is.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use easy_cache_core::Error;

/// Why an operation was not carried out.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// There was no answer in time; the operation may be done or not done.
    Late(Duration),
    /// The last attempts to connect failed, and the next one is not due.
    BackingOff(Box<Self>),
    /// There is no connection, and somebody else tries to make one.
    Dialling,
    /// The connection is another one than that of the fence, or has ended.
    Replaced,
    /// More is waiting for this server than it can be expected to answer.
    Overloaded,
    /// The connection.
    Broken(Arc<io::Error>),
    /// The server has answered something that no memcached answers.
    Garbled(&'static str),
    /// The server has refused, with these words.
    Refused(String),
    /// This process could not do its part.
    Here(Arc<Error>),
}

impl Failure {
    /// For whoever asked: what was attempted, and on which servers.
    pub(crate) fn told(self, attempted: &str, servers: &str) -> Error {
        match self {
            Self::Late(timeout) => Error::timed_out(format!(
                "failed to {attempted}: memcached at {servers} did not answer within {timeout:?}"
            )),
            other => Error::store(format!("failed to {attempted} at memcached {servers}"), other),
        }
    }

    /// Whether the connection is of no further use.
    pub(crate) const fn ends_the_connection(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Garbled(_) | Self::Overloaded)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(Arc::new(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Here(Arc::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(timeout) => write!(f, "there was no answer within {timeout:?}"),
            Self::BackingOff(last) => write!(f, "it is not asked again yet, after: {last}"),
            Self::Dialling => f.write_str("there is no connection, and another attempt is under way"),
            Self::Replaced => f.write_str("the connection was replaced meanwhile"),
            Self::Overloaded => f.write_str("too many operations wait for it"),
            Self::Broken(error) => write!(f, "the connection is broken: {error}"),
            Self::Garbled(what) => write!(f, "it answered what no memcached answers: {what}"),
            Self::Refused(words) => write!(f, "it refused: {words}"),
            Self::Here(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Failure {}
