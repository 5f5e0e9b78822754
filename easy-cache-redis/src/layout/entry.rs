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

use bytes::{Buf, Bytes};
use easy_cache_core::Tag;
use easy_cache_core::store::{Unreadable, Version, VersionedTag};

const MAGIC: [u8; 4] = *b"eCr\x01";
const NO_TTL: u64 = u64::MAX;
/// Where the order begins that was the fence's: compared by the script that fills.
pub(crate) const ORDER_AT: usize = 12;
/// Where the server writes.
pub(crate) const TABLE_AT: usize = 36;
/// Where the versions begin of all that an entry depends on: that of the namespace, that of its key, those of its tags.
const EPOCH_AT: usize = 44;
const VERSIONS_AT: usize = 76;
const VERSION: usize = Version::LEN;
const NONE: [u8; VERSION] = [0; VERSION];
/// What may be left over around a value, beside its own size: about as much as its header and its names.
const SPARE: usize = 512;

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
        let add = |sequence: u64, byte: &u8| {
            let digit = byte.wrapping_sub(b'0');
            sequence.checked_mul(10)?.checked_add(u64::from(digit)).filter(|_| digit < 10)
        };
        let sequence = digits.iter().try_fold(0, add).filter(|_| !digits.is_empty())?;
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

/// Fills in the table, where the server does not: on a cluster. When it was stored is known from its ttl there.
#[cfg(feature = "cluster")]
pub(crate) fn fill_in(bytes: &mut [u8], epoch: Version, names: &[Version]) {
    let versions = std::iter::once(&epoch).chain(names).flat_map(|version| version.as_bytes());
    bytes[TABLE_AT + 8..].iter_mut().zip(versions).for_each(|(byte, version)| *byte = *version);
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

/// Whether these are the records that an entry depends on, as far as their versions tell, in its order; there may be more of them. That
/// they are those of its tags, and that it is whole, is not looked at.
pub(crate) fn stands_under<'a>(bytes: &[u8], mut records: impl Iterator<Item = Option<&'a [u8]>>) -> bool {
    let Some((head, count)) = bytes.get(..8).and_then(|head| head.split_last_chunk::<4>()) else { return false };
    let end = VERSIONS_AT + VERSION * u32::from_le_bytes(*count) as usize;
    let Some(versions) = bytes.get(EPOCH_AT..end).filter(|_| head == MAGIC) else { return false };
    versions.chunks_exact(VERSION).all(|version| match records.next() {
        Some(Some(record)) => record == version && *version != NONE,
        _ => false,
    })
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
    bytes: Bytes,
    payload_at: usize,
}

impl Entry {
    /// Reads what was stored. Memory is bounded by the number of the bytes, whatever they say. The tags that are expected cost no
    /// memory of their own.
    pub(crate) fn decode(bytes: impl Into<Bytes>, expected: &[Tag]) -> Result<Self, Unreadable> {
        let bytes = bytes.into();
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
        let tag = |at| rest.tag(expected.get(at), &mut versions);
        let tags = (0..count_of_tags).map(tag).collect::<Result<_, _>>()?;
        let payload_at = bytes.len() - rest.0.len();
        Ok(Self { header, ttl, tags, bytes, payload_at })
    }

