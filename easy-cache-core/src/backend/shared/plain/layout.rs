//! The keys and the bytes of records. A change here is one of the stored layout: other releases read it.

use std::fmt::{self, Write};

use super::super::Version;
use crate::Tag;

/// The keys of one namespace.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    namespace: Box<str>,
}

impl Keys {
    pub(super) fn new(namespace: &str) -> Self {
        // A namespace cannot reach into another: `a` with a key `b:..` and `a:b` stay apart.
        Self { namespace: namespace.replace('%', "%25").replace(':', "%3A").into() }
    }

    pub(super) fn order(&self) -> String {
        format!("{}:o", self.namespace)
    }

    pub(super) fn epoch(&self) -> String {
        format!("{}:f", self.namespace)
    }

    pub(super) fn tag(&self, tag: &Tag) -> String {
        self.named(format_args!("t"), tag.encoded())
    }

    pub(super) fn key(&self, key: &[u8]) -> String {
        self.named(format_args!("k"), key)
    }

    pub(super) fn entry(&self, key: &[u8], kind: u64) -> String {
        self.named(format_args!("e:{kind:x}"), key)
    }

    /// There for as long as the entry is fresh, if that ends before the entry does.
    pub(super) fn fresh(&self, key: &[u8], kind: u64) -> String {
        self.named(format_args!("m:{kind:x}"), key)
    }

    /// Text as it is; other bytes as numbers, under a letter of their own.
    fn named(&self, kind: fmt::Arguments<'_>, name: &[u8]) -> String {
        match std::str::from_utf8(name) {
            Ok(text) => format!("{}:{kind}:{text}", self.namespace),
            Err(_) => {
                let mut key = format!("{}:{kind}x:", self.namespace);
                name.iter().for_each(|byte| _ = write!(key, "{byte:02x}"));
                key
            }
        }
    }
}

const FREE: u8 = b'v';
const HELD: u8 = b'h';

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// A version.
    Free(Version),
    /// The mark of a writer.
    Held(Version),
}

impl Record {
    /// `None` if there is no record, or bytes that are none: both make what depends on it a miss.
    pub(super) fn read(bytes: Option<&Vec<u8>>) -> Option<Self> {
        let (kind, version) = bytes?.split_first()?;
        let version = Version::from_bytes(version.try_into().ok()?);
        match *kind {
            FREE => Some(Self::Free(version)),
            HELD => Some(Self::Held(version)),
            _ => None,
        }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let (kind, version) = match self {
            Self::Free(version) => (FREE, version),
            Self::Held(writer) => (HELD, writer),
        };
        [&[kind], version.as_bytes().as_slice()].concat()
    }

    /// A version that nobody has seen.
    pub(super) fn fresh() -> Result<(Version, Vec<u8>), crate::Error> {
        let version = Version::random()?;
        Ok((version, Self::Free(version).bytes()))
    }

    pub(super) fn version(self) -> Option<Version> {
        match self {
            Self::Free(version) => Some(version),
            Self::Held(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these keys is a decision: what other releases have stored would no longer be found.
    #[test]
    fn the_keys_are_those_that_were_decided() {
        let keys = Keys::new("shop:eu");
        assert_eq!(keys.order(), "shop%3Aeu:o");
        assert_eq!(keys.epoch(), "shop%3Aeu:f");
        assert_eq!(keys.tag(&Tag::row("books", 42)), "shop%3Aeu:t:dbooks:42");
        assert_eq!(keys.key(b"k:1"), "shop%3Aeu:k:k:1");
        assert_eq!(keys.entry("größe".as_bytes(), 0xab), "shop%3Aeu:e:ab:größe");
        assert_eq!(keys.entry(&[0xff, 7], 0), "shop%3Aeu:e:0x:ff07");
        assert_eq!(keys.fresh(b"k:1", 7), "shop%3Aeu:m:7:k:1");
    }

    #[test]
    fn one_namespace_does_not_reach_into_another() {
        assert_ne!(Keys::new("a").entry(b"x", 0), Keys::new("a:e").entry(b"x", 0));
        assert_ne!(Keys::new("a").named(format_args!("e"), b"b:o"), Keys::new("a:e:b").order());
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_anything_else_is_none() {
        let version = Version::from_bytes([7; 16]);
        for record in [Record::Free(version), Record::Held(version)] {
            assert_eq!(Record::read(Some(&record.bytes())), Some(record));
        }
        for other in [vec![], vec![b'v'; 16], vec![b'v'; 18], vec![b'x'; 17]] {
            assert_eq!(Record::read(Some(&other)), None);
        }
        assert_eq!(Record::read(None), None);
    }
}
