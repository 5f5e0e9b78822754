//! The record of a name: a log of what has happened to it. Appending is the one change that needs to know nothing and loses nothing.

use easy_cache_core::store::Version;

const VERSION: u8 = b'v';
const HELD: u8 = b'h';
const RELEASED: u8 = b'r';
const LEN: usize = 1 + Version::LEN;

/// One thing that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// An invalidation, or a first fill.
    Version(Version),
    /// A writer holds the name.
    Held(Version),
    /// It does so no longer.
    Released(Version),
}

impl Token {
    pub(crate) fn bytes(self) -> [u8; LEN] {
        let (kind, version) = match self {
            Self::Version(version) => (VERSION, version),
            Self::Held(writer) => (HELD, writer),
            Self::Released(writer) => (RELEASED, writer),
        };
        let mut bytes = [kind; LEN];
        bytes[1..].copy_from_slice(version.as_bytes());
        bytes
    }
}

/// What a log says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record {
    /// None yet, or none that can be read.
    pub(crate) version: Option<Version>,
    /// Who holds the name.
    pub(crate) marks: Vec<Version>,
}

impl Record {
    /// The log's length from which on it is worth writing anew.
    pub(crate) const LONG: usize = 16 * LEN;

    /// Whatever is no log says nothing: what depends on it is a miss, and it is replaced.
    pub(crate) fn read(log: &[u8]) -> Self {
        let mut record = Self::default();
        let (tokens, rest) = log.as_chunks::<LEN>();
        for token in tokens {
            let (kind, version) = token.split_at(1);
            let Ok(version) = version.try_into().map(Version::from_bytes) else { return Self::default() };
            match kind {
                [VERSION] => record.version = Some(version),
                [HELD] if !record.marks.contains(&version) => record.marks.push(version),
                [HELD] => {}
                [RELEASED] => record.marks.retain(|mark| *mark != version),
                _ => return Self::default(),
            }
        }
        if rest.is_empty() { record } else { Self::default() }
    }

    /// The shortest log that says the same.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let tokens = self.version.map(Token::Version).into_iter().chain(self.marks.iter().copied().map(Token::Held));
        tokens.flat_map(Token::bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn version(byte: u8) -> Version {
        Version::from_bytes([byte; 16])
    }

    fn log(tokens: &[Token]) -> Vec<u8> {
        tokens.iter().copied().flat_map(Token::bytes).collect()
    }

    /// A change of these bytes is a decision: what other releases have stored would no longer be read.
    #[test]
    fn the_bytes_are_those_that_were_decided() {
        assert_eq!(Token::Version(version(b'1')).bytes(), *b"v1111111111111111");
        assert_eq!(Token::Held(version(b'2')).bytes(), *b"h2222222222222222");
        assert_eq!(Token::Released(version(b'3')).bytes(), *b"r3333333333333333");
    }

    #[test]
    fn the_last_version_counts_and_holds_last_until_their_release() {
        let tokens = [
            Token::Version(version(1)),
            Token::Held(version(8)),
            Token::Held(version(9)),
            Token::Version(version(2)),
            Token::Released(version(8)),
            Token::Released(version(7)),
        ];
        let record = Record::read(&log(&tokens));
        assert_eq!(record, Record { version: Some(version(2)), marks: vec![version(9)] });
        assert_eq!(Record::read(&record.bytes()), record);
        assert_eq!(record.bytes().len(), 2 * LEN);
    }

    #[test]
    fn what_is_no_log_says_nothing() {
        let good = log(&[Token::Version(version(1))]);
        for bytes in [b"x".to_vec(), [good.as_slice(), b"v"].concat(), [&[b'x'; LEN], good.as_slice()].concat(), vec![]]
        {
            assert_eq!(Record::read(&bytes), Record::default());
        }
    }

    proptest! {
        #[test]
        fn garbage_is_no_reason_to_panic(bytes: Vec<u8>) {
            let record = Record::read(&bytes);
            prop_assert_eq!(Record::read(&record.bytes()), record);
        }
    }
}
