//! The version of a tag's record: sixteen bytes that are never used twice, compared for equality and for nothing else.

use std::fmt;

use crate::Error;

/// The version of a record in a shared store. Opaque: a new one differs from every other that was ever made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version([u8; 16]);

impl Version {
    /// The number of its bytes.
    pub const LEN: usize = 16;

    /// A version that nobody has seen: random, so that no two processes ever agree on one.
    ///
    /// # Errors
    /// If the operating system has no random bytes.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; Self::LEN];
        match getrandom::fill(&mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(source) => Err(Error::store("failed to draw a random version", source)),
        }
    }

    /// The version that these bytes are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
