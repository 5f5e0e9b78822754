//! Doors to what reads bytes of a server, for tests with hostile ones. Behind the feature `testing`, and no part of what is promised.

use bytes::BytesMut;

use crate::layout::{Entry, Record};
use crate::protocol::Replies;

/// Replies one after the other, up to what is none or has not arrived.
///
/// # Panics
/// If more is read than has arrived.
pub fn replies(bytes: &[u8]) {
    let (mut replies, mut read) = (Replies { bytes: BytesMut::from(bytes) }, 0);
    while let Ok(Some(reply)) = replies.next() {
        read += reply.value.len();
    }
    assert!(read <= bytes.len(), "nothing is in a reply that has not arrived");
}

/// An entry of a key and a kind, and its envelope with the checksum that no chance finds.
///
/// # Panics
/// If an entry is not written as it was read.
pub fn entry(bytes: &[u8]) {
    const KEY: (&[u8], u64) = (b"key", 9);
    drop(Entry::decode(bytes, KEY.0, KEY.1));
    let mut checked = bytes.to_vec();
    // Behind the head and the key: four bytes, the checksum, and what it is of.
    if let Some((head, rest)) = checked.split_at_mut_checked(27) {
        head[23..].copy_from_slice(&crc32fast::hash(rest).to_le_bytes());
    }
    if let Some(envelope) = Entry::decode(&checked, KEY.0, KEY.1) {
        assert_eq!(Entry::encode(KEY.0, KEY.1, &envelope), checked, "an entry is written as it was read");
    }
}

/// The log of a name.
///
/// # Panics
/// If the shortest log that says the same says anything else.
pub fn record(log: &[u8]) {
    let record = Record::read(log);
    assert_eq!(Record::read(&record.bytes()), record);
}
