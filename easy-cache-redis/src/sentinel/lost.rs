//! Why no master was found, and what to do about it.

use std::fmt;

use crate::failure::Failure;

/// Why no connection to a master was made.
#[derive(Debug, Clone)]
pub(crate) enum Lost {
    /// No sentinel has answered; what each of them did instead.
    Silence { name: String, each: String },
    /// Those that have answered have never heard the name.
    Unknown { name: String, asked: String },
    /// The server that they name says something else of itself.
    Replica { address: String, name: String },
    /// The server that they name is not to be reached.
    Unreachable { address: String, failure: Failure },
    /// The few that have answered know of fewer failovers than were known before.
    Outdated { address: String },
    /// Another one has become the master since the sentinels were asked.
    Replaced,
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::Lost(Box::new(lost))
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence { name, each } => write!(f, "no sentinel names the master of `{name}`: {each}"),
            Self::Unknown { name, asked } => write!(
                f,
                "the sentinels do not know a master called `{name}`: say the name that `sentinel monitor` has in their \
                 configuration (asked: {asked})"
            ),
            Self::Replica { address, name } => write!(
                f,
                "the sentinels name {address} as the master of `{name}`, and it says that it is a replica: they have not noticed \
                 yet, and are asked again"
            ),
            Self::Unreachable { address, failure } => write!(
                f,
                "the sentinels name {address} as the master, which has to be an address that leads there from here: {failure}"
            ),
            Self::Outdated { address } => write!(
                f,
                "most sentinels do not answer, and the others name {address} as the master, which was replaced as far as is known \
                 here"
            ),
            Self::Replaced => f.write_str("another server has become the master meanwhile"),
        }
    }
}
