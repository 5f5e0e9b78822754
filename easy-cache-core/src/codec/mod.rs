//! Values as bytes, for stores outside the process: which codec wrote them, and of which type they are, stands before them.
//!
//! What cannot be read back is refused with a reason, never with a panic, and without more memory than its size allows. The
//! versions of tags and the checksum around it are the envelope's.

mod body;
mod guard;
#[cfg(feature = "lz4")]
mod squeeze;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest value that is read or written.
pub(crate) const LIMIT: usize = 64 << 20;
/// Codec and fingerprint.
const HEADER: usize = 1 + 8;
/// Beside the codec's number: what follows is compressed.
const SQUEEZED: u8 = 0x80;

/// How values are written for stores outside the process.
///
/// Each value says which codec wrote it, and is read by that one: caches with different codecs may share a store, and a codec can be
/// changed without losing what is stored, as long as the feature of the old one is on. Otherwise it is a miss, which an event tells.
///
/// | codec | feature | choose it for |
/// |---|---|---|
/// | `Bincode` | | small and fast values |
/// | `Postcard` | `postcard` | the smallest ones; its format is specified |
/// | `MessagePack` | `messagepack` | types that only a format with names can read: `#[serde(flatten)]`, `untagged`, `skip_serializing_if`, `serde_json::Value` |
/// | `Json` | `json` | the same, and values that people read in the store. Maps need keys that are texts or numbers; infinities and "not a number" do not come back |
///
/// Whichever it is, a changed type needs a new [`values_version`](crate::CacheBuilder::values_version). A value whose lists, maps, options
/// and enums are nested more than 128 deep is written, but not read back.
///
/// # Example: a codec for a cache over any store
/// ```
/// use easy_cache_core::{Cache, Codec};
///
/// let builder = Cache::builder().codec(Codec::Bincode).values_version(3);
/// # let _ = builder.build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Codec {
    /// `bincode` 2 with its standard configuration.
    #[default]
    Bincode,
    /// `postcard` 1.
    #[cfg(feature = "postcard")]
    Postcard,
    /// MessagePack, structs as maps with the names of their fields.
    #[cfg(feature = "messagepack")]
    MessagePack,
    /// JSON, without white space.
    #[cfg(feature = "json")]
    Json,
}

impl Codec {
    const fn id(self) -> u8 {
        match self {
            Self::Bincode => 1,
            #[cfg(feature = "postcard")]
            Self::Postcard => 2,
            #[cfg(feature = "messagepack")]
            Self::MessagePack => 3,
            #[cfg(feature = "json")]
            Self::Json => 4,
        }
    }

    /// The codec of a number, or why there is none.
    const fn of(id: u8) -> Result<Self, &'static str> {
        match id {
            1 => Ok(Self::Bincode),
            #[cfg(feature = "postcard")]
            2 => Ok(Self::Postcard),
            #[cfg(not(feature = "postcard"))]
            2 => Err("it was written by the codec of the feature `postcard`, which is not on here"),
            #[cfg(feature = "messagepack")]
            3 => Ok(Self::MessagePack),
            #[cfg(not(feature = "messagepack"))]
            3 => Err("it was written by the codec of the feature `messagepack`, which is not on here"),
            #[cfg(feature = "json")]
            4 => Ok(Self::Json),
            #[cfg(not(feature = "json"))]
            4 => Err("it was written by the codec of the feature `json`, which is not on here"),
            _ => Err("it was written by an unknown codec"),
        }
    }
}

/// How values of one cache are written: by which codec, and in which version of the application's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    pub(crate) codec: Codec,
    pub(crate) version: u32,
    /// Longer values are compressed.
    #[cfg(feature = "lz4")]
    pub(crate) compress_above: Option<usize>,
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
    let payload = body::append(value, format.codec, payload).map_err(|cause| CodecError::new::<T>("write", cause))?;
    if payload.len() > LIMIT {
        return Err(CodecError::new::<T>("write", "it is too large"));
    }
    #[cfg(feature = "lz4")]
    let payload = squeezed(payload, format);
    Ok(payload)
}

/// The same in fewer bytes, if it is asked for and comes to fewer.
#[cfg(feature = "lz4")]
fn squeezed(mut payload: Vec<u8>, format: Format) -> Vec<u8> {
    let body = &payload[HEADER..];
    if format.compress_above.is_some_and(|above| body.len() > above)
        && let Some(squeezed) = squeeze::shorter(body)
    {
        payload.truncate(HEADER);
        payload.extend(squeezed);
        payload[0] |= SQUEEZED;
    }
    payload
}

pub(crate) fn read<T: DeserializeOwned>(payload: &[u8], format: Format) -> Result<T, CodecError> {
    let refused = |reason: &'static str| CodecError::new::<T>("read", reason);
    let (&id, rest) = payload.split_first().ok_or_else(|| refused("there are no bytes"))?;
    let codec = Codec::of(id & !SQUEEZED).map_err(refused)?;
    let (written, bytes) = rest.split_first_chunk().ok_or_else(|| refused("it ends too early"))?;
    if u64::from_le_bytes(*written) != fingerprint::<T>(format.version) {
        return Err(refused("what is stored is a value of another type, or of another version"));
    }
    let value = if id & SQUEEZED == 0 { body::read(bytes, codec) } else { read_squeezed(bytes, codec) };
    value.map_err(|cause| CodecError::new::<T>("read", cause))
}

#[cfg(feature = "lz4")]
fn read_squeezed<T: DeserializeOwned>(bytes: &[u8], codec: Codec) -> Result<T, body::Cause> {
    body::read(&squeeze::whole(bytes)?, codec)
}

#[cfg(not(feature = "lz4"))]
fn read_squeezed<T>(_: &[u8], _: Codec) -> Result<T, body::Cause> {
    Err("it is compressed, and the feature `lz4` is not on here".into())
}

/// Tells types and versions of them apart (FNV-1a). A collision is caught by the codec, if by anybody.
pub(crate) fn fingerprint<T>(version: u32) -> u64 {
    let name = std::any::type_name::<T>().bytes();
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.chain(version.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, step)
}
