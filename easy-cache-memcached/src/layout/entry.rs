//! The bytes of an entry: its whole key and kind, since a digest may stand for them in its name, and the envelope of the core.

use easy_cache_core::store::Envelope;

/// The first bytes of every entry. The last one is the version of the layout.
const MAGIC: [u8; 4] = *b"eCm\x01";

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry;

impl Entry {
    pub(crate) fn encode(key: &[u8], kind: u64, envelope: &Envelope) -> Vec<u8> {
        let envelope = envelope.encode();
        let mut bytes = Vec::with_capacity(16 + key.len() + envelope.len());
        bytes.extend(MAGIC);
        bytes.extend(kind.to_le_bytes());
        bytes.extend((key.len() as u32).to_le_bytes());
        bytes.extend(key);
        bytes.extend(envelope);
        bytes
    }

    /// None if these bytes are not an intact entry of this key and kind.
    pub(crate) fn decode(bytes: &[u8], key: &[u8], kind: u64) -> Option<Envelope> {
        let rest = bytes.strip_prefix(&MAGIC)?.strip_prefix(&kind.to_le_bytes())?;
        let rest = rest.strip_prefix(&(key.len() as u32).to_le_bytes())?.strip_prefix(key)?;
        Envelope::decode(rest).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use easy_cache_core::store::Version;

    use super::*;

    fn envelope() -> Envelope {
        let version = Version::from_bytes([7; 16]);
        let ttl = Some(Duration::from_secs(60));
        let payload = b"forty-two".to_vec();
        Envelope { stored: SystemTime::UNIX_EPOCH, ttl, epoch: version, key: version, tags: Vec::new(), payload }
    }

    #[test]
    fn an_entry_is_read_as_what_it_was_written() {
        let bytes = Entry::encode(b"key", 9, &envelope());
        assert_eq!(&bytes[..19], b"eCm\x01\x09\0\0\0\0\0\0\0\x03\0\0\0key");
        assert_eq!(Entry::decode(&bytes, b"key", 9), Some(envelope()));
    }

    #[test]
    fn an_entry_of_another_key_or_kind_is_none_of_this_one() {
        let bytes = Entry::encode(b"key", 9, &envelope());
        assert_eq!(Entry::decode(&bytes, b"kez", 9), None);
        assert_eq!(Entry::decode(&bytes, b"ke", 9), None);
        assert_eq!(Entry::decode(&bytes, b"key", 8), None);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let bytes = Entry::encode(b"key", 9, &envelope());
        for len in 0..bytes.len() {
            assert_eq!(Entry::decode(&bytes[..len], b"key", 9), None, "cut after {len}");
            let mut changed = bytes.clone();
            changed[len] ^= 0x40;
            assert_eq!(Entry::decode(&changed, b"key", 9), None, "changed at {len}");
        }
    }
}
