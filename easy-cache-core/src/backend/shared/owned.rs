//! A lookup that owns what it asks for: a key and tags, in its own place if they are short and few, since memory that is asked for costs
//! more than copying them.

use std::fmt;
use std::ops::Deref;

use super::Look;
use crate::few::Tags;

/// Keys up to this length need no memory of their own.
const SHORT: usize = 55;

/// A [`Look`] that borrows nothing.
pub struct OwnedLook {
    key: Key,
    kind: u64,
    tags: Tags,
}

impl OwnedLook {
    /// Copies of what is asked for. A short key and a few tags need no memory of their own.
    #[must_use]
    pub fn of(look: Look<'_>) -> Self {
        Self { key: look.key.into(), kind: look.kind, tags: look.tags.into() }
    }

    /// What is asked for.
    #[must_use]
    pub fn borrowed(&self) -> Look<'_> {
        Look { kind: self.kind, ..Look::new(&self.key, &self.tags) }
    }
}

impl fmt::Debug for OwnedLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

/// A copy of a key.
enum Key {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        let mut short = [0; SHORT];
        match (u8::try_from(key.len()), short.get_mut(..key.len())) {
            (Ok(len), Some(place)) => {
                place.copy_from_slice(key);
                Self::Short(len, short)
            }
            _ => Self::Long(key.into()),
        }
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short(len, bytes) => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(key) => key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_length_are_taken_along_as_they_are() {
        for len in 0..300 {
            let key: Vec<u8> = (0..len).map(|n| n as u8).collect();
            assert_eq!(*Key::from(&*key), *key);
        }
    }
}
