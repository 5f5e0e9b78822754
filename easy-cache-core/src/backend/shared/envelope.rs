//! The bytes of a stored entry: versions of all that it depends on, times, the payload, and a checksum over them.
//!
//! What is not an envelope, or not an intact one, is refused without a panic and without reserving memory for what it claims.
//! What the payload means is the codec's to know.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::{Version, VersionedTag};
use crate::Tag;

/// The first bytes of every entry. The last one is the version of the layout.
const MAGIC: [u8; 4] = *b"eCh\x01";
const NO_TTL: u64 = u64::MAX;

/// A stored entry, as it is written and read.
///
/// # Example: there and back
/// ```
/// use std::time::{Duration, SystemTime};
/// use easy_cache_core::store::{Envelope, Version, VersionedTag};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let version = Version::from_bytes([7; 16]);
/// let envelope = Envelope {
///     stored: SystemTime::UNIX_EPOCH + Duration::from_millis(5),
///     ttl: Some(Duration::from_secs(60)),
///     epoch: version,
///     key: version,
///     tags: vec![VersionedTag { tag: "books".into(), version }],
///     payload: b"forty-two".to_vec(),
/// };
/// assert_eq!(Envelope::decode(&envelope.encode())?, envelope);
/// assert!(Envelope::decode(b"something else").is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// When it was written, by the writer's calendar: for people. Nothing is decided by it.
    pub stored: SystemTime,
    /// How long it was to be served.
    pub ttl: Option<Duration>,
    /// The version of the namespace.
    pub epoch: Version,
    /// The version of the key.
    pub key: Version,
    /// The tags with their versions.
    pub tags: Vec<VersionedTag>,
    /// The value.
    pub payload: Vec<u8>,
}

impl Envelope {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let names: usize = self.tags.iter().map(|tag| tag.tag.encoded().len() + Version::LEN + 4).sum();
        let mut bytes = Vec::with_capacity(60 + names + self.payload.len());
        bytes.extend(MAGIC);
        bytes.extend([0; 4]);
        let stored = self.stored.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        bytes.extend(milliseconds(stored).to_le_bytes());
        bytes.extend(self.ttl.map_or(NO_TTL, milliseconds).to_le_bytes());
        bytes.extend(self.epoch.as_bytes());
        bytes.extend(self.key.as_bytes());
        bytes.extend((self.tags.len() as u32).to_le_bytes());
        for VersionedTag { tag, version } in &self.tags {
            bytes.extend((tag.encoded().len() as u32).to_le_bytes());
            bytes.extend(tag.encoded());
            bytes.extend(version.as_bytes());
        }
        bytes.extend(&self.payload);
        let checksum = crc32fast::hash(&bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`Unreadable`] if these bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut rest = Rest(bytes);
        if rest.take()? != MAGIC {
            return Err(Unreadable("it does not begin like an entry of this layout"));
        }
        if u32::from_le_bytes(rest.take()?) != crc32fast::hash(rest.0) {
            return Err(Unreadable("its checksum is not that of its content"));
        }
        let stored = Duration::from_millis(u64::from_le_bytes(rest.take()?));
        let ttl = u64::from_le_bytes(rest.take()?);
        let (epoch, key) = (rest.version()?, rest.version()?);
        let count = u32::from_le_bytes(rest.take()?);
        let tags = (0..count).map(|_| rest.tag()).collect::<Result<_, _>>()?;
        let stored = SystemTime::UNIX_EPOCH.checked_add(stored).ok_or(Unreadable("its date is beyond the calendar"))?;
        let ttl = (ttl != NO_TTL).then(|| Duration::from_millis(ttl));
        Ok(Self { stored, ttl, epoch, key, tags, payload: rest.0.to_vec() })
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NO_TTL - 1).min(NO_TTL - 1)
}

/// The bytes that have not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unreadable::SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn slice(&mut self, len: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Unreadable::SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn version(&mut self) -> Result<Version, Unreadable> {
        self.take().map(Version::from_bytes)
    }

    fn tag(&mut self) -> Result<VersionedTag, Unreadable> {
        let len = u32::from_le_bytes(self.take()?);
        let tag = Tag::decode(self.slice(len as usize)?).ok_or(Unreadable("a name in it is not a tag"))?;
        Ok(VersionedTag { tag, version: self.version()? })
    }
}

/// Stored bytes that are not an entry; says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable(&'static str);

impl Unreadable {
    /// It ends too early.
    pub const SHORT: Self = Self("it ends too early");

    /// Says why, in words that follow a colon. For stores with a layout of their own.
    #[must_use]
    pub const fn new(why: &'static str) -> Self {
        Self(why)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to read a stored entry: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope() -> Envelope {
        let tag = |tag, byte| VersionedTag { tag, version: Version::from_bytes([byte; 16]) };
        Envelope {
            stored: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
            ttl: Some(Duration::from_secs(60)),
            epoch: Version::from_bytes([1; 16]),
            key: Version::from_bytes([2; 16]),
            tags: vec![tag(Tag::new("größe"), 3), tag(Tag::row("books", 42), 4)],
            payload: vec![5, 6, 7],
        }
    }

    /// A change of these bytes is a decision: what other releases have stored would no longer be read.
    #[test]
    fn the_stored_bytes_are_those_of_the_golden_file() {
        let golden = include_str!("../../../tests/golden/envelope.hex");
        let hex: String = envelope().encode().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, golden.split_whitespace().collect::<String>());
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let bytes = envelope().encode();
        for len in 0..bytes.len() {
            assert!(Envelope::decode(&bytes[..len]).is_err(), "cut after {len}");
            let mut changed = bytes.clone();
            changed[len] ^= 0x40;
            assert!(Envelope::decode(&changed).is_err(), "changed at {len}");
        }
    }

    proptest! {
        // Each case is a whole document of its own: more of them take long and find no more.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn hostile_bytes_are_refused_without_a_panic(mut bytes: Vec<u8>, intact: bool) {
            if intact && bytes.len() > 8 {
                bytes[..4].copy_from_slice(&MAGIC);
                let checksum = crc32fast::hash(&bytes[8..]).to_le_bytes();
                bytes[4..8].copy_from_slice(&checksum);
            }
            if let Ok(envelope) = Envelope::decode(&bytes) {
                prop_assert_eq!(envelope.encode(), bytes);
            }
        }

        #[test]
        fn what_was_written_is_read(names: Vec<String>, payload: Vec<u8>, ttl: Option<u32>) {
            let tags = names.iter().map(|name| VersionedTag { tag: Tag::new(name), version: Version::from_bytes([9; 16]) });
            let ttl = ttl.map(|ttl| Duration::from_millis(ttl.into()));
            let envelope = Envelope { tags: tags.collect(), payload, ttl, ..envelope() };
            prop_assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
        }
    }
}
