//! Doors to what reads bytes of a server, for tests with hostile ones. Behind the feature `testing`, and no part of what is promised.

use crate::layout::Entry;

/// Replies, as they arrive where lookups travel past the client library.
///
/// # Panics
/// If anything depends on the pieces in which they arrive.
pub fn replies(bytes: &[u8]) {
    crate::wire::hostile::replies(bytes);
}

/// An entry, and the same with the checksum that no chance finds.
///
/// # Panics
/// If a payload is read that is not among the bytes.
pub fn entry(bytes: &[u8]) {
    drop(Entry::decode(bytes.to_vec(), &[]));
    let mut checked = bytes.to_vec();
    check(&mut checked);
    if let Ok(entry) = Entry::decode(checked.clone(), &[]) {
        let (payload, _) = entry.into_payload();
        assert!(checked.ends_with(&payload), "a payload is the end of its entry");
    }
}

/// Makes the checksum that of the number of tags, and of everything behind the table: see the picture in `layout/entry.rs`.
fn check(bytes: &mut [u8]) {
    let Some(count) = bytes.get(4..8).and_then(|count| count.first_chunk()).copied() else { return };
    let table = (u32::from_le_bytes(count) as usize).saturating_mul(16).saturating_add(76);
    let Some(rest) = bytes.get(table..) else { return };
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&count);
    hasher.update(rest);
    let checksum = hasher.finalize().to_le_bytes();
    bytes[8..12].copy_from_slice(&checksum);
}
