//! What can go wrong on the way to a server, told as what it is. No text of these has the password of a URL in it.

use std::fmt;
use std::time::Duration;

use deadpool_redis::PoolError;
use deadpool_redis::redis::{ErrorKind, RedisError, ServerErrorKind};
use easy_cache_core::Error;

use crate::sentinel::Lost;

/// Why an operation was not carried out.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// There was no answer in time; the operation may be done or not done.
    Late(Duration),
    /// The last attempts to connect failed, and the next one is not due.
    BackingOff(Box<Self>),
    /// There is no connection, and somebody else tries to make one.
    Dialling,
    /// More waits to be sent than the connection takes.
    Full,
    /// The connection is another one than that of the fence.
    Replaced,
    /// A node of a cluster has failed so often that it is not asked.
    #[cfg(feature = "cluster")]
    LeftAlone(String),
    /// No node of a cluster serves a slot, as far as is known.
    #[cfg(feature = "cluster")]
    Unserved(u16),
    /// The slot of the records is just being moved to another node.
    #[cfg(feature = "cluster")]
    Moving(u16),
    /// Other programs divide the records of the namespace over another number of groups.
    #[cfg(feature = "cluster")]
    Divided { theirs: usize, ours: usize, record: Box<str> },
    /// The sentinels name no master that could be reached.
    Lost(Box<Lost>),
    /// The pool gave no connection.
    Pool(String),
    /// The server, or the connection to it.
    Redis(RedisError),
    /// The server has answered something that no server answers.
    Garbled(&'static str),
}

impl Failure {
    /// For whoever asked: what was attempted, and on which server.
    pub(crate) fn told(self, attempted: &str, server: &str) -> Error {
        match self {
            Self::Late(timeout) => {
                Error::timed_out(format!("failed to {attempted}: redis at {server} did not answer within {timeout:?}"))
            }
            other => Error::store(format!("failed to {attempted} at redis {server}"), other),
        }
    }

    /// The connection has ended before there was an answer.
    pub(crate) fn ended() -> Self {
        Self::Redis(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into())
    }

    /// Whether the connection is of no further use.
    pub(crate) fn ends_the_connection(&self) -> bool {
        match self {
            Self::Redis(error) => {
                error.is_unrecoverable_error() || error.kind() == ErrorKind::Io || self.is_of_a_replica()
            }
            Self::Garbled(_) => true,
            _ => false,
        }
    }

    /// Whether it says that a node does not answer, and nothing of what it was asked.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_of_the_way(&self) -> bool {
        match self {
            Self::Late(_) | Self::BackingOff(_) | Self::Dialling | Self::Full | Self::Pool(_) | Self::LeftAlone(_) => {
                true
            }
            Self::Redis(error) => error.is_unrecoverable_error() || error.kind() == ErrorKind::Io,
            _ => false,
        }
    }

    /// Whether the server takes no writes, as a master that was replaced.
    pub(crate) fn is_of_a_replica(&self) -> bool {
        self.code() == Some("READONLY")
    }

    /// Whether the server does not know a script.
    pub(crate) fn is_of_a_script(&self) -> bool {
        self.code() == Some("NOSCRIPT")
    }

    /// The word that the server's answer begins with.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Redis(error) => error.code(),
            _ => None,
        }
    }

    /// What the server's words mean, where that helps.
    fn meaning(error: &RedisError) -> Option<&'static str> {
        if error.kind() == ErrorKind::AuthenticationFailed {
            return Some("the password, or the user, is not the one that it expects");
        }
        Some(match error.code()? {
            "OOM" => "its memory is full, and its eviction policy makes no room",
            "READONLY" => "it is a replica, and takes no writes",
            "LOADING" => "it was just started, and still loads its data",
            "MASTERDOWN" => "it is a replica, and its master is down",
            "NOAUTH" => "it expects a password, and none is given",
            "WRONGPASS" => "the password, or the user, is not the one that it expects",
            "NOPERM" => "the user may not do this",
            "WRONGTYPE" => "somebody else uses a key of this namespace",
            "MISCONF" => "it cannot write its data to disk, and therefore refuses writes",
            "BUSY" => "it is busy with somebody's script",
            "CLUSTERDOWN" => "its cluster is down",
            "MOVED" | "ASK" | "CROSSSLOT" => "it is a node of a cluster, and needs the store for clusters",
            _ => return None,
        })
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Redis(error),
            other => Self::Pool(other.to_string()),
        }
    }
}

impl From<ServerErrorKind> for Failure {
    fn from(kind: ServerErrorKind) -> Self {
        Self::Redis(RedisError::from((ErrorKind::Server(kind), "the server refused")))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(timeout) => write!(f, "there was no answer within {timeout:?}"),
            Self::BackingOff(last) => write!(f, "it is not asked again yet, after: {last}"),
            Self::Dialling => f.write_str("there is no connection, and another attempt is under way"),
            Self::Full => f.write_str("more waits to be sent than the connection takes"),
            Self::Replaced => f.write_str("the connection was replaced meanwhile"),
            #[cfg(feature = "cluster")]
            Self::LeftAlone(node) => write!(f, "node {node} has failed so often that it is left alone for a while"),
            #[cfg(feature = "cluster")]
            Self::Unserved(slot) => write!(f, "no node is known that serves slot {slot}"),
            #[cfg(feature = "cluster")]
            Self::Moving(slot) => write!(f, "slot {slot} is just being moved to another node"),
            #[cfg(feature = "cluster")]
            Self::Divided { theirs, ours, record } => write!(
                f,
                "other programs divide the records of this namespace into {theirs} groups, and this one into {ours}, so that \
                 neither would hear of the other's invalidations: say the same number in all (to change it, stop them all, and \
                 delete `{record}`)"
            ),
            Self::Lost(lost) => write!(f, "{lost}"),
            Self::Pool(why) => write!(f, "the pool has no connection: {why}"),
            Self::Redis(error) => match Self::meaning(error) {
                Some(meaning) => write!(f, "{meaning} ({error})"),
                None => write!(f, "{error}"),
            },
            Self::Garbled(what) => write!(f, "it answered what no redis answers: {what}"),
        }
    }
}

impl std::error::Error for Failure {}