    /// The value, and what it carries.
    pub(crate) fn into_payload(mut self) -> (Vec<u8>, Vec<VersionedTag>) {
        self.bytes.advance(self.payload_at);
        // In the memory in which it arrived, if nobody else has that; but not in that of a whole reply with others.
        let mut payload: Vec<u8> = self.bytes.into();
        if payload.capacity() > 2 * payload.len() + SPARE {
            payload.shrink_to_fit();
        }
        (payload, self.tags)
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

    fn tag(&mut self, expected: Option<&Tag>, versions: &mut Rest<'_>) -> Result<VersionedTag, Unreadable> {
        let len = u32::from_le_bytes(self.take()?);
        let name = self.slice(len as usize)?;
        let tag = match expected.filter(|tag| tag.encoded() == name) {
            Some(tag) => tag.clone(),
            None => Tag::decode(name).ok_or(Unreadable::new("a name in it is not a tag"))?,
        };
        Ok(VersionedTag { tag, version: versions.version()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed<'a>(tags: &'a [Tag], payload: &'a [u8]) -> Sealed<'a> {
        let order = Order { id: [1; 16], sequence: 1_700_000_000_123_456 };
        Sealed { order, ttl: Some(Duration::from_secs(60)), tags, payload }
    }

    /// What the server does when it takes a value.
    fn accepted(mut bytes: Vec<u8>, tags: usize) -> Vec<u8> {
        let table = &mut bytes[TABLE_AT..VERSIONS_AT + VERSION * tags];
        table[..8].copy_from_slice(&1_700_000_001_000_000_u64.to_be_bytes());
        table[8..24].fill(2);
        table[24..40].fill(3);
        table[40..].chunks_mut(VERSION).zip(4..).for_each(|(version, byte)| version.fill(byte));
        bytes
    }

    fn tags() -> [Tag; 2] {
        [Tag::new("größe"), Tag::row("books", 42)]
    }

    /// A change of these bytes is a decision: what other releases have stored would no longer be read.
    #[test]
    fn the_stored_bytes_are_those_of_the_golden_file() {
        let golden = include_str!("../../tests/golden/entry.hex");
        let bytes = accepted(sealed(&tags(), &[5, 6, 7]).encode(), 2);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, golden.split_whitespace().collect::<String>());
    }

    #[test]
    fn what_was_written_and_accepted_is_read() {
        let entry = Entry::decode(accepted(sealed(&tags(), &[5, 6, 7]).encode(), 2), &[]).unwrap();
        let [epoch, key, first, second] = [2, 3, 4, 5].map(|byte| Version::from_bytes([byte; 16]));
        assert_eq!(entry.header, Header { stored: 1_700_000_001_000_000, epoch, key });
        assert_eq!(entry.ttl, Some(Duration::from_secs(60)));
        let [one, other] = tags();
        let expected = vec![VersionedTag { tag: one, version: first }, VersionedTag { tag: other, version: second }];
        assert_eq!(entry.into_payload(), (vec![5, 6, 7], expected));
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed_or_is_another_version() {
        let bytes = accepted(sealed(&tags(), &[5, 6, 7]).encode(), 2);
        for len in 0..bytes.len() {
            assert!(Entry::decode(bytes[..len].to_vec(), &tags()).is_err(), "cut after {len}");
            let mut changed = bytes.clone();
            changed[len] ^= 0x40;
            let table = ORDER_AT..VERSIONS_AT + 2 * VERSION;
            assert_eq!(Entry::decode(changed, &tags()).is_ok(), table.contains(&len), "changed at {len}");
        }
    }

    #[test]
    fn a_small_value_does_not_keep_the_memory_of_a_large_reply() {
        let sent = accepted(sealed(&tags(), &[5; 100]).encode(), 2);
        let mut reply = vec![0; 1 << 20];
        reply[..sent.len()].copy_from_slice(&sent);
        let entry = Bytes::from(reply).slice(..sent.len());
        let (payload, _) = Entry::decode(entry, &tags()).unwrap().into_payload();
        assert!(payload == [5; 100] && payload.capacity() <= 2 * payload.len() + SPARE, "{}", payload.capacity());
    }

    #[test]
    fn other_tags_than_were_expected_are_read_as_they_are() {
        let [one, other] = tags();
        let bytes = accepted(sealed(&tags(), &[]).encode(), 2);
        for expected in [vec![], vec![other.clone(), one.clone()], vec![one.clone(), Tag::new("third"), other.clone()]]
        {
            let entry = Entry::decode(bytes.clone(), &expected).unwrap();
            let read: Vec<Tag> = entry.tags.into_iter().map(|tag| tag.tag).collect();
            assert_eq!(read, [one.clone(), other.clone()]);
        }
    }

    #[test]
    fn an_entry_stands_only_under_records_that_are_its_versions_and_nothing_else() {
        let bytes = accepted(sealed(&tags(), &[5]).encode(), 2);
        let records = |changed: &[(usize, Option<Vec<u8>>)]| {
            let mut records: Vec<_> = (2..=6).map(|byte| Some(vec![byte; 16])).collect();
            changed.iter().for_each(|(at, value)| records[*at] = value.clone());
            records
        };
        let stands =
            |bytes: &[u8], records: &[Option<Vec<u8>>]| stands_under(bytes, records.iter().map(Option::as_deref));
        assert!(stands(&bytes, &records(&[])) && stands(&bytes, &records(&[])[..4]), "the last is of no tag of it");
        assert!(!stands(&bytes, &records(&[])[..3]), "one was not asked for");
        for at in 0..4 {
            let mut marked = vec![at as u8 + 2; 16];
            marked.extend([1; 24]);
            for other in [None, Some(vec![9; 16]), Some(marked)] {
                assert!(!stands(&bytes, &records(&[(at, other)])), "record {at}");
            }
            let mut unversioned = bytes.clone();
            unversioned[EPOCH_AT + at * VERSION..][..VERSION].fill(0);
            let none = Some(vec![0; 16]);
            assert!(!stands(&unversioned, &records(&[(at, none)])), "no version is none");
        }
        for len in 0..VERSIONS_AT + 2 * VERSION {
            assert!(!stands(&bytes[..len], &records(&[])), "cut after {len}");
        }
        assert!(!stands(&[&b"else"[..], &bytes[4..]].concat(), &records(&[])));
    }

    #[test]
    fn an_order_is_an_id_and_digits() {
        let order = |text: &str| Order::read(text.as_bytes());
        assert_eq!(order("0123456789abcdef42"), Some(Order { id: *b"0123456789abcdef", sequence: 42 }));
        for none in
            ["", "0123456789abcdef", "0123456789abcdefx", "0123456789abcdef-1", "0123456789abcdef99999999999999999999"]
        {
            assert_eq!(order(none), None, "{none}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn hostile_bytes_are_refused_without_a_panic(mut bytes: Vec<u8>, tags: u32, intact: bool) {
            if intact && bytes.len() > VERSIONS_AT {
                bytes[..4].copy_from_slice(&MAGIC);
                bytes[4..8].copy_from_slice(&(tags % 4).to_le_bytes());
                let table = (VERSIONS_AT + VERSION * (tags as usize % 4)).min(bytes.len());
                let checksum = checksum(&bytes[4..8], &bytes[table..]).to_le_bytes();
                bytes[8..12].copy_from_slice(&checksum);
            }
            if let Ok(entry) = Entry::decode(bytes.clone(), &[]) {
                prop_assert!(bytes.ends_with(&entry.into_payload().0));
            }
        }

        #[test]
        fn any_names_and_any_payload_come_back(names: Vec<String>, expected: usize, payload: Vec<u8>) {
            let tags: Vec<Tag> = names.iter().map(Tag::new).collect();
            let expected = &tags[..expected % (tags.len() + 1)];
            let entry = Entry::decode(sealed(&tags, &payload).encode(), expected).unwrap();
            let (read, versioned) = entry.into_payload();
            prop_assert_eq!(read, payload);
            prop_assert_eq!(versioned.into_iter().map(|tag| tag.tag).collect::<Vec<_>>(), tags);
        }
    }
}
