//! Values as bytes, for stores outside the process: which codec wrote them, and of which type they are, stands before them.
//!
//! What cannot be read back is refused with a reason, never with a panic, and without more memory than its size allows. The
//! versions of tags and the checksum around it are the envelope's.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest value that is read or written.
const LIMIT: usize = 64 << 20;
/// Codec and fingerprint.
const HEADER: usize = 1 + 8;

/// How values are written for stores outside the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Codec {
    /// `bincode` 2 with its standard configuration: small and fast; a changed type needs a new
    /// [`values_version`](crate::CacheBuilder::values_version).
    #[default]
    Bincode,
}

impl Codec {
    const fn id(self) -> u8 {
        match self {
            Self::Bincode => 1,
        }
    }

    const fn of(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Bincode),
            _ => None,
        }
    }
}

/// How values of one cache are written: by which codec, and in which version of the application's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    pub(crate) codec: Codec,
    pub(crate) version: u32,
}

/// Why bytes are not a value of the wanted type, or a value cannot be written.
#[derive(Debug)]
pub struct CodecError {
    attempt: &'static str,
    of: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl CodecError {
    fn new<T>(attempt: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { attempt, of: std::any::type_name::<T>(), source: source.into() }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {} a value of type `{}`", self.attempt, self.of)
    }
}

impl std::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl CodecError {
    /// What an integration's carrier cannot read.
    pub(crate) fn foreign(kind: &str) -> Self {
        Self { attempt: "read", of: "an integration", source: format!("it is not of the kind `{kind}`").into() }
    }
}

pub(crate) fn write<T: Serialize>(value: &T, format: Format) -> Result<Vec<u8>, CodecError> {
    let mut payload = Vec::with_capacity(HEADER + size_of::<T>());
    payload.push(format.codec.id());
    payload.extend(fingerprint::<T>(format.version).to_le_bytes());
    match format.codec {
        Codec::Bincode => bincode::serde::encode_into_std_write(value, &mut payload, bincode::config::standard())
            .map_err(|source| CodecError::new::<T>("write", source))?,
    };
    if payload.len() > LIMIT { Err(CodecError::new::<T>("write", "it is too large")) } else { Ok(payload) }
}

pub(crate) fn read<T: DeserializeOwned>(payload: &[u8], format: Format) -> Result<T, CodecError> {
    let refused = |reason: &'static str| CodecError::new::<T>("read", reason);
    let (&id, rest) = payload.split_first().ok_or_else(|| refused("there are no bytes"))?;
    let codec = Codec::of(id).ok_or_else(|| refused("it was written by an unknown codec"))?;
    let (written, bytes) = rest.split_first_chunk().ok_or_else(|| refused("it ends too early"))?;
    if u64::from_le_bytes(*written) != fingerprint::<T>(format.version) {
        return Err(refused("what is stored is a value of another type, or of another version"));
    }
    match codec {
        Codec::Bincode => {
            let bounded = bincode::config::standard().with_limit::<LIMIT>();
            let (value, read) = bincode::serde::decode_from_slice(bytes, bounded)
                .map_err(|source| CodecError::new::<T>("read", source))?;
            if read == bytes.len() { Ok(value) } else { Err(refused("there is more than one value")) }
        }
    }
}

/// Tells types and versions of them apart (FNV-1a). A collision is caught by the codec, if by anybody.
pub(crate) fn fingerprint<T>(version: u32) -> u64 {
    let name = std::any::type_name::<T>().bytes();
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.chain(version.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const FORMAT: Format = Format { codec: Codec::Bincode, version: 0 };

    /// A change of these bytes is a decision: what other releases have stored would no longer be read.
    #[test]
    fn the_stored_bytes_are_those_that_were_decided() {
        let payload = write(&(300_u32, "größe".to_owned(), vec![1_u8, 2]), FORMAT).unwrap();
        assert_eq!(payload[0], 1);
        assert_eq!(payload[1..9], fingerprint::<(u32, String, Vec<u8>)>(0).to_le_bytes());
        assert_eq!(&payload[9..], b"\xfb\x2c\x01\x07gr\xc3\xb6\xc3\x9fe\x02\x01\x02");
    }

    #[test]
    fn another_type_or_another_version_is_not_read() {
        let payload = write(&7_u64, FORMAT).unwrap();
        assert!(read::<u64>(&payload, FORMAT).is_ok());
        assert!(read::<u32>(&payload, FORMAT).is_err());
        assert!(read::<u64>(&payload, Format { version: 1, ..FORMAT }).is_err());
        let more = [&payload[..], &[0]].concat();
        assert!(read::<u64>(&more, FORMAT).is_err());
    }

    #[test]
    fn a_claim_beyond_all_memory_is_refused() {
        let mut payload = write(&Vec::<u64>::new(), FORMAT).unwrap();
        payload.truncate(HEADER);
        payload.extend([0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        assert!(read::<Vec<u64>>(&payload, FORMAT).is_err());
    }

    proptest! {
        // Each case is a whole document of its own: more of them take long and find no more.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn hostile_bytes_never_panic(mut bytes: Vec<u8>, header: bool) {
            type Value = HashMap<String, Vec<Option<(u64, String)>>>;
            if header {
                let empty = write(&Value::new(), FORMAT).unwrap();
                bytes.splice(..0, empty[..HEADER].iter().copied());
            }
            let _ = read::<Value>(&bytes, FORMAT);
        }

        #[test]
        fn what_was_written_is_read(value: Vec<(String, Option<i64>)>) {
            let payload = write(&value, FORMAT).unwrap();
            prop_assert_eq!(read::<Vec<(String, Option<i64>)>>(&payload, FORMAT).unwrap(), value);
        }
    }
}
