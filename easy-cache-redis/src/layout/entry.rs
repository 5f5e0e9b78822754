//! The bytes of an entry: a table of versions that the server fills in when it accepts the value, then what the client wrote.
//!
//! ```text
//!  0  magic        4   the last byte is the version of the layout
//!  4  tags         4   how many; little-endian, as all numbers of this file
//!  8  crc          4   of the number of tags, and of everything behind the table
//! 12  order       16   its id at the fence
//! 28  sequence     8   at the fence, big-endian
//! 36  stored       8   microseconds by the server's clock, big-endian    ┐
//! 44  epoch       16                                                     │ written by the server
//! 60  key         16                                                     │
//! 76  versions    16 × tags                                              ┘
//!     ttl          8   milliseconds
//!     names            of the tags: length (4), then the bytes
//!     payload
//! ```

use std::time::Duration;

use easy_cache_core::Tag;
use easy_cache_core::store::{Unreadable, Version, VersionedTag};

const MAGIC: [u8; 4] = *b"eCr\x01";
const NO_TTL: u64 = u64::MAX;
/// Where the order begins that was the fence's: compared by the script that fills.
pub(crate) const ORDER_AT: usize = 12;
/// Where the server writes.
pub(crate) const TABLE_AT: usize = 36;
const VERSIONS_AT: usize = 76;
const VERSION: usize = Version::LEN;

/// The order record as a lookup read it: which one it is, and how far it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: [u8; 16],
    pub(crate) sequence: u64,
}

impl Order {
    /// `None` if there is none, or bytes that are none: no fence.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (id, digits) = bytes.split_first_chunk()?;
        let sequence = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(Self { id: *id, sequence })
    }
}

/// What the client writes of an entry.
#[derive(Debug)]
pub(crate) struct Sealed<'a> {
    pub(crate) order: Order,
    pub(crate) ttl: Option<Duration>,
    pub(crate) tags: &'a [Tag],
    pub(crate) payload: &'a [u8],
}

impl Sealed<'_> {
    /// The bytes to send; the table is empty.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let table = VERSIONS_AT + VERSION * self.tags.len();
        let names: usize = self.tags.iter().map(|tag| 4 + tag.encoded().len()).sum();
        let mut bytes = Vec::with_capacity(table + 8 + names + self.payload.len());
        bytes.extend(MAGIC);
        bytes.extend((self.tags.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.order.id);
        bytes.extend(self.order.sequence.to_be_bytes());
        bytes.resize(table, 0);
        bytes.extend(self.ttl.map_or(NO_TTL, milliseconds).to_le_bytes());
        for tag in self.tags {
            bytes.extend((tag.encoded().len() as u32).to_le_bytes());
            bytes.extend(tag.encoded());
        }
        bytes.extend(self.payload);
        let checksum = checksum(&bytes[4..8], &bytes[table..]);
        bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }
}

/// Milliseconds; never as many as stand for "no end".
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NO_TTL).min(NO_TTL - 1)
}

fn checksum(count: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(count);
    hasher.update(rest);
    hasher.finalize()
}

/// What decides about an entry: read before anything of it is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Microseconds by the server's clock.
    pub(crate) stored: u64,
    pub(crate) epoch: Version,
    pub(crate) key: Version,
}

/// An entry as it was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) header: Header,
    pub(crate) ttl: Option<Duration>,
    pub(crate) tags: Vec<VersionedTag>,
    bytes: Vec<u8>,
    payload_at: usize,
}

impl Entry {
    /// Reads what was stored. Memory is bounded by the number of the bytes, whatever they say.
    pub(crate) fn decode(bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let mut rest = Rest(&bytes);
        if rest.take()? != MAGIC {
            return Err(Unreadable::new("it does not begin like an entry of this layout"));
        }
        let (count, checked) = (rest.take()?, u32::from_le_bytes(rest.take()?));
        let _order_and_sequence: [u8; TABLE_AT - ORDER_AT] = rest.take()?;
        let stored = u64::from_be_bytes(rest.take()?);
        let header = Header { stored, epoch: rest.version()?, key: rest.version()? };
        let count_of_tags = u32::from_le_bytes(count) as usize;
        let mut versions = Rest(rest.slice(count_of_tags.checked_mul(VERSION).ok_or(Unreadable::SHORT)?)?);
        if checksum(&count, rest.0) != checked {
            return Err(Unreadable::new("its checksum is not that of its content"));
        }
        let ttl = u64::from_le_bytes(rest.take()?);
        let ttl = (ttl != NO_TTL).then(|| Duration::from_millis(ttl));
        let tags = (0..count_of_tags).map(|_| rest.tag(&mut versions)).collect::<Result<_, _>>()?;
        let payload_at = bytes.len() - rest.0.len();
        Ok(Self { header, ttl, tags, bytes, payload_at })
    }

    /// The value, in the memory in which it arrived.
    pub(crate) fn into_payload(mut self) -> (Vec<u8>, Vec<VersionedTag>) {
        self.bytes.drain(..self.payload_at);
        (self.bytes, self.tags)
    }
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

    fn tag(&mut self, versions: &mut Rest<'_>) -> Result<VersionedTag, Unreadable> {
        let len = u32::from_le_bytes(self.take()?);
        let tag = Tag::decode(self.slice(len as usize)?).ok_or(Unreadable::new("a name in it is not a tag"))?;
        Ok(VersionedTag { tag, version: versions.version()? })
    }
}
