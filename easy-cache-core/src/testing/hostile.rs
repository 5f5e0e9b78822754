//! Doors to what reads bytes that a store returns, for tests with hostile ones: everything is read, and nothing kept.

use serde::de::DeserializeOwned;

use crate::codec::{self, Format};
use crate::engine::outside::label::Label;
use crate::store::Envelope;

/// A value, as each codec would have written it, and as one of several types.
pub fn value(body: &[u8]) {
    for codec in (1..=4).chain(0x81..=0x84) {
        value_as::<u64>(codec, body);
        value_as::<Vec<()>>(codec, body);
        value_as::<Vec<[u64; 4]>>(codec, body);
        value_as::<Option<Vec<Option<(u64, String)>>>>(codec, body);
        value_as::<std::collections::HashMap<String, Vec<u8>>>(codec, body);
    }
}

fn value_as<T: DeserializeOwned>(codec: u8, body: &[u8]) {
    let payload = [&[codec][..], &codec::fingerprint::<T>(0).to_le_bytes(), body].concat();
    drop(codec::read::<T>(&payload, Format::default()));
}

/// What the engine writes behind a value.
pub fn label(payload: &[u8]) {
    drop(Label::split(&mut payload.to_vec()));
}

/// An entry of a store that knows nothing of entries, and with another checksum, since no chance finds the right one.
///
/// # Panics
/// If an entry is not written as it was read.
pub fn envelope(bytes: &[u8]) {
    drop(Envelope::decode(bytes));
    let mut checked = bytes.to_vec();
    if let Some((head, rest)) = checked.split_at_mut_checked(8) {
        head[4..].copy_from_slice(&crc32fast::hash(rest).to_le_bytes());
    }
    if let Ok(envelope) = Envelope::decode(&checked) {
        assert_eq!(envelope.encode(), checked, "an entry is written as it was read");
    }
}

/// Bytes by name, out of a text with a line for each: the name, then parts in hexadecimal, each of which may be repeated: `00*4096`.
///
/// # Panics
/// If a line is anything else.
pub fn corpus(text: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (name, parts) = line.split_once(' ').unwrap_or((line, ""));
        let parts = parts.split(' ').map(|part| part.split_once('*').unwrap_or((part, "1")));
        (
            name,
            parts
                .flat_map(|(bytes, times)| repeated(bytes, times).unwrap_or_else(|| panic!("no bytes: {line}")))
                .collect(),
        )
    })
}

fn repeated(bytes: &str, times: &str) -> Option<Vec<u8>> {
    let digits = bytes.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
    Some(digits.collect::<Option<Vec<u8>>>()?.repeat(times.parse().ok()?))
}
